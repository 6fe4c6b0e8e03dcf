import type { CommitId, RepoPath } from '../types.ts';

/** What a forge tells about a review thread: facts only, nothing decided yet. Every text in it was written by strangers. */
export interface Thread {
  /** Opaque; what replies and resolving name. */
  id: string;
  url: string;
  path: RepoPath;
  /** `LEFT`: on the old text, so on lines that the change removed. */
  side: 'LEFT' | 'RIGHT';
  /** 1-based last line in today's head; absent where it is gone, or the thread is about the whole file. */
  line?: number;
  /** 1-based first line in today's head, where the thread is about several. */
  startLine?: number;
  /** The same in the commit that the thread was started on. */
  originalLine?: number;
  originalStartLine?: number;
  /** Unified diff up to the last line of the thread, as it was when the thread was started. */
  diffHunk: string;
  isResolved: boolean;
  /** The lines changed since; that says nothing about whether the finding still holds. */
  isOutdated: boolean;
  resolvedBy?: string;
  viewerCanResolve: boolean;
  /** Oldest first. */
  comments: readonly ThreadComment[];
}

export interface ThreadComment {
  id: string;
  url: string;
  author: ThreadAuthor;
  /** Raw Markdown. */
  body: string;
  /** ISO 8601. */
  createdAt: string;
  /** The commit it was made on, where the forge still knows. */
  commit?: CommitId;
}

export interface ThreadAuthor {
  /** Numeric id of the account: a login may pass to somebody else. Absent where the account is gone. */
  id?: number;
  login: string;
  type: 'User' | 'Bot' | 'Organization' | 'Mannequin' | 'unknown';
  /** What the forge's permission interface says about this very id; absent where nobody asked or nobody knows. */
  permission?: Permission;
}
export type Permission = 'admin' | 'maintain' | 'write' | 'triage' | 'read' | 'none';

/** First and last line in today's head, both counted from 1. */
export interface LineRange {
  start: number;
  end: number;
}

/** Where the thread is in today's head; absent where that place is gone or was never a line. */
export function rangeOf({ line, startLine, side }: Thread): LineRange | undefined {
  if (line === undefined || side === 'LEFT') return undefined;
  return { start: Math.min(startLine ?? line, line), end: line };
}

/** `src/cart.js:12`, or the path alone. */
export function placeOf(thread: Thread): string {
  const line = thread.line ?? thread.originalLine;
  return line === undefined ? thread.path : `${thread.path}:${line}`;
}
