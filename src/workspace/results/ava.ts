import { globSync } from 'node:fs';
import type { RepoPath } from '../../core/types.ts';
import type { Plan, Setting } from './adapter.ts';
import type { RawResult } from './assemble.ts';
import { planV8Coverage } from './lines/v8.ts';
import { describeFailure } from './failure.ts';
import { readTap } from './tap.ts';

/** ava 1 to 7 by its TAP output. */
export function ava(setting: Setting): Plan {
  return {
    flags: ['--tap'],
    replaces: { '--verbose': 1, '-v': 1, '--watch': 1, '-w': 1, '--tap': 1, '-t': 1 },
    select: (files) => files,
    stdout: true,
    ...planV8Coverage(setting),
    async read(execution, stdout) {
      const report = readTap(stdout, setting, execution);
      return {
        ...report,
        results: nameFiles(report.results, setting.files?.length === 1 ? setting.files : testFiles(setting.root), setting),
      };
    },
  };
}

/** ava's own default patterns, from its documentation. */
function testFiles(root: string): RepoPath[] {
  const kinds = '{js,cjs,mjs,ts,cts,mts}';
  const patterns = ['test', 'src/test', 'source/test', '**/test-*', '**/*.test', '**/*.spec', '**/{test,tests,__tests__}/**/*'];
  const found = patterns.flatMap((pattern) => globSync(`${pattern}.${kinds}`, { cwd: root, exclude: isSupport }));
  return [...new Set(found)].filter((path) => !/(^|\/)_/.test(path) && !isSupport(path)).toSorted();
}

function isSupport(path: string): boolean {
  return /(^|\/)(node_modules|fixtures?|helpers?|\.git)$/.test(path);
}

/** Titles are `file › name` where there are several files; what a file did as a whole is told in prose. */
export function nameFiles(
  results: readonly RawResult[],
  files: readonly RepoPath[],
  setting: Pick<Setting, 'repoPath'>,
): RawResult[] {
  const [only] = files.length === 1 ? files : [];
  const named: RawResult[] = [];
  let uncaught: RawResult['failure'];
  for (const test of results) {
    const title = test.path.join(' › ');
    const exited =
      /^(?:No tests found in )?(\S+\.\w+)(?: exited (?:with a non-zero exit code|due to).*)?(?:, make sure to import.*)?$/.exec(
        title,
      )?.[1];
    if (test.status === 'failed' && exited !== undefined && title !== exited) {
      const failure = uncaught ?? describeFailure({ message: title, collecting: true });
      named.push({ file: setting.repoPath(exited), path: [], status: 'failed', failure });
      uncaught = undefined;
    } else if (test.status === 'failed' && /^\w*(Error|Exception)\b[^›]*:/.test(title)) uncaught = test.failure;
    else {
      const parts = title.split(' › ');
      const taken = parts.findLastIndex(
        (_, index) => index < parts.length - 1 && fileOf(parts.slice(0, index + 1), files) !== undefined,
      );
      const file = taken === -1 ? only : fileOf(parts.slice(0, taken + 1), files);
      named.push({ ...test, file, path: parts.slice(taken + 1) });
    }
  }
  if (uncaught !== undefined) named.push({ path: ['(uncaught)'], status: 'failed', failure: uncaught });
  return named;
}

/** ava leaves out the common directory, the extension, and what marks a file as a test. */
function fileOf(parts: readonly string[], files: readonly RepoPath[]): RepoPath | undefined {
  const wanted = parts.join('/');
  const matching = files.filter((file) => {
    const plain = file
      .replace(/\.\w+$/, '')
      .replace(/\.(test|spec)$/, '')
      .replace(/(^|\/)test-(?=[^/]*$)/, '$1')
      .replace(/(^|\/)__tests__\//, '$1');
    return plain === wanted || plain.endsWith(`/${wanted}`);
  });
  return matching.length === 1 ? matching[0] : undefined;
}
