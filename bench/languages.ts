import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { bugReport } from '../test/support/shop.ts';
import { editCall, type Edit } from '../test/servers/messages/index.ts';
import type { Bench, Row } from './bench.ts';
import { polyglots, type Polyglot } from './support/polyglot.ts';
import { explain, solveWithScript } from './support/play.ts';
import { makeRepository } from './support/repository.ts';

/** One small bug in each language whose tools are here: the fix with its test is accepted, and nothing less. */
export const languages: Bench = {
  id: 'languages',
  title: 'The same bug in other languages',
  full: true,
  async run({ scratch, say }) {
    const runs: { accepted: boolean; gold: boolean; name: string }[] = [];
    const played: string[] = [];
    const missing: string[] = [];
    for (const project of polyglots) {
      if (!(await isInstalled(project.needs))) {
        missing.push(project.name);
        continue;
      }
      played.push(project.name);
      for (const [variant, edits] of Object.entries(variantsOf(project))) {
        const directory = join(scratch, `${played.length}-${variant.replaceAll(' ', '-')}`);
        const repository = await makeRepository(join(directory, 'repository'), project.files);
        await mkdir(directory, { recursive: true });
        await writeFile(join(directory, 'bug.md'), bugReport);
        const calls = edits.map(editCall).map(({ name, input }) => ({ tool: name, input }));
        const finish = { tool: 'finish', input: { summary: 'Fixed.' } };
        const issue = join(directory, 'bug.md');
        const ended = await solveWithScript(repository, issue, [[...calls, finish]], ['--max-iterations', '1'], {
          env: toolHomes(),
        });
        const accepted = ended.report?.outcome === 'proven';
        const gold = variant === 'gold';
        runs.push({ accepted, gold, name: project.name });
        const why = ended.report?.attempts.at(-1)?.reasons[0]?.code ?? ended.report?.escalation?.code ?? explain(ended);
        say(`  ${accepted === gold ? 'ok' : 'NO'} ${project.name}, ${variant}: ${accepted ? 'accepted' : `refused, ${why}`}`);
      }
    }
    const share = (gold: boolean): Row['value'] => {
      const some = runs.filter((run) => run.gold === gold);
      return (100 * some.filter(({ accepted }) => accepted).length) / some.length;
    };
    const note = `${played.join('; ')}${missing.length === 0 ? '' : `; not here: ${missing.join('; ')}`}`;
    return [
      { id: 'S4', what: 'other languages: gold accepted', value: share(true), unit: '%', bar: { is: '≥', value: 100 }, note },
      {
        id: 'S4',
        what: 'other languages: empty, test alone, fix alone, weakened test accepted',
        value: share(false),
        unit: '%',
        bar: { is: '≤', value: 0 },
        note: `${runs.filter(({ gold }) => !gold).length} runs`,
      },
    ];
  },
};

function variantsOf({ fix, test, weaken }: Polyglot): Record<string, Edit[]> {
  return {
    gold: [fix, test],
    empty: [],
    'test alone': [test],
    'fix alone': [fix],
    'weakened test': [fix, test, weaken],
  };
}

/** Where toolchains that live in a home directory are found, as the home of a run is another one. */
function toolHomes(): Record<string, string> {
  const rustup = process.env['RUSTUP_HOME'] ?? join(homedir(), '.rustup');
  return existsSync(rustup) ? { RUSTUP_HOME: rustup } : {};
}

async function isInstalled(program: string): Promise<boolean> {
  const { exitCode } = await execa(program, [program === 'go' ? 'version' : '--version'], { reject: false, stdin: 'ignore' });
  return exitCode === 0;
}
