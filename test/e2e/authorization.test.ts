import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import catalogue from '../fixtures/authorization-attacks.json' with { type: 'json' };
import { cloneOf, eventFile, labels, run, scripted, stage, type Ended, type Scene } from './github.ts';

/** Who may start and steer a run: every attack of the catalogue, played against the binary. */

interface Attack {
  files?: Record<string, string>;
  /** What happens at the forge, with the events that come of it: each is delivered to bugloop. */
  happen: (scene: Scene) => Promise<Record<string, string>[]>;
  /** What each delivery ends with. */
  ends: { status: number; says: RegExp }[];
}

const as = ({ server }: Scene, login: string): object => {
  const { id, typename } = login.endsWith('[bot]') ? server.bot(login) : server.user(login);
  return { sender: { id, login, type: typename } };
};
const refused = /\[auth\.not_permitted\]/;

const attacks: Record<string, Attack> = {
  'AU-01': {
    async happen(scene) {
      await scene.server.issue(scene.repository, { title: 'By a form', body: 'x', labels: [labels.trigger], author: 'guest' });
      const set = [{ name: labels.trigger }];
      const opened = eventFile(scene, 'issues', 'opened', {
        issue: { number: 2, title: 'By a form', body: 'x', state: 'open', labels: set },
      });
      return [opened, eventFile(scene, 'issues', 'labeled', as(scene, 'guest'))];
    },
    ends: [
      { status: 0, says: /the action 'opened' starts nothing/ },
      { status: 4, says: refused },
    ],
  },
  'AU-02': {
    happen(scene) {
      scene.server.comment(scene.issue, '/bugloop solve', 'guest');
      return Promise.resolve([eventFile(scene, 'issue_comment', 'created')]);
    },
    ends: [{ status: 4, says: refused }],
  },
  'AU-03': {
    happen(scene) {
      scene.repository.roles.set(scene.server.user('tim'), 'triage');
      return Promise.resolve([eventFile(scene, 'issues', 'labeled', as(scene, 'tim'))]);
    },
    ends: [{ status: 4, says: /its permission on acme\/adder is read/ }],
  },
  'AU-04': {
    happen(scene) {
      const labelled = eventFile(scene, 'issues', 'labeled', as(scene, 'evil-app[bot]'));
      scene.server.comment(scene.issue, '/bugloop solve', 'evil-app[bot]');
      return Promise.resolve([labelled, eventFile(scene, 'issue_comment', 'created')]);
    },
    ends: [
      { status: 4, says: refused },
      { status: 4, says: refused },
    ],
  },
  'AU-07': {
    files: { '.bugloop/config.yml': "triggers: { allowed_users: ['*'] }\n" },
    happen: (scene) => Promise.resolve([eventFile(scene, 'issues', 'labeled')]),
    ends: [{ status: 2, says: /triggers\.allowed_users.*wildcard/s }],
  },
  'AU-08': {
    async happen(scene) {
      const { server, repository } = scene;
      const fork = await server.fork(repository, 'mallory');
      await server.commit(fork, 'bugloop/issue-1', { 'src/add.js': 'evil' }, { author: 'mallory' });
      const pull = await server.pull(repository, {
        title: 'x',
        head: 'mallory:bugloop/issue-1',
        base: 'main',
        author: 'mallory',
      });
      await server.addReview(pull, { author: 'maria', event: 'REQUEST_CHANGES', body: 'No.' });
      return [eventFile(scene, 'pull_request_review', 'submitted')];
    },
    ends: [{ status: 0, says: /ignored: .*not a bugloop/ }],
  },
};

/** Cases that a test of another file plays, because it has what they need. */
const elsewhere: Record<string, string> = { 'AU-13': 'plan.test.ts', 'AU-15': 'dispatch.test.ts' };

describe('the catalogue of attacks', () => {
  test('has every case arranged', () => {
    const ids = catalogue.attacks.map(({ id }) => id);
    expect([...Object.keys(attacks), ...Object.keys(elsewhere), 'AU-23'].sort()).toEqual(ids.toSorted());
    for (const [id, file] of Object.entries(elsewhere))
      expect(readFileSync(new URL(file, import.meta.url), 'utf8')).toContain(id);
  });

  test.each(catalogue.attacks.filter(({ id }) => attacks[id] !== undefined))('$id: $vector', async ({ id }) => {
    const { files, happen, ends } = attacks[id] ?? { happen: () => Promise.resolve([]), ends: [] };
    await using scene = await stage(files === undefined ? {} : { files });
    const deliveries = await happen(scene);
    scene.server.forget();
    const all: Ended[] = [];
    for (const event of deliveries) all.push(await run(scene, ['dispatch', ...scripted(scene)], event));
    expect(all.map(({ status, stdout, stderr }) => ({ status, said: stdout + stderr }))).toEqual(
      ends.map(({ status, says }) => ({ status, said: expect.stringMatching(says) })),
    );
    // No model was asked, nothing was written, and no commit of a stranger was fetched.
    expect(scene.server.writes()).toEqual([]);
    expect(scene.server.count('git')).toBe(0);
  });
});

const notices = ({ repository }: Scene): string[] =>
  [...repository.discussions.values()].flatMap(({ comments }) =>
    comments.flatMap(({ body }) => (body.includes('starts no run now') ? [body] : [])),
  );
const decide = (scene: Scene, event: Record<string, string>): Promise<Ended> =>
  run(scene, ['dispatch', 'decide', '--quiet'], event, cloneOf(scene));

describe('AU-23: no more runs than the caps allow', () => {
  test('however often a label is set again, with one word about it', async () => {
    await using scene = await stage({ labels: [], files: { '.bugloop/config.yml': 'limits: { max_actor_runs_per_hour: 1 }\n' } });
    const said: string[] = [];
    for (let times = 0; times < 3; times += 1) {
      scene.issue.labels.length = 0;
      await scene.server.label(scene.issue, labels.trigger, 'maria');
      said.push((await decide(scene, eventFile(scene, 'issues', 'labeled'))).stdout);
    }
    const over = expect.stringContaining('Not started: the configuration allows 1 run an hour for one account');
    expect(said).toEqual(['solve #1\n', over, over]);
    expect(notices(scene)).toHaveLength(1);
  });

  test('however many issues are labelled at once', async () => {
    await using scene = await stage({ labels: [], files: { '.bugloop/config.yml': 'limits: { max_runs_per_hour: 1 }\n' } });
    const { server, repository } = scene;
    const events: Record<string, string>[] = [];
    for (let number = 2; number <= 4; number += 1) {
      const issue = await server.issue(repository, { title: `Bug ${number}`, body: 'x', author: 'guest' });
      await server.label(issue, labels.trigger, 'maria');
      events.push(eventFile(scene, 'issues', 'labeled'));
    }
    const all = await Promise.all(events.map((event) => decide(scene, event)));
    expect(all.map(({ status, stderr }) => ({ status, stderr }))).toEqual(events.map(() => ({ status: 0, stderr: '' })));
    expect(all.filter(({ stdout }) => stdout.startsWith('solve #'))).toHaveLength(1);
    expect(notices(scene)).toHaveLength(2);
  });
});
