import type { Config } from '../config.ts';
import type { Slash } from '../slash.ts';

/** What decides whether an event is for us. */
export interface Listener {
  config: Pick<Config, 'labels' | 'agents' | 'gate' | 'branchPrefix' | 'triggers'>;
  /** Numbers of the accounts that bugloop itself acts as: what they do starts nothing. */
  self: readonly number[];
}

/** Who did what started the event. */
export interface Actor {
  login: string;
  /** Of the account; unlike the login it never passes to somebody else. */
  id: number;
  type: string;
}

/** Codes of events that lead to nothing; each is told with the reason. */
export type IgnoreCode =
  | 'event.unsupported'
  | 'event.is_pull_request'
  | 'event.not_trigger'
  | 'event.closed'
  | 'event.not_mine'
  | 'event.own';

/** Codes of events that nothing sensible can be made of; each has its line in the catalogue of `errors.ts`. */
type RefuseCode = 'event.schema' | 'event.provider_mismatch' | 'event.branch_gone';

/** Nothing to do, and why. */
export interface Ignored {
  kind: 'ignore';
  code: IgnoreCode;
  why: string;
}
export interface Refused {
  kind: 'invalid';
  code: RefuseCode;
  why: string;
}

/**
 * What an event of the forge asks for, by its own account. Whether `actor` may ask is for the forge to say, before
 * anything is done; a wish without one comes from the forge's own clock or checks.
 */
export type Wish =
  | {
      kind: 'solve';
      issue: number;
      actor: Actor;
      cause: Cause;
      /** The configuration lets this bot. */ vouched: boolean;
      text?: TriggerText;
    }
  | { kind: 'resume'; issue: number; actor: Actor }
  /** A comment whose first word at the start of a line is our name. */
  | { kind: 'slash'; slash: Slash; place: Place; comment: number; actor: Actor; cause: Cause; text?: TriggerText }
  /** A review that asks for something, once for the whole review. `automatic`: by a reviewer that the configuration names. */
  | { kind: 'review'; change: number; branch: string; actor: Actor; automatic: boolean }
  /** Something that the gate looks at has changed. `failed`: a check said no, which may be work for a round. */
  | { kind: 'gate'; branch: string; change?: number; failed: boolean }
  /** Time passed: look for runs that stopped, and for changes that wait. */
  | { kind: 'watch' }
  | Ignored
  | Refused;

/** When somebody asked, by the forge's own clock where the event tells, and whether with a command of their own. */
export interface Cause {
  /** ISO 8601. */
  at?: string;
  /** A label or an assignment may be a routine; a command or a pressed button is a decision about this issue. */
  byHand: boolean;
}

/** What the issue said when the event happened: what somebody writes into it later is not what was agreed to. */
export interface TriggerText {
  title: string;
  body: string;
}

/** Where a comment was written. */
interface Place {
  kind: 'issue' | 'change';
  number: number;
}

export function ignore(code: IgnoreCode, why: string): Ignored {
  return { kind: 'ignore', code, why };
}
