import type { Progress } from '../ports.ts';

/** Where progress is shown. */
export interface Screen {
  progress: Progress;
  /** Leaves the terminal as it was found. */
  close(): void;
}

export interface UiOptions {
  /** Writes to standard error; standard output carries only the result. */
  readonly write: (text: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export type ScreenName = 'terminal' | 'plain' | 'actions' | 'quiet';
export type OpenScreen = (options: UiOptions) => Screen;
