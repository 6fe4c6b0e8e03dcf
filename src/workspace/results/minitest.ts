import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepoPath } from '../../core/types.ts';
import type { Plan, Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { describeFailure } from './failure.ts';
import { planRspec } from './rspec.ts';
import { findFiles, onlyPlaces } from './source-files.ts';
import { linesOf, type Stdout } from './stdout.ts';

/**
 * minitest, by what `--verbose` prints: a line for each test as it ends, and the failures after all. What rake starts gets
 * it from `TESTOPTS`; where that turns out to be RSpec, its report is read instead.
 */
export function minitest(setting: Setting): Plan {
  const spec = planRspec(setting);
  const byRake = /(^|\/)rake$/.test(setting.resolved.words[setting.resolved.start] ?? '');
  return {
    flags: byRake ? [] : ['--verbose'],
    env: byRake ? { TESTOPTS: '--verbose', SPEC_OPTS: spec.options.join(' ') } : {},
    // A `FileList` reads braces.
    ...(byRake ? { select: (files) => [`TEST={${files.join(',')}}`] } : {}),
    stdout: true,
    async read(_execution, stdout) {
      const report = await spec.read();
      if (report !== undefined) return { ...report, runner: 'rspec' };
      return { results: readMinitest(stdout, await testClasses(setting.root)) };
    },
  };
}

/** Class, or outermost description → file. */
async function testClasses(root: string): Promise<Map<string, RepoPath>> {
  const paths = await findFiles(root, /(^test_.*|_(test|spec))\.rb$/);
  const declared = paths.map(async (path) => {
    const text = await readFile(join(root, path), 'utf8').catch(() => '');
    return [...text.matchAll(/^\s*(?:class\s+([\w:]+)|describe\s+(?:'([^'\n]+)'|"([^"\n]+)"|([\w:]+)))/gm)].map(
      ([, ...names]) =>
        [
          names
            .find((name) => name !== undefined)
            ?.split('::')
            .at(-1) ?? '',
          path,
        ] as const,
    );
  });
  return onlyPlaces((await Promise.all(declared)).flat());
}

const result = /^(.+?)#(.+) = (\d+\.\d+) s = ([.FES])$/;
const failureHead = /^\s+\d+\) (Failure|Error|Skipped):$/;

export function readMinitest(stdout: Stdout, classes: ReadonlyMap<string, RepoPath>): RawResult[] {
  const ended: { test: string; group: string; name: string; seconds: number; letter: string }[] = [];
  const said = new Map<string, string[]>();
  let section: string[] | undefined;
  let awaiting = false;
  for (const line of linesOf(stdout)) {
    const [, group = '', name = '', seconds = '', letter = ''] = result.exec(line) ?? [];
    if (letter !== '') ended.push({ test: `${group}#${name}`, group, name, seconds: Number(seconds), letter });
    else if (failureHead.test(line)) awaiting = true;
    else if (awaiting) {
      awaiting = false;
      section = [];
      said.set(line.replace(/ \[[^\]]*\]:$|:$/, ''), section);
    } else if (/^\d+ (runs|tests), /.test(line)) section = undefined;
    else section?.push(line);
  }
  // Tests run in an order of chance; the same test keeps its number only in an order of our own.
  const sorted = ended.toSorted((a, b) => (a.test < b.test ? -1 : a.test > b.test ? 1 : 0));
  return sorted.map(({ test, group, name, seconds, letter }) => ({
    file: classes.get(group) ?? classes.get(group.split('::').at(-1) ?? '') ?? classes.get(group.split('::')[0] ?? ''),
    path: [group, name],
    durationMs: seconds * 1000,
    status: letter === '.' ? 'passed' : letter === 'S' ? 'skipped' : 'failed',
    ...(letter === 'F' || letter === 'E' ? { failure: describe((said.get(test) ?? []).join('\n').trim(), letter) } : {}),
  }));
}

function describe(text: string, letter: string): ReturnType<typeof describeFailure> {
  const name = letter === 'E' ? /^([A-Z][\w:]*?)(?::\s|$)/.exec(text)?.[1]?.split('::').at(-1) : undefined;
  const frames = text.search(/\n {4}\S+:\d+:in /);
  return describeFailure({
    name,
    message: (frames === -1 ? text : text.slice(0, frames)).trim(),
    stack: text,
    compared: letter === 'F',
    collecting: name === 'LoadError',
  });
}
