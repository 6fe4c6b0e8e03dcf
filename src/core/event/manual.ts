import type { ManualPayload } from './payloads.ts';
import { ignore, type Wish } from './wish.ts';

/** Somebody pressed the button of the workflow, with a command and the number of an issue or a change. */
export function readManual({ inputs, sender }: ManualPayload): Wish {
  const command = inputs?.command?.trim() || 'solve';
  const written = inputs?.number?.trim().replace(/^#/, '') ?? '';
  if (command === 'watch') return { kind: 'watch' };
  if (!/^[1-9]\d{0,9}$/.test(written)) {
    return {
      kind: 'invalid',
      code: 'event.schema',
      why: `the input number is '${written.slice(0, 40)}', expected the number of an issue`,
    };
  }
  const number = Number(written);
  switch (command) {
    case 'solve':
      return { kind: 'solve', issue: number, actor: sender, cause: { byHand: true }, vouched: false };
    case 'resume':
      return { kind: 'resume', issue: number, actor: sender };
    default:
      return ignore('event.unsupported', `the command '${command.slice(0, 40)}' is none of solve, resume, watch`);
  }
}
