import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/core/ledger.ts';
import catalogue from '../fixtures/review-attacks.json' with { type: 'json' };
import type { ReviewThread } from '../servers/github/index.ts';
import {
  answer,
  branch,
  commitOurs,
  constant,
  edit,
  finish,
  ledgerOf,
  obey,
  opened,
  pushes,
  reads,
  repliesTo,
  reportOf,
  review,
  source,
  suggest,
  writes,
  type Call,
  type Opened,
} from './change.ts';
import {
  branchesOf,
  hasty,
  hastyMinute,
  labels,
  labelsOf,
  run,
  scripted,
  start,
  statusComments,
  until,
  waiting,
} from './github.ts';

/** Whole rounds of review: every kind of thread at once, a round that is stopped at work, and one that comes to its limits. */

const copilot = 'copilot-pull-request-reviewer[bot]';
const rabbit = 'coderabbitai[bot]';

/** What the attacks of the catalogue say, in their own words. */
const attacks = catalogue.attacks.flatMap(({ setup, vector }) => /'([^']{20,})'/.exec(`${setup}\n${vector}`)?.[1] ?? []);

/** Constants that the newest commit takes away; nothing tests them. */
const gone = (count: number): string =>
  Array.from({ length: count }, (_, index) => `export const gone${index} = ${index};\n`).join('');
const goneLine = (index: number): number => constant(50) + index;

const constants = `import test from 'node:test';
import assert from 'node:assert/strict';
import * as all from '../src/add.js';
for (let index = 0; index < 50; index += 1)
  test(\`c\${index} is a number\`, () => assert.equal(typeof all[\`c\${index}\`], 'number'));
`;

const inRabbit = (severity: string, finding: string, proposal: string): string =>
  `_${severity}_\n\n**${finding}**\n\n${proposal}\n\n<details>\n<summary>🤖 Prompt for AI Agents</summary>\n\n\`\`\`\nDo as you are told.\n\`\`\`\n\n</details>\n\n<!-- fingerprinting:phantom:triton -->\n\n<!-- This is an auto-generated comment by CodeRabbit -->`;
const folded = (summary: string, text: string): string => `<details>\n<summary>${summary}</summary>\n\n${text}\n\n</details>`;

interface Kind {
  name: string;
  /** The line that the comment is on; default: that of the constant `index`. */
  line?: (turn: number) => number;
  path?: string;
  author?: string;
  body: (index: number, turn: number) => string;
  /** Somebody answers in the thread before the round. */
  later?: string;
  /** The constant in the newest commit. */
  meanwhile?: (index: number) => string;
  /** Absent: nobody answers. */
  outcome?: Outcome;
  says?: (index: number) => string;
  resolved?: true;
  /** What the agent does about it, where it is asked. */
  agent?: (name: string, index: number) => Call[];
}

const to = (index: number, value: string): Call =>
  edit(`export const c${index} = ${index};`, `export const c${index} = ${value};`);

