import type { Plan, Report, Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { describeFailure } from './failure.ts';
import { linesOf, type Stdout } from './stdout.ts';

/** cargo test, by what it prints for people: its JSON needs an unstable toolchain. Runs as a whole. */
export function cargoTest(_setting: Setting): Plan {
  return {
    flags: ['--no-fail-fast'],
    replaces: { '--no-fail-fast': 1, '-q': 1, '--quiet': 1 },
    stdout: true,
    async read(execution, stdout) {
      return readCargoTest(stdout, execution.output);
    },
  };
}

interface Binary {
  tests: { name: string; status: RawResult['status'] }[];
  failures: Map<string, string>;
}

export function readCargoTest(stdout: Stdout, output: string): Report {
  const binaries = parse(linesOf(stdout));
  // Names of the binaries go to standard error, one for each that starts.
  const started = [...output.matchAll(/^\s+(?:Running (?:unittests )?(\S+) \(.*\)|Doc-tests (\S+))$/gm)].map(
    (match) => match[1] ?? 'doc-tests',
  );
  const known = started.length === binaries.length;
  const results = binaries.flatMap(({ tests, failures }, index) =>
    tests.toSorted(byLine).map((test): RawResult => {
      // A doc test is named by its file and line; the line moves with every edit above it.
      const documented = /^(\S+\.rs) - (.*) \(line \d+\)/.exec(test.name);
      const file = documented?.[1] ?? (known && started[index] !== 'doc-tests' ? started[index] : undefined);
      const said = failures.get(test.name) ?? '';
      return {
        file,
        path: documented === null ? test.name.split('::') : ['doc test', documented[2] ?? ''],
        status: test.status,
        failure: test.status === 'failed' ? describeCargo(said) : undefined,
      };
    }),
  );
  const broken = /^error(\[E\d+\])?: .*(\n\s+-->.*)?/m.exec(output);
  const compile =
    /could not compile/.test(output) && broken !== null ? describeFailure({ message: broken[0], collecting: true }) : undefined;
  if (compile !== undefined) results.push({ path: ['(compilation)'], status: 'failed', failure: compile });
  return { results };
}

/** Tests run in parallel and are told as they end; the doc tests of one item are told apart by their order in the file. */
function byLine(a: { name: string }, b: { name: string }): number {
  const [first, second] = [a, b].map(({ name }) => /^(.*) \(line (\d+)\)/.exec(name));
  return first !== null && first !== undefined && second !== null && second !== undefined && first[1] === second[1]
    ? Number(first[2]) - Number(second[2])
    : 0;
}

function parse(lines: Iterable<string>): Binary[] {
  const binaries: Binary[] = [];
  let failing: string | undefined;
  for (const line of lines) {
    if (/^running \d+ tests?$/.test(line)) {
      binaries.push({ tests: [], failures: new Map() });
      failing = undefined;
      continue;
    }
    const binary = binaries.at(-1);
    if (binary === undefined) continue;
    const test = /^test (.+?)(?: - should panic)? \.\.\. (?:.*)?\b(ok|FAILED|ignored)(?:, .*)?$/.exec(line);
    if (test !== null && failing === undefined) {
      const status = test[2] === 'ok' ? 'passed' : test[2] === 'ignored' ? 'skipped' : 'failed';
      binary.tests.push({ name: test[1] ?? '', status });
      continue;
    }
    const section = /^---- (.+?) stdout ----$/.exec(line);
    if (section !== null) failing = section[1];
    else if (/^(failures:|test result: )/.test(line)) failing = undefined;
    else if (failing !== undefined) binary.failures.set(failing, `${binary.failures.get(failing) ?? ''}${line}\n`);
  }
  return binaries;
}

function describeCargo(said: string): ReturnType<typeof describeFailure> {
  const text = said.trim();
  const panic = /panicked at [^\n]*:\n?([^]*?)(?:\nnote: |\nstack backtrace:|$)/.exec(text)?.[1]?.trim() ?? text;
  const compiled = /^error(\[E\d+\])?: |Couldn't compile the test/m.test(text) && !/panicked at/.test(text);
  const compared = /^assertion( `?.*`?)? failed|^assertion failed|test did not panic as expected/.test(panic);
  return describeFailure({
    name: compiled || compared || panic === text ? undefined : 'panic',
    message: panic,
    stack: text,
    compared,
    collecting: compiled,
  });
}
