import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { playEdits } from '../test/servers/messages/index.ts';
import type { Bench } from './bench.ts';
import { bugReport, goldEdits } from '../test/support/shop.ts';
import { explain, runBugloop, solveWithModel } from './support/play.ts';
import { makeRepository, manyFiles } from './support/repository.ts';

const files = 7_000;

/** Memory of our own process while it solves a bug in a large repository. Children are the repository's own. */
export const memory: Bench = {
  id: 'memory',
  title: `Memory on ${files} files`,
  async run({ scratch }) {
    const content = manyFiles(files);
    const repository = await makeRepository(join(scratch, 'repository'), content);
    const issue = join(scratch, 'bug.md');
    await writeFile(issue, bugReport);
    const played = await solveWithModel(repository, issue, playEdits(goldEdits, { explore: true, check: true }));
    if (played.report?.outcome !== 'proven' || played.seen === undefined) throw new Error(explain(played));
    const idle = await runBugloop(['--version'], { cwd: repository });
    const megabytes = Object.values(content).reduce((bytes, text) => bytes + text.length, 0) / 1_000_000;
    return [
      {
        id: 'M1',
        what: 'most memory of bugloop itself',
        value: played.seen.peakKB / 1024,
        unit: 'MB',
        bar: { is: '≤', value: 150 },
        limit: { value: (idle.seen?.peakKB ?? Number.NaN) / 1024, what: 'bugloop --version' },
        note: `resident, a whole run to the proof; ${files} files of ${Math.round(megabytes)} MB in all`,
      },
    ];
  },
};
