import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'shell-quote';
import type { Command, RunnerName } from '../../core/types.ts';
import { packageJson, readJson } from './shapes.ts';

/** What a test command comes down to once scripts and wrappers are followed. */
export interface Resolved {
  runner: RunnerName;
  /** The line that starts the runner, wrappers included, as an argument list without a shell. */
  words: readonly string[];
  /** Index of the runner's program in `words`; wrappers stand before it. */
  start: number;
  /** Index of the runner (or of its subcommand) in `words`; its flags follow. */
  at: number;
  /** Assignments in front of the runner. */
  env: Readonly<Record<string, string>>;
  /** Whether the configured command is the runner itself, and not a script that starts it. */
  direct: boolean;
  /** What has to stand between the configured command and appended flags; absent where they would not arrive. */
  append?: readonly string[];
  /** Whether the runner may be started without what the script does before it. */
  alone: boolean;
}

/** Flags that take the next word as their value, over all runners: such a word is never a test file. */
export const valueFlags = new Set(
  (
    '-r --require --import --loader --experimental-loader -c --config --opts --file -p --project --projects --root --rootDir --dir ' +
    '-u --ui -R --reporter -O --reporter-option --reporter-options --compilers -t --timeout -s --slow -g --grep -f --fgrep ' +
    '--testNamePattern --testPathPattern --testPathPatterns --test-name-pattern --test-reporter --test-reporter-destination ' +
    '--test-concurrency --test-timeout --env --environment --env-file --conditions -C --max-old-space-size -m --match -k -o -n ' +
    '--maxWorkers -w --ignore -i --extension --ext --watch-files --retries -j --jobs --node-arg --setupFiles --tsconfig --cov'
  ).split(' '),
);

/** Programs that look at sources and write nothing that a test needs. */
const checkers =
  /^(eslint|standard|semistandard|xo|jshint|jscs|prettier|biome|oxlint|oxfmt|dprint|tslint|npmignore|aud|npm-audit|evalmd|ls-lint|publint|attw|knip|depcheck|markdownlint(-cli2?)?|cspell|dtslint|tsd|lockfile-lint|es-check|echo|true|ec|eclint)$/;
const wrappers = /^(c8|nyc|cross-env|cross-env-shell|env|npx|bunx|pnpx|dotenv|istanbul|time|nice)$/;
const runners: Record<string, RunnerName> = {
  vitest: 'vitest',
  jest: 'jest',
  'react-scripts': 'jest',
  mocha: 'mocha',
  _mocha: 'mocha',
  'ts-mocha': 'mocha',
  tape: 'tap',
  tap: 'tap',
  tap16: 'tap',
  qunit: 'tap',
  ava: 'ava',
  pytest: 'pytest',
  'py.test': 'pytest',
  rspec: 'rspec',
  phpunit: 'phpunit',
};
const deepest = 6;

/** Follows a command through package scripts and wrappers to the runner it starts; says `unknown` rather than guess. */
export function resolveCommand(root: string, command: Command): Resolved {
  return follow(root, { words: command, env: {}, direct: true, append: [], alone: true }, 0);
}

type Trail = Omit<Resolved, 'runner' | 'at' | 'start'>;

function follow(root: string, trail: Trail, depth: number): Resolved {
  const { env, words, start } = unwrap(trail);
  const here: Trail = { ...trail, words, env };
  const script = depth < deepest ? scriptOf(words.slice(start)) : undefined;
  if (script === undefined) return { ...here, start, ...recognise(root, words, start) };
  const lines = readScripts(root);
  const line = lines[script.name];
  if (line === undefined) return { ...here, runner: 'unknown', start, at: start };
  const chain = splitScript(line);
  if (chain === undefined) return { ...here, runner: 'unknown', start, at: start };
  const before = [...(lines[`pre${script.name}`] === undefined ? [] : [lines[`pre${script.name}`] ?? '']), ...chain.before];
  const { append, ...rest } = here;
  const reaches = append !== undefined && !chain.piped;
  return follow(
    root,
    {
      ...rest,
      words: [...chain.words, ...script.args],
      direct: false,
      alone: here.alone && before.every((step) => isCheck(root, step, 0)),
      ...(reaches ? { append: [...append, ...script.separator] } : {}),
    },
    depth + 1,
  );
}

