import type { ToolAnswer, ToolCall } from '../tools.ts';

/** The same call may be made this often while nothing changes; a flaky check deserves a second look. */
const allowed = 3;
/** So many refused repetitions, or replies in which nothing worked, and the model is going round in circles. */
const patience = { repetitions: 5, fruitless: 8 };

/** Notices a model that goes round in circles. */
export function watchRepeats() {
  const counts = new Map<string, number>();
  let repetitions = 0;
  let fruitless = 0;
  return {
    /** Whether the call was made too often since something changed. */
    isRepetition(call: ToolCall): boolean {
      const key = keyOf(call);
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      if (count <= allowed) return false;
      repetitions += 1;
      return true;
    },
    /** After a change everything may be asked again, but not the change itself over and over. */
    note(call: ToolCall, answer: ToolAnswer): void {
      if (!answer.changed) return;
      const key = keyOf(call);
      const count = counts.get(key) ?? 0;
      counts.clear();
      counts.set(key, count);
    },
    /** Once for each reply: whether any call of it worked. */
    replied(worked: boolean): void {
      fruitless = worked ? 0 : fruitless + 1;
    },
    verdict(): string | undefined {
      if (repetitions >= patience.repetitions) return 'it repeated the same call over and over';
      if (fruitless >= patience.fruitless) return `${fruitless} replies in a row did nothing that works`;
      return undefined;
    },
  };
}

const keyOf = ({ name, input }: ToolCall): string => `${name} ${JSON.stringify(input)}`;
