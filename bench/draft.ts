import { type Bench, type Row } from './bench.ts';
import { fakeKey, playEdits, startMessagesServer } from '../test/servers/messages/index.ts';
import { goldEdits } from '../test/support/shop.ts';
import { openScene } from './support/github.ts';
import type { GitHubServer } from '../test/servers/github/index.ts';
import { explain, isRepositoryCommand, runBugloop, uncovered } from './support/play.ts';

/** From a labelled issue to a draft pull request, on a double of GitHub that answers at once, and after 100 ms. */
export const draft: Bench = {
  id: 'draft',
  title: 'Issue to draft pull request',
  async run() {
    const near = await solveIssue(0);
    const far = await solveIssue(100);
    return [
      time(2, 0, near),
      time(3, 100, far),
      {
        id: 'G1',
        what: 'requests to the interface of GitHub for a solve',
        value: near.api,
        unit: 'calls',
        bar: { is: '≤', value: 8 },
        limit: { value: 4, what: 'read issue, claim it, open the draft, say so' },
        note: near.operations.join(', '),
      },
      {
        id: 'G1',
        what: 'transfers of git',
        value: near.git,
        unit: 'calls',
        bar: { is: '≤', value: 2 },
        limit: { value: 1, what: 'one push' },
      },
    ];
  },
};

function time(bar: number, delay: number, { own, whole, paused }: Draft): Row {
  return {
    id: 'O2',
    what: `issue to draft at ${delay} ms round trip, our own time`,
    value: own,
    unit: 's',
    bar: { is: '≤', value: bar },
    note: `of ${whole.toFixed(1)} s; left out are the model, the commands of the repository, and ${paused.toFixed(1)} s of the pause of one second that GitHub asks for between two writes`,
  };
}

interface Draft {
  /** Seconds, without model, commands of the repository and pauses. */
  own: number;
  /** Seconds that nothing was done but to keep the distance between two writes. */
  paused: number;
  whole: number;
  api: number;
  git: number;
  operations: string[];
}

async function solveIssue(delay: number): Promise<Draft> {
  await using scene = await openScene();
  const { server, repository } = scene;
  if (delay > 0) server.faults.add({ kind: 'slow', delay, times: Infinity });
  await using model = await startMessagesServer({ turns: playEdits(goldEdits, { explore: true }) });
  const env = { ...scene.env, ANTHROPIC_API_KEY: fakeKey, ANTHROPIC_BASE_URL: model.url };
  const ended = await runBugloop(['solve', String(scene.number), '--agent', 'claude', '--quiet'], { cwd: scene.clone, env });
  const [pull] = server.pulls(repository);
  if (pull?.draft !== true || ended.seen === undefined) throw new Error(explain(ended));
  const { started, ended: end, children } = ended.seen;
  const thinking = model.requests.map(({ at, answeredAt }) => ({ started: at, ended: answeredAt ?? at }));
  const others = [...children.filter(isRepositoryCommand), ...thinking];
  const pauses = pausesOf(server, children);
  const own = uncovered(started, end, [...others, ...pauses]);
  return {
    own: own / 1000,
    paused: (uncovered(started, end, others) - own) / 1000,
    whole: (end - started) / 1000,
    api: server.count('api'),
    git: server.count('git'),
    operations: server.requests
      .filter(({ surface }) => surface === 'rest' || surface === 'graphql')
      .map(({ operation }) => operation),
  };
}

/** GitHub's advice for its interface, and what bugloop keeps to. */
const betweenWritesMs = 1_000;

/**
 * What lies between a write that came just as the pause since the one before was over, and the last thing that was
 * going on until then.
 */
function pausesOf(
  { requests }: GitHubServer,
  children: readonly { ended: number | null }[],
): { started: number; ended: number }[] {
  const ends = [...requests.map(({ at }) => at), ...children.map(({ ended }) => ended ?? 0)];
  const writes = requests.filter(({ writes, surface }) => writes && surface !== 'git');
  return writes.slice(1).flatMap(({ at }, index) => {
    const since = at - (writes[index]?.at ?? 0);
    if (since < betweenWritesMs || since > 1.3 * betweenWritesMs) return [];
    return [{ started: Math.max(...ends.filter((end) => end < at)), ended: at }];
  });
}
