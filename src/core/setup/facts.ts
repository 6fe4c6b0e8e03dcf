import type { SandboxLevel } from '../types.ts';

/** What `doctor` looks at, gathered by others. */

export interface Machine {
  node: string;
  /** `undefined` where git does not run. */
  git: string | undefined;
  sandbox: { level: SandboxLevel; why: string };
  modelKey: boolean;
  inActions: boolean;
}

export interface TestFacts {
  /** Absent where none is configured or detected. */
  command?: string;
  /** One run of the whole suite on the base commit; absent where none was asked for. */
  run?: {
    seconds: number;
    /** False where results of single tests cannot be read. */
    perTest: boolean;
    counts: { passed: number; failed: number; skipped: number };
    /** Why nothing could be measured, e.g. that the setup failed. */
    broken?: string;
  };
}

/** Something that could not be seen, with the reason: never taken for a no. */
export type Seen<T> = { known: true; value: T } | { known: false; why: string };

export interface ForgeFacts {
  slug: string;
  token: {
    kind: TokenKind;
    login: Seen<string>;
    /** GitHub tells them of classic tokens alone. */
    scopes: Seen<readonly string[]>;
    /** When it ends, where GitHub says it; milliseconds since the epoch. */
    expiresAt?: number;
  };
  /** `admin`, `maintain`, `write`, `triage`, `read`, or none of what is asked for. */
  permissions: Seen<{ push: boolean; admin: boolean }>;
  defaultBranch: Seen<string>;
  /** Whether Actions may open pull requests. */
  actionsMayOpenChanges: Seen<boolean>;
  labels: Seen<readonly string[]>;
  /** Names of checks that the default branch asks for. */
  requiredChecks: Seen<readonly string[]>;
  /** Paths of active workflows. */
  workflows: Seen<readonly { name: string; path: string }[]>;
}

/** Told by the prefix that GitHub gives every token; an unknown one is `unknown`. */
export type TokenKind = 'actions' | 'app' | 'classic' | 'fine-grained' | 'oauth' | 'unknown';

/** GitHub's own prefixes: https://docs.github.com/authentication/keeping-your-account-and-data-secure/about-authentication-to-github */
export function tokenKind(token: string, inActions: boolean): TokenKind {
  if (token.startsWith('github_pat_')) return 'fine-grained';
  if (token.startsWith('ghp_')) return 'classic';
  if (token.startsWith('gho_')) return 'oauth';
  if (token.startsWith('ghu_')) return 'app';
  // The token of a workflow is one of an app as well, the one that Actions itself is.
  if (token.startsWith('ghs_')) return inActions ? 'actions' : 'app';
  return 'unknown';
}