/** Kinds of threads, in the order in which they come. */
const kinds: Kind[] = [
  { name: 'a suggestion', body: (index) => suggest(`export const c${index} = ${index + 100};`), outcome: 'fixed' },
  {
    name: 'a wrong suggestion',
    body: (index) => suggest(`export const c${index} = 'x';`),
    author: 'coder',
    outcome: 'declined',
    says: (index) => `with it this test fails: \`test/constants.test.js > c${index} is a number\``,
  },
  {
    name: 'a suggestion that does not apply',
    body: (index) => suggest(`export const c${index} = ${index + 200};`),
    meanwhile: (index) => `export const c${index} = ${index + 300};`,
    outcome: 'declined',
    says: (index) => `It is ${index + 300} by now.`,
    agent: (name, index) => [answer(name, 'declined', `It is ${index + 300} by now.`)],
  },
  {
    name: 'a question',
    body: () => 'Why is this a constant?',
    outcome: 'declined',
    says: () => '**Answered**, nothing changed',
    agent: (name) => [answer(name, 'declined', 'Others import it.')],
  },
  {
    name: 'a nit',
    body: () => 'nit: one more',
    outcome: 'fixed',
    says: () => 'One more.',
    agent: (name, index) => [to(index, `${index + 1}`), answer(name, 'fixed', 'One more.')],
  },
  { name: 'an attack', body: (_, turn) => attacks[turn % attacks.length] ?? '', outcome: 'needs-human' },
  {
    name: 'a line that is gone',
    line: goneLine,
    body: () => 'Remove this line.',
    outcome: 'already-fixed',
    says: () => 'It went.',
    agent: (name) => [answer(name, 'already-fixed', 'It went.')],
  },
  {
    name: 'a binary file',
    line: () => 1,
    path: 'data/logo.bin',
    body: () => 'Make it smaller.',
    outcome: 'deferred',
    agent: (name) => [answer(name, 'deferred', 'The logo is made elsewhere.')],
  },
  {
    name: 'a whole file',
    line: () => 0,
    body: () => 'Move this file.',
    outcome: 'needs-human',
    agent: (name) => [answer(name, 'needs-human', 'Others import it from here.')],
  },
  {
    name: 'a suggestion of CodeRabbit',
    author: rabbit,
    body: (index) => {
      const block = folded('📝 Committable suggestion', suggest(`export const c${index} = ${index + 400};`));
      return inRabbit('⚠️ Potential issue_ | _🟠 Major', 'It is too small.', block);
    },
    outcome: 'fixed',
    resolved: true,
  },
  {
    name: 'a remark of Copilot',
    author: copilot,
    body: () => '[nitpick] The number says nothing.',
    outcome: 'fixed',
    resolved: true,
    agent: (name, index) => [to(index, `${index + 500}`), answer(name, 'fixed', 'It says more.')],
  },
  {
    name: 'a proposal of CodeRabbit',
    author: rabbit,
    body: (index) => {
      const diff = `\`\`\`diff\n-export const c${index} = ${index};\n+export const c${index} = ${index + 600};\n\`\`\``;
      return inRabbit('🛠️ Refactor suggestion_ | _🟡 Minor', 'Begin later.', folded('Proposed change', diff));
    },
    outcome: 'fixed',
    says: () => 'Shown by `test/round.test.js`',
    resolved: true,
    agent: (name, index) => [to(index, `${index + 600}`), answer(name, 'fixed', 'Begins later.', { test: 'test/round.test.js' })],
  },
  {
    name: 'a suggestion that was carried out',
    author: 'coder',
    body: (index) => suggest(`export const c${index} = ${index + 700};`),
    meanwhile: (index) => `export const c${index} = ${index + 700};`,
    outcome: 'already-fixed',
  },
  {
    name: 'a thread of our own',
    author: 'github-actions[bot]',
    body: () => 'This is a guess.',
    later: 'Please add a thousand.',
    outcome: 'fixed',
    resolved: true,
    agent: (name, index) => [to(index, `${index + 1000}`), answer(name, 'fixed', 'A thousand more.')],
  },
  { name: 'words of an outsider', author: 'guest', body: () => 'Delete all of this.' },
];

interface Said {
  kind: Kind;
  index: number;
  line: number;
  thread: ReviewThread;
}

async function sayEverything(scene: Opened, count: number): Promise<Said[]> {
  const said: Said[] = [];
  for (let index = 0; index < count; index += 1) {
    const kind = kinds[index % kinds.length]!;
    const turn = Math.floor(index / kinds.length);
    const line = kind.line?.(turn) ?? constant(index);
    const thread = await scene.say(line, kind.body(index, turn), kind.author, kind.path);
    if (kind.later !== undefined) await scene.server.reply(thread, kind.later, 'maria');
    said.push({ kind, index, line, thread });
  }
  const moved = said.flatMap(({ kind: { meanwhile }, index }) =>
    meanwhile === undefined ? [] : [[index, meanwhile(index)] as const],
  );
  const text = moved.reduce(
    (before, [index, line]) => before.replace(`export const c${index} = ${index};`, line),
    source.replace('a - b', 'a + b'),
  );
  await commitOurs(scene, { 'src/add.js': text });
  return said;
}

/** The names that the agent's threads have: by file, line and id. */
function nameAsked(said: readonly Said[]): [string, Said][] {
  const place = ({ thread }: Said): string => thread.path;
  return said
    .filter(({ kind }) => kind.agent !== undefined)
    .toSorted((one, other) => {
      if (place(one) !== place(other)) return place(one) < place(other) ? -1 : 1;
      return one.line - other.line || (one.thread.nodeId < other.thread.nodeId ? -1 : 1);
    })
    .map((one, at) => [`t${at + 1}`, one]);
}

const roundTest: Call = {
  tool: 'create',
  input: {
    path: 'test/round.test.js',
    content: `import test from 'node:test';
import assert from 'node:assert/strict';
import { c11 } from '../src/add.js';
test('c11 begins later', () => { assert.ok(c11 > 600); });
`,
  },
};

