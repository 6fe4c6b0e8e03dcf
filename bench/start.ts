import { execa } from 'execa';
import { interleave, median, ratios, type Bench, type Row } from './bench.ts';
import { openDraft } from './support/github.ts';
import { bin, runBugloop } from './support/play.ts';
import { replay } from './support/replay.ts';

/** Starting up: what every call pays before it does anything. */
export const start: Bench = {
  id: 'start',
  title: 'Cold start',
  async run({ count = 21 }) {
    await using draft = await openDraft();
    await using github = await replay(draft.server.serverUrl);
    const env = Object.fromEntries(
      Object.entries(draft.env).map(([name, value]) => [name, value.replace(draft.server.serverUrl, github.origin)]),
    );
    const spawn = async (args: string[], more: Record<string, string> = {}): Promise<void> => {
      await execa(process.execPath, args, {
        cwd: draft.clone,
        env: { PATH: process.env['PATH'] ?? '', ...more },
        extendEnv: false,
      });
    };
    const gate = ['gate', String(draft.number), '--dry-run', '--quiet'];
    const untilRequest: number[] = [];
    // Whether a change can be merged is worked out once somebody asks.
    await spawn([bin, ...gate], draft.env);
    const times = await interleave(count, {
      node: () => spawn(['-e', '0']),
      again: () => spawn(['-e', '0']),
      version: () => spawn([bin, '--version']),
      help: () => spawn([bin, '--help']),
      gate: async () => {
        const [before, started] = [github.asked.length, Date.now()];
        await spawn([bin, ...gate], env);
        untilRequest.push((github.asked[before] ?? Number.NaN) - started);
      },
    });
    const limit = { value: 1, what: 'node -e 0' };
    const row = (what: string, name: Parameters<typeof times>[0], more: Partial<Row> = {}): Row => {
      const samples = ratios(times(name), times('node'));
      // Load only ever adds time: the fastest of each is what the work itself takes.
      return { id: 'C1', what, value: Math.min(...times(name)) / Math.min(...times('node')), unit: '×', samples, limit, ...more };
    };
    const requests = github.asked.length / (count + 1);
    const { seen } = await runBugloop(gate, { cwd: draft.clone, env });
    const processes = seen?.children.length ?? Number.NaN;
    return [
      row('node -e 0 against itself', 'again', {
        note: `calibration: what noise alone does; fastest of ${count} each, node -e 0 took ${Math.round(Math.min(...times('node')))} ms, in the median ${Math.round(median(times('node')))} ms`,
      }),
      row('bugloop --version', 'version', { bar: { is: '≤', value: 1.3 } }),
      row('bugloop --help', 'help'),
      row('bugloop gate --dry-run', 'gate', {
        bar: { is: '≤', value: 2.5 },
        note: `${requests} request to GitHub, answered at once, and ${processes} git process; why it is no less is in docs/decisions.md`,
      }),
      {
        id: 'C1',
        what: 'bugloop gate --dry-run until its first request',
        value: Math.min(...untilRequest) / Math.min(...times('node')),
        unit: '×',
        limit,
        note: 'starting up, reading the repository and its configuration',
      },
    ];
  },
};