/** Takes off assignments and wrappers, keeping the wrappers in `words`. */
function unwrap(trail: Trail): { env: Record<string, string>; words: readonly string[]; start: number } {
  const env: Record<string, string> = { ...trail.env };
  const words = [...trail.words];
  let start = 0;
  for (;;) {
    const word = words[start];
    if (word === undefined) return { env, words, start: Math.max(0, words.length - 1) };
    const assignment = /^([A-Za-z_]\w*)=(.*)$/s.exec(word);
    if (assignment !== null) {
      // In a script the shell does this; without one the wrapper in front of it does.
      if (start === 0) {
        env[assignment[1] ?? ''] = assignment[2] ?? '';
        words.shift();
      } else start += 1;
      continue;
    }
    const name = nameOf(word);
    const isSubcommand = /^(exec|dlx|x)$/.test(words[start + 1] ?? '') && /^(npm|pnpm|yarn|bun|bundle)$/.test(name);
    if (!isSubcommand && !wrappers.test(name)) return { env, words, start };
    start += isSubcommand ? 2 : 1;
    while (words[start]?.startsWith('-') === true) start += takesValue(words[start] ?? '') ? 2 : 1;
    if (name === 'istanbul' && words[start] === 'cover') start += 1;
  }
}

function takesValue(flag: string): boolean {
  return /^(-r|--reporter|-R|--report-dir|-o|--require|--include|-n|-x|--exclude|-e|--extension|-p|--package|--temp-directory|-f)$/.test(
    flag,
  );
}

interface ScriptCall {
  name: string;
  args: readonly string[];
  /** What this package manager wants in front of further arguments. */
  separator: readonly string[];
}

function scriptOf(words: readonly string[]): ScriptCall | undefined {
  const [program = '', ...all] = words;
  const manager = nameOf(program);
  if (!/^(npm|pnpm|yarn|bun)$/.test(manager)) return undefined;
  const first = all.findIndex((word) => !word.startsWith('-'));
  const verb = all[first];
  if (verb === undefined) return undefined;
  const isRun = /^(run|run-script|rum)$/.test(verb);
  if (manager === 'bun' && !isRun) return undefined;
  const at = isRun ? all.findIndex((word, index) => index > first && !word.startsWith('-')) : first;
  const name = isRun ? all[at] : /^(t|tst)$/.test(verb) ? 'test' : verb;
  if (name === undefined || (!isRun && manager === 'npm' && name !== 'test')) return undefined;
  const rest = all.slice(at + 1);
  const dashes = rest.indexOf('--');
  const args =
    dashes === -1
      ? manager === 'npm'
        ? []
        : rest
      : [...(manager === 'npm' ? [] : rest.slice(0, dashes)), ...rest.slice(dashes + 1)];
  return { name, args, separator: manager === 'npm' && dashes === -1 ? ['--'] : [] };
}

function readScripts(root: string): Record<string, string | undefined> {
  const file = join(root, 'package.json');
  return existsSync(file) ? (readJson(readFileSync(file, 'utf8'), packageJson)?.scripts ?? {}) : {};
}

interface Chain {
  before: string[];
  words: string[];
  /** The runner's output goes into another program: flags appended to the line do not reach the runner. */
  piped: boolean;
}

