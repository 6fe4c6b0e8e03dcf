/** What a command may see of the operator's environment: only what is named here. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** Locale and time zone: passed on as they are. */
const passed = /^(?:LANG|LANGUAGE|LC_[A-Z]+|TZ)$/;
/** Where certificates lie, never what they unlock: passed on only with network. */
const certificates = [
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
];
/** Cannot be asked for by name either: write credentials, what loads code into a process, and our own. */
const neverPassed =
  /^(?:GITHUB_|GH_|GITLAB_|CI_|ACTIONS_|RUNNER_|INPUT_|LD_|DYLD_|SSH_|GIT_|BUGLOOP_|npm_)|^(?:NODE_OPTIONS|BASH_ENV|ENV|PATH|HOME|PYTHONSTARTUP)$/i;
const loaders = /^(?:LD_|DYLD_)/;

/** Carries the nonce by which a command's processes are found again. */
const runTag = 'BUGLOOP_RUN';

export interface EnvironmentRequest {
  operatorEnv: Environment;
  /** Search path and tool homes, see `findToolchains`. */
  tools: Readonly<Record<string, string>>;
  home: string;
  tmp: string;
  network: boolean;
  env?: Readonly<Record<string, string>> | undefined;
  passEnv?: readonly string[] | undefined;
  tag: string;
}

/**
 * The whole environment of one command. Nothing of the operator's gets in but locale, time zone, tool homes and what
 * `passEnv` names; `env` is added last but cannot preload libraries.
 */
export function buildEnvironment(request: EnvironmentRequest): Record<string, string> {
  const { operatorEnv } = request;
  const names = [
    ...Object.keys(operatorEnv).filter((name) => passed.test(name)),
    ...(request.network ? certificates : []),
    ...(request.passEnv ?? []).filter((name) => !neverPassed.test(name)),
  ];
  return {
    ...pick(operatorEnv, names),
    ...request.tools,
    HOME: request.home,
    TMPDIR: request.tmp,
    CI: '1',
    TERM: 'dumb',
    NO_COLOR: '1',
    ...Object.fromEntries(Object.entries(request.env ?? {}).filter(([name]) => !loaders.test(name))),
    [runTag]: request.tag,
  };
}

function pick(environment: Environment, names: readonly string[]): Record<string, string> {
  const entries = names.map((name) => [name, environment[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
}