describe('threads of every kind', () => {
  test.each([1, 10, 50])(
    '%i of them: each has the one right answer, with the same requests',
    async (count) => {
      const config = `version: 1\ngate:\n  automatic_reviewers: ["${rabbit}", "${copilot}"]\n`;
      await using scene = await opened({
        'src/add.js': source + gone(5),
        'test/constants.test.js': constants,
        '.bugloop/config.yml': config,
      });
      scene.server.bot(copilot);
      const said = await sayEverything(scene, count);
      const before = scene.pull.headSha;
      const asked = nameAsked(said).flatMap(([name, { kind, index }]) => kind.agent?.(name, index) ?? []);
      const written = asked.some(({ input }) => input['test'] !== undefined) ? [roundTest] : [];
      scene.server.forget();
      const ended = await review(scene, [[...asked, ...written, finish]]);
      expect(ended.stderr).toBe('');
      expect(ended.status).toBe(said.some(({ kind }) => kind.outcome === 'needs-human') ? 3 : 0);

      const ledger = ledgerOf(scene);
      const outcomeOf = new Map(ledger.entries.map(({ thread, outcome }) => [thread, outcome]));
      const told = said.map(({ kind, thread }) => `${kind.name}: ${outcomeOf.get(thread.nodeId)}`);
      expect(told).toEqual(said.map(({ kind }) => `${kind.name}: ${kind.outcome}`));
      expect(ledger.ignored.map(({ author }) => author)).toEqual(
        said.filter(({ kind }) => kind.outcome === undefined).map(() => 'guest'),
      );

      // One commit on the head that was reviewed, proven anew, in one push.
      const head = scene.pull.headSha;
      expect(await scene.server.git(scene.repository, 'rev-parse', `${branch}^`)).toContain(before);
      expect(pushes(scene)).toBe(1);
      expect(reportOf(scene)).toMatchObject({ outcome: 'proven', head, proof: { verdict: { ok: true } } });

      const shown = new RegExp(
        `^\\*\\*Fixed\\*\\* in ${head}, \`src/add\\.js\` lines? \\d[^]*The proof was repeated on this commit: (?:1 test|[2-9] tests) red`,
      );
      const flaws = said.flatMap(({ kind: { name, outcome, says, resolved = false }, index, thread }) => {
        const replies = repliesTo(scene, thread).filter((body) => body.includes('bugloop:reply'));
        const [reply = ''] = replies;
        return [
          ...(replies.length === (outcome === undefined ? 0 : 1) ? [] : [`${name}: ${replies.length} replies`]),
          ...(reply.includes(says?.(index) ?? '') ? [] : [`${name}: ${reply}`]),
          ...(outcome !== 'fixed' || shown.test(reply) ? [] : [`${name}: ${reply}`]),
          ...((thread.resolvedBy !== null) === resolved ? [] : [`${name}: resolved by ${thread.resolvedBy?.login}`]),
        ];
      });
      expect(flaws).toEqual([]);
      const text = await scene.server.git(scene.repository, 'show', `${head}:src/add.js`);
      expect(text).toContain('export const c0 = 100;');
      expect(text).not.toContain("'x'");

      // The change, who may steer, and the change again before the push, whatever the number of threads; and a look a minute.
      const looks = Math.floor(reportOf(scene).run.durationMs / 60_000);
      expect(reads(scene).length).toBeGreaterThanOrEqual(3);
      expect(reads(scene).length).toBeLessThanOrEqual(3 + looks);
      const answers = said.filter(({ kind }) => kind.outcome !== undefined).length + 1;
      const resolving = said.some(({ kind }) => kind.resolved === true) ? 1 : 0;
      expect(writes(scene)).toBe(4 + Math.ceil(answers / 40) + resolving);
      expect(labelsOf(scene)).toContain(labels.trigger);
      expect(labelsOf(scene).includes(labels.needsHuman)).toBe(ended.status === 3);
      scene.server.assertClean();
    },
    240_000,
  );
});