/** Reads a script line; `undefined` where what it runs depends on a shell's decisions. */
function splitScript(line: string): Chain | undefined {
  if (/[`\n]|\$\(|\|\|/.test(line)) return undefined;
  const steps: string[][] = [[]];
  let pipes = 0;
  for (const entry of parse(line, (name) => `$${name}`)) {
    const step = steps.at(-1) ?? [];
    if (typeof entry === 'string') {
      if (pipes === 0) step.push(entry);
    } else if ('comment' in entry) break;
    else if (entry.op === 'glob' && 'pattern' in entry) {
      if (pipes === 0) step.push(entry.pattern);
    } else if (entry.op === '&&' || entry.op === ';') {
      if (pipes > 0) return undefined;
      steps.push([]);
    } else if (entry.op === '|') pipes += 1;
    else return undefined;
  }
  const full = steps.filter((step) => step.length > 0);
  const words = full.pop();
  if (words === undefined || words.some((word) => word.includes('$'))) return undefined;
  return { before: full.map((step) => step.join(' ')), words, piped: pipes > 0 };
}

function isCheck(root: string, line: string, depth: number): boolean {
  const words = line.split(/\s+/);
  const { start } = unwrap({ words, env: {}, direct: false, alone: true });
  const name = nameOf(words[start] ?? '');
  if (checkers.test(name) || (name === 'tsc' && words.includes('--noEmit'))) return true;
  const script = scriptOf(words.slice(start));
  const inner = script === undefined ? undefined : readScripts(root)[script.name];
  const chain = inner === undefined || depth > deepest ? undefined : splitScript(inner);
  return chain !== undefined && [...chain.before, chain.words.join(' ')].every((step) => isCheck(root, step, depth + 1));
}

function recognise(root: string, words: readonly string[], start: number): { runner: RunnerName; at: number } {
  const program = words[start] ?? '';
  const name = nameOf(program);
  const next = words[start + 1] ?? '';
  const known = runners[name];
  if (name === 'react-scripts' && next !== 'test') return { runner: 'unknown', at: start };
  if (known !== undefined)
    return { runner: known, at: /^(run|related|test)$/.test(next) && /^(vitest|react-scripts)$/.test(name) ? start + 1 : start };
  if ((name === 'go' || name === 'cargo') && (next === 'test' || (name === 'cargo' && next === 't'))) {
    return { runner: name === 'go' ? 'go-test' : 'cargo-test', at: start + 1 };
  }
  if (name === 'dotnet' && next === 'test') return { runner: 'dotnet-test', at: start + 1 };
  if (/^mvnw?$/.test(name)) return jvmRunner('maven', words, start);
  if (/^gradlew?$/.test(name)) return jvmRunner('gradle', words, start);
  // Without a task of its own the default one runs; its tests are found out by what they print.
  if (name === 'rake') return { runner: 'minitest', at: next === '' || next.startsWith('-') ? start : start + 1 };
  if (name === 'ruby' && words.slice(start + 1).some((word) => /^-I\S*test|_test\.rb$/.test(word)))
    return { runner: 'minitest', at: words.length - 1 };
  if (/^python[\d.]*$/.test(name)) return pythonRunner(words, start);
  if (/^(poetry|pipenv|uv|pdm|hatch|rye)$/.test(name) && next === 'run') return recognise(root, words, start + 2);
  if (/^(node|nodejs|tsx|ts-node|babel-node|iojs|bun)$/.test(name)) return nodeRunner(root, words, start);
  return { runner: 'unknown', at: start };
}

/** Flags follow the goal or task that runs the tests. */
function jvmRunner(runner: RunnerName, words: readonly string[], start: number): { runner: RunnerName; at: number } {
  const at = words.findIndex((word, index) => index > start && /(^|:)(test|check|verify|package|install)$/.test(word));
  return at === -1 ? { runner: 'unknown', at: start } : { runner, at };
}

function pythonRunner(words: readonly string[], start: number): { runner: RunnerName; at: number } {
  const module = words.indexOf('-m', start + 1);
  if (module !== -1 && /^(pytest|py\.test)$/.test(words[module + 1] ?? '')) return { runner: 'pytest', at: module + 1 };
  return { runner: 'unknown', at: start };
}

function nodeRunner(root: string, words: readonly string[], start: number): { runner: RunnerName; at: number } {
  const flags = words.slice(start + 1);
  if (flags.includes('--test')) return { runner: 'node-test', at: start };
  let index = start + 1;
  while (words[index]?.startsWith('-') === true) index += valueFlags.has(words[index] ?? '') ? 2 : 1;
  const script = words[index];
  if (script === undefined) return { runner: 'unknown', at: start };
  if (script.includes('node_modules/')) {
    const packaged = /node_modules\/(?:\.bin\/)?([^/]+)/.exec(script)?.[1] ?? '';
    const inner = runners[packaged] === undefined ? recognise(root, words, index) : { runner: runners[packaged], at: index };
    return inner.runner === 'vitest' && words[index + 1] === 'run' ? { runner: 'vitest', at: index + 1 } : inner;
  }
  return { runner: scriptRunner(root, script), at: start };
}

/** What a test script run by plain `node` imports tells which runner it is; what it prints tells the rest later. */
function scriptRunner(root: string, script: string): RunnerName {
  const candidates = [script, `${script}.js`, `${script}.mjs`, `${script}.cjs`, join(script, 'index.js')];
  const file = candidates.map((name) => join(root, name)).find((name) => existsSync(name) && statSync(name).isFile());
  if (file === undefined) return 'unknown';
  const source = readFileSync(file, 'utf8');
  if (/['"]node:test['"]/.test(source)) return 'node-test';
  return /(?:require\(\s*|from\s+|import\s+)['"](?:tape|tap|tape-[\w-]+|[\w@/-]*\/tape)['"]/.test(source) ? 'tap' : 'unknown';
}

function nameOf(program: string): string {
  return basename(program).replace(/\.(c|m)?js$|\.cmd$|\.exe$/, '');
}
