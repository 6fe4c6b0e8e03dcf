import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fakeKey, playEdits, startMessagesServer } from '../test/servers/messages/index.ts';
import type { Bench, Row } from './bench.ts';
import { bugReport, goldEdits, shop } from '../test/support/shop.ts';
import { explain, readReport, runBugloop } from './support/play.ts';
import { git, makeRepository } from './support/repository.ts';

const turns = playEdits(goldEdits, { explore: true });

/** A run that is killed while its model answers, and goes on. */
export const resume: Bench = {
  id: 'resume',
  title: 'Killed and resumed',
  async run({ scratch, full }) {
    const moments = turns.map((_, index) => index + 1).filter((at) => full || [1, 4, turns.length].includes(at));
    const resumed: Resumed[] = [];
    for (const at of moments) resumed.push(await killAndResume(join(scratch, `at-${at}`), at));
    const share = (what: string, is: (one: Resumed) => boolean): Row => ({
      id: 'R1',
      what,
      value: (100 * resumed.filter(is).length) / resumed.length,
      unit: '%',
      bar: { is: '≥', value: 100 },
      note: `${resumed.filter(is).length} of ${resumed.length}, killed during the model's answers ${moments.join(', ')} of ${turns.length}${resumed.find((one) => !is(one))?.why ?? ''}`,
    });
    return [
      share('killed runs that resume to a proof', ({ proven }) => proven),
      share('of these with one branch and the gold tree', ({ exact }) => exact),
      share('first request after it the same, byte for byte', ({ same }) => same),
    ];
  },
};

interface Resumed {
  proven: boolean;
  exact: boolean;
  same: boolean;
  why: string;
}

async function killAndResume(directory: string, at: number): Promise<Resumed> {
  const repository = await makeRepository(join(directory, 'repository'), shop);
  const issue = join(directory, 'bug.md');
  await writeFile(issue, bugReport);
  await using first = await startMessagesServer({ turns });
  const env = { ANTHROPIC_API_KEY: fakeKey, ANTHROPIC_BASE_URL: first.url };
  const kill = new AbortController();
  const running = runBugloop(['solve', issue, '--agent', 'claude', '--quiet'], { cwd: repository, env, kill: kill.signal });
  const watch = (async () => {
    while (first.requests.length < at && !kill.signal.aborted) await sleep(1);
    kill.abort();
  })();
  await Promise.all([running, watch]);
  await using second = await startMessagesServer({ turns });
  const ended = await runBugloop(['resume', issue, '--agent', 'claude', '--quiet'], {
    cwd: repository,
    env: { ...env, ANTHROPIC_BASE_URL: second.url },
  });
  const report = await readReport(repository);
  const branches = (await git(repository, 'for-each-ref', '--format=%(refname:short)', 'refs/heads/bugloop/')).split('\n');
  const [branch = ''] = branches;
  const changed = branch === '' ? '' : await git(repository, 'diff', '--name-only', 'main', branch);
  return {
    proven: report?.outcome === 'proven',
    exact: branches.length === 1 && changed === goldEdits.map(({ path }) => path).join('\n'),
    same: first.requests[0]?.body === second.requests[0]?.body,
    why: `; ${explain(ended)}`,
  };
}
