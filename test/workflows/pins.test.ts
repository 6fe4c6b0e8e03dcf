import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { folders, interpolate, packageRoot, parseAction, toWorkflow, readWorkflow, type Workflow } from './workflow.ts';

/** The commits that the workflows name: they are there, and what is there takes what it is given. `npm run pin` renews them. */

const git = (...args: string[]): string => execFileSync('git', args, { cwd: packageRoot, encoding: 'utf8' });
const names = ['dispatch', 'review', 'gate'] as const;
const workflows = names.map((name) => readWorkflow(`${folders.own}/bugloop-${name}.yml`));
const short = readWorkflow(`${folders.examples}/bugloop.yml`);

/** A pin is a commit of the history, which a package or a shallow clone does not have. */
const hasHistory = existsSync(join(packageRoot, '.git')) && git('rev-parse', '--is-shallow-repository').trim() === 'false';

interface Pin {
  commit: string;
  version: string;
}
const pinsIn = ({ text }: Workflow): Pin[] =>
  [...text.matchAll(/bugloop\/bugloop\S*@([0-9a-f]{40}) # v(\S+)$/gm)].map(([, commit = '', version = '']) => ({
    commit,
    version,
  }));
const usesOf = ({ jobs }: Workflow) =>
  Object.values(jobs).flatMap(({ steps = [] }) => steps.filter(({ uses }) => uses?.startsWith('bugloop/bugloop@')));

const packageFile = z.object({ version: z.string() });

describe.runIf(hasHistory)('a pin', () => {
  const [action] = new Set(workflows.flatMap(pinsIn).map(({ commit }) => commit));
  const [called] = new Set(pinsIn(short).map(({ commit }) => commit));
  if (action === undefined || called === undefined) throw new Error('nothing is pinned');

  test('is the same wherever the same is meant', () => {
    expect(workflows.flatMap((one) => pinsIn(one).map(({ commit }) => commit))).toEqual(Array.from({ length: 7 }, () => action));
    expect(pinsIn(short).map(({ commit }) => commit)).toEqual([called, called, called]);
    expect(workflows.flatMap(usesOf)).toHaveLength(7);
  });

  test('names a commit of this history, and the version that it is', () => {
    for (const { commit, version } of [...workflows, short].flatMap(pinsIn)) {
      expect(() => git('merge-base', '--is-ancestor', commit, 'HEAD')).not.toThrow();
      expect(packageFile.parse(JSON.parse(git('show', `${commit}:package.json`)))).toEqual({ version });
    }
    expect(() => git('merge-base', '--is-ancestor', action, called)).not.toThrow();
  });

  test('holds an action with every input and output that is used', () => {
    const { inputs, outputs } = parseAction(git('show', `${action}:action.yml`));
    for (const { with: given = {} } of workflows.flatMap(usesOf)) {
      expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(given)));
    }
    const used = workflows.flatMap(({ text }) =>
      [...text.matchAll(/steps\.bugloop\.outputs\.([\w-]+)/g)].map(([, name]) => name),
    );
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(used));
  });

  test('holds workflows that take the secrets that the short one passes', () => {
    for (const [name, { uses = '', secrets }] of Object.entries(short.jobs)) {
      const path = `${folders.own}/bugloop-${name}.yml`;
      expect(uses).toBe(`bugloop/bugloop/${path}@${called}`);
      const { on } = toWorkflow(path, git('show', `${called}:${path}`));
      const takes = z.object({ secrets: z.record(z.string(), z.unknown()) }).parse(on['workflow_call']);
      expect(Object.keys(takes.secrets)).toEqual(Object.keys(z.record(z.string(), z.string()).parse(secrets)));
    }
  });

  describe('holds a program', () => {
    const home = mkdtempSync(join(tmpdir(), 'bugloop-pin-'));
    afterAll(() => rmSync(home, { recursive: true, force: true }));
    mkdirSync(join(home, 'package'));
    execFileSync('tar', ['-x', '-C', join(home, 'package')], {
      input: execFileSync('git', ['archive', action], { cwd: packageRoot, maxBuffer: 1 << 28 }),
    });
    symlinkSync(join(packageRoot, 'node_modules'), join(home, 'package/node_modules'));
    const written = new Set(workflows.flatMap(usesOf).map(({ with: inputs }) => String(inputs?.['args']).trimEnd()));

    test.each([...written])('that understands %j', (args) => {
      const happening = {
        event: 'fork',
        payload: {},
        contexts: { runner: { temp: home }, steps: { run: { outputs: { dir: home } } } },
      };
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(home, 'package/bin/bugloop.js'), ...interpolate(args, happening).split('\n')],
        {
          cwd: packageRoot,
          encoding: 'utf8',
          env: { PATH: process.env['PATH'], GITHUB_EVENT_NAME: 'fork', GITHUB_EVENT_PATH: join(packageRoot, 'package.json') },
        },
      );
      // An event that starts nothing, and a directory that is no run.
      const said = args.startsWith('publish') ? { status: 2, said: '[usage.run_dir]' } : { status: 0, said: 'ignored: ' };
      expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: said.status, said: expect.stringContaining(said.said) });
    });
  });
});
