import { openActions } from './actions.ts';
import type { OpenScreen, Screen, ScreenName, UiOptions } from './types.ts';

/** What decides how progress is shown. */
export interface ScreenFacts {
  quiet: boolean;
  inActions: boolean;
  /** Standard error is a terminal. */
  tty: boolean;
  noColor: boolean;
  dumb: boolean;
}

export function chooseScreen(facts: ScreenFacts): ScreenName {
  if (facts.quiet) return 'quiet';
  if (facts.inActions) return 'actions';
  return facts.tty && !facts.noColor && !facts.dumb ? 'terminal' : 'plain';
}

/** Only the terminal needs a spinner, and its package takes longer to load than everything else here. The command line has actions loaded. */
const screens = {
  terminal: async () => (await import('./terminal.ts')).openTerminal,
  plain: async () => (await import('./plain.ts')).openPlain,
  actions: () => Promise.resolve(openActions),
  quiet: async () => (await import('./quiet.ts')).openQuiet,
} satisfies Record<ScreenName, () => Promise<OpenScreen>>;

export async function openScreen(name: ScreenName, options: UiOptions): Promise<Screen> {
  const open = await screens[name]();
  return open(options);
}
