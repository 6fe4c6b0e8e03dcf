/**
 * One error class and one catalogue. A code is stable, knows its exit code and how to mend it; whoever throws
 * gives the facts. Being stuck, closed or refused is a report, not an error.
 */

export const exits = {
  done: 0,
  internal: 1,
  usage: 2,
  escalated: 3,
  refused: 4,
  transient: 5,
  gateNotSatisfied: 6,
  sigint: 130,
  sigterm: 143,
} as const;
export type Exit = (typeof exits)[keyof typeof exits];

/** How a process ends that a signal interrupted. */
export function interruptedExit({ reason }: AbortSignal): Exit {
  return reason === 'SIGTERM' ? exits.sigterm : exits.sigint;
}

/** Code → exit code and a default hint (one way to mend it). */
const catalogue = {
  usage: { exit: 2, hint: 'run bugloop --help' },
  'usage.unknown_command': { exit: 2, hint: 'run bugloop --help for the list of commands' },
  'usage.missing_argument': { exit: 2, hint: 'run bugloop <command> --help' },
  'usage.issue_ref': { exit: 2, hint: 'give an issue number (12 or #12), its URL in this repository, or a Markdown file' },
  'usage.unknown_option': { exit: 2, hint: 'run bugloop <command> --help for its options' },
  'usage.option_value': { exit: 2, hint: 'give the option a value' },
  'usage.range': { exit: 2, hint: 'give a value inside the allowed range' },
  'usage.repo': { exit: 2, hint: 'write it as --repo owner/name' },
  'usage.ref': { exit: 2, hint: 'give the name of a branch, e.g. --base main' },
  'usage.run_dir': { exit: 2, hint: 'give a directory under .bugloop/runs' },
  'config.parse': { exit: 2, hint: 'mend the YAML' },
  'config.type': { exit: 2, hint: 'give a value of the expected type' },
  'config.range': { exit: 2, hint: 'give a value inside the allowed range' },
  'config.unknown_key': { exit: 2, hint: 'remove the key or correct its name' },
  'config.conflict': { exit: 2, hint: 'give each its own value' },
  'config.ref': { exit: 2, hint: 'use a prefix such as bugloop/' },
  'config.path': { exit: 2, hint: 'write paths relative to the repository root' },
  'config.unsafe': { exit: 2, hint: 'remove the key' },
  'config.command': { exit: 2, hint: 'write the command as an array, or move the shell line into a script' },
  'config.forbidden_key': { exit: 2, hint: 'set it in the environment of the operator' },
  'config.secret_in_file': { exit: 2, hint: 'remove it from the file, revoke it, and set it in the environment' },
  'config.version': { exit: 2, hint: 'upgrade bugloop, or write version: 1' },
  'config.too_complex': { exit: 2, hint: 'write the values out without aliases' },
  'config.tag': { exit: 2, hint: 'remove the tag' },
  'config.encoding': { exit: 2, hint: 'save the file as UTF-8' },
  'config.unreadable': { exit: 2, hint: 'make it a readable file' },
  'config.not_found': { exit: 2, hint: 'give the path of an existing file' },
  'env.not_a_repo': { exit: 2, hint: 'run bugloop inside a git repository with at least one commit' },
  'env.dirty_tree': { exit: 2, hint: 'commit the changes, or put them aside with git stash -- <paths>' },
  'env.missing_token': { exit: 2, hint: 'export GITHUB_TOKEN' },
  'env.missing_key': { exit: 2, hint: 'export ANTHROPIC_API_KEY, or use --agent search' },
  'env.bad_token': { exit: 2, hint: 'set the variable again, without quotes or whitespace' },
  'env.missing_tool': { exit: 2, hint: 'install it and put it on PATH' },
  'env.node_version': { exit: 2, hint: 'install Node 22.18 or newer' },
  'env.endpoint': { exit: 2, hint: 'set it to an http or https address, or unset it' },
  'env.repository': { exit: 2, hint: 'set it to owner/name' },
  'env.sandbox_unavailable': { exit: 2, hint: 'install bubblewrap and allow user namespaces, or choose --sandbox basic' },
  'auth.forbidden': { exit: 4, hint: 'give the token the missing permission' },
  'auth.invalid': { exit: 4, hint: 'create a new token' },
  'auth.not_permitted': { exit: 4, hint: 'let somebody with write permission set the label' },
  'event.unreadable': { exit: 2, hint: 'point GITHUB_EVENT_PATH at the JSON file of the event' },
  'event.schema': { exit: 2, hint: 'run dispatch with the event file that GitHub Actions wrote' },
  'event.branch_gone': { exit: 3, hint: 'restore the branch, or let bugloop solve the issue again' },
  'event.provider_mismatch': { exit: 2, hint: 'run dispatch in GitHub Actions' },
  'api.unavailable': { exit: 5, hint: 'run the command again later' },
  'api.refused': { exit: 4, hint: 'see what GitHub says, and doctor for the settings of the repository' },
  'api.rate_limited': { exit: 5, hint: 'run the command again later' },
  'change.not_found': { exit: 2, hint: 'check the number, the repository, and that the token may read it' },
  'issue.not_found': { exit: 2, hint: 'check the number, the repository, and that the token may read it' },
  'template.not_found': { exit: 2, hint: 'restore the file, or remove the override' },
  'template.unknown_placeholder': { exit: 2, hint: 'correct the name of the placeholder' },
  'template.missing_placeholder': { exit: 2, hint: 'add the placeholder' },
  'template.empty': { exit: 2, hint: 'write the template, or remove the file to use the built-in one' },
  'state.corrupt': { exit: 2, hint: 'start the run again' },
  'state.version': { exit: 2, hint: 'upgrade bugloop' },
  'state.text_changed': { exit: 4, hint: 'run bugloop solve, which reads the issue anew' },
  'state.base': { exit: 4, hint: 'run bugloop in a clone that has the branch the run started from' },
  'state.locked': { exit: 5, hint: 'wait for the other run to end' },
  'state.unwritable': { exit: 1, hint: 'make the directory writable, or choose another with --out' },
  'git.locked': { exit: 5, hint: 'remove the stale index.lock if no git command is running' },
  'git.branch_taken': { exit: 4, hint: 'rename or delete the branch, then run bugloop again' },
  'git.stale_base': { exit: 5, hint: 'run git fetch, then bugloop again' },
  'git.failed': { exit: 1, hint: 'run again with --debug' },
  'issue.unreadable': { exit: 2, hint: 'give the path of a readable Markdown file' },
  internal: { exit: 1, hint: 'this is a bug of bugloop; run again with --debug and report it' },
} as const satisfies Record<string, { exit: Exit; hint: string }>;
export type ErrorCode = keyof typeof catalogue;

/** An environment, usage or configuration problem, ready to be shown: one line, what is allowed, how to mend it. */
export class BugloopError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly exit: Exit;
  /** Further problems of the same kind, so that all are told at once. */
  readonly others: readonly BugloopError[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; cause?: unknown; others?: readonly BugloopError[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BugloopError';
    this.code = code;
    this.hint = options.hint ?? catalogue[code].hint;
    this.exit = catalogue[code].exit;
    this.others = options.others ?? [];
  }
}