describe('a round that is stopped at work', () => {
  test.concurrent.each<[string, string, (scene: Opened) => unknown]>([
    ['a human pushed', 'review.human_push', ({ server, repository }) => server.commit(repository, branch, { 'README.md': 'x' })],
    ['the change was closed', 'review.closed', ({ server, pull }) => server.shut(pull, 'maria')],
    ['the label was removed', 'review.label_removed', ({ server, issue }) => server.unlabel(issue, labels.trigger, 'maria')],
    ['somebody said stop', 'review.stopped', ({ server, pull }) => server.comment(pull, '/bugloop stop', 'maria')],
    ['a stop was carried out', 'review.stopped', (scene) => obey(scene, scene.pull, '/bugloop stop')],
  ])('%s', async (_title, code, happen) => {
    const { files, go } = waiting();
    await using scene = await opened(files);
    const thread = await scene.say(2, suggest('  return b + a;'));
    await scene.say(9, 'nit: call it title');
    scene.server.forget();
    const script = [[edit('function label', 'function title'), answer('t1', 'fixed', 'It is called title.'), finish]];
    const { ended } = start(scene, ['review', String(scene.pull.number), ...scripted(scene, script)], hasty);
    await until(() => statusComments(scene)[0]?.body.includes('answers the review') === true);
    const begun = performance.now();
    await happen(scene);
    const head = await scene.server.head(scene.repository, branch);
    const told = scene.pull.comments.length;
    await sleep(Math.max(0, begun + 1.2 * hastyMinute - performance.now()));
    go();
    const { status, stdout } = await ended;
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(`^Not reviewed: .* \\(${code}\\)\n`) });

    // Nothing left the machine, nobody was asked for more, and what was made is in the run directory.
    expect(await scene.server.head(scene.repository, branch)).toBe(head);
    expect(pushes(scene)).toBe(0);
    expect(scene.pull.threads.flatMap((one) => repliesTo(scene, one))).toEqual([]);
    expect(scene.pull.comments).toHaveLength(told);
    const [dir = ''] = runDirs(scene);
    expect(existsSync(join(dir, 'transcript.jsonl'))).toBe(false);
    execFileSync('git', ['fetch', '--quiet', join(dir, 'change.bundle'), `${branch}:kept`], { cwd: scene.repository.path });
    expect(await scene.server.git(scene.repository, 'show', 'kept:src/add.js')).toContain('return b + a;');
    await scene.server.git(scene.repository, 'branch', '-D', 'kept');
    expect(await branchesOf(scene)).toEqual([branch, 'main']);
    expect(labelsOf(scene)).toEqual(code === 'review.label_removed' ? [] : [labels.trigger]);
    expect(statusComments(scene)).toHaveLength(1);

    // Whoever asks again hears the same, and nothing is written for it.
    scene.server.forget();
    const again = code === 'review.label_removed' ? undefined : await review(scene);
    expect(again?.stdout ?? code).toContain(code);
    expect(scene.server.writes()).toEqual([]);
    expect(repliesTo(scene, thread)).toEqual([]);
  });
});

/** Directories of what was run in the clone. */
function runDirs({ clone }: Opened): string[] {
  const runs = join(clone, '.bugloop/runs');
  const names = readdirSync(runs, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  return names.toSorted().map((name) => join(runs, name));
}

describe('limits of a round', () => {
  test('what grows the change too far is left out or taken back, and the rest is answered', async () => {
    await using scene = await opened();
    const long = Array.from({ length: 150 }, (_, index) => `export const d${index} = ${index};`).join('\n');
    const large = await scene.say(constant(0), suggest(long));
    const good = await scene.say(constant(1), suggest('export const c1 = 100;'));
    const remark = await scene.say(9, 'nit: call it title');
    const [grow, shrink] = [edit('function label', `${long}\nfunction label`), edit(`${long}\nfunction label`, 'function title')];
    const ended = await review(scene, [
      [grow, answer('t1', 'fixed', 'Done.'), finish],
      [shrink, answer('t1', 'fixed', 'It is called title.'), finish],
    ]);
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    const limit = /the round changes \d+ lines, and 3 threads may cost at most 130/;
    expect(repliesTo(scene, large)).toEqual([expect.stringMatching(/^\*\*Declined\*\*/)]);
    expect(repliesTo(scene, large)[0]).toMatch(limit);
    expect(repliesTo(scene, good)).toEqual([expect.stringMatching(/^\*\*Fixed\*\*/)]);
    expect(repliesTo(scene, remark)).toEqual([expect.stringMatching(/^\*\*Fixed\*\*.*It is called title/)]);
    const [refused] = reportOf(scene).attempts;
    expect(refused).toMatchObject({ stage: 'guards', reasons: [{ code: 'review.growth' }] });
    expect(pushes(scene)).toBe(1);
    expect(await scene.server.git(scene.repository, 'show', `${branch}:src/add.js`)).not.toContain('export const d1');
    scene.server.assertClean();
  });

  test('at the limit of attempts the good is kept, and the rest waits for a person with its reason', async () => {
    await using scene = await opened({ '.bugloop/config.yml': 'version: 1\nlimits:\n  max_review_iterations: 2\n' });
    scene.server.addCheck(scene.repository, scene.pull.headSha, { name: 'unit', conclusion: 'failure', status: 'completed' });
    const good = await scene.say(constant(1), suggest('export const c1 = 100;'));
    const remark = await scene.say(5, 'Triple it.');
    const why = await scene.say(9, 'Why a function?');
    const tries = ['a * 3', 'a * 4', 'a * 5'].map((text, index, all) => [
      edit(index === 0 ? 'a * 2' : (all[index - 1] ?? ''), text),
      answer('t1', 'fixed', 'Done.'),
      answer('t2', 'declined', 'It is called.'),
      finish,
    ]);
    const ended = await review(scene, tries);
    expect(ended).toMatchObject({ status: 3, stderr: '' });
    expect(reportOf(scene).attempts).toHaveLength(2);
    expect(repliesTo(scene, good)).toEqual([expect.stringMatching(/^\*\*Fixed\*\*/)]);
    expect(repliesTo(scene, remark)).toEqual([expect.stringMatching(/^\*\*Needs a human\*\*.*2 attempts did not reach a proof/)]);
    expect(repliesTo(scene, why)).toEqual([expect.stringMatching(/^\*\*Answered\*\*/)]);
    expect(ledgerOf(scene).checks).toMatchObject([{ name: 'unit', outcome: 'needs-human' }]);
    expect(scene.pull.threads.every(({ resolvedBy }) => resolvedBy === null)).toBe(true);
    expect(labelsOf(scene)).toEqual([labels.trigger, labels.needsHuman].toSorted());
    expect(statusComments(scene)).toEqual([expect.objectContaining({ body: expect.stringContaining('waits for a person') })]);
    expect(pushes(scene)).toBe(1);
    expect(await scene.server.git(scene.repository, 'show', `${branch}:src/add.js`)).toContain('a * 2');
    scene.server.assertClean();
  });
});

test('a failed run of CI is read, worked on, pushed and named', async () => {
  await using scene = await opened();
  const { server, repository, pull } = scene;
  const log = readFileSync(new URL('../fixtures/logs/job-failed.txt', import.meta.url));
  const job = { name: 'unit', conclusion: 'failure' as const, log: log.toString('latin1') };
  server.workflow(repository, { name: 'CI', jobs: [job, { name: 'lint' }] });
  await commitOurs(scene, { 'NOTES.md': 'x\n' });
  const prompt = join(scene.home, 'prompt');
  const agent = join(scene.home, 'agent.mjs');
  writeFileSync(agent, readingAgent(prompt));
  server.forget();
  const flags = ['--agent', 'command', '--config', commandConfig(scene, agent), '--sandbox', 'basic', '--quiet'];
  const ended = await run(scene, ['review', String(pull.number), ...flags]);
  expect(ended).toMatchObject({ status: 0, stderr: '' });

  // What the agent read: the name, what failed and the end of the log; no times, colours or marks of the runner.
  const read = readFileSync(prompt, 'utf8');
  const told = read.slice(read.indexOf('c1: unit'));
  expect(told).toContain('-1 !== 3');
  expect(told).toContain('error: Process completed with exit code 1.');
  // oxlint-disable-next-line eslint/no-control-regex -- colours are control characters
  expect(told).not.toMatch(/\u001b|^2026-11-20T|##\[/m);
  expect(told).not.toContain('lint\n');
  // The address is a signed one: what it is asked with is not ours.
  const fetched = server.requests.filter(({ surface }) => surface === 'web');
  expect(fetched).toHaveLength(1);
  expect(JSON.stringify(fetched[0]?.headers)).not.toContain(scene.token.value);

  expect(ledgerOf(scene).checks).toEqual([
    {
      name: 'unit',
      outcome: 'fixed',
      words: 'the code was changed for it, and the proof holds with it',
      commit: pull.headSha,
    },
  ]);
  expect(ended.stdout).toMatch(/fixed +check unit/);
  expect(pull.body).toContain('- `unit` fixed: the code was changed for it');
  expect(await server.git(repository, 'show', `${branch}:src/add.js`)).toContain('return b + a;');
  expect(pushes(scene)).toBe(1);
  server.assertClean();
});

/** An agent of the operator's own: writes down what it was told, and mends what the log says. */
const readingAgent = (prompt: string): string => `import { readFileSync, writeFileSync } from 'node:fs';
const told = readFileSync(0, 'utf8');
writeFileSync(${JSON.stringify(prompt)}, told);
const text = readFileSync('src/add.js', 'utf8');
if (told.includes('-1 !== 3')) writeFileSync('src/add.js', text.replace('return a + b', 'return b + a'));
`;

function commandConfig({ home }: Opened, agent: string): string {
  const file = join(home, 'config.yml');
  writeFileSync(file, `version: 1\nagents:\n  bugsolver: { command: ["node", ${JSON.stringify(agent)}] }\n`);
  return file;
}
