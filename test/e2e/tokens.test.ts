import { describe, expect, test } from 'vitest';
import { branchesOf, expectOneOfEach, labels, labelsOf, run, scripted, stage, type Scene } from './github.ts';

/** What is said when a token or a setting is not enough: which permission, and where this kind of token gets it. */

type Seed = Parameters<Scene['server']['token']>[0];
type Refused = { status: number; says: RegExp; mend: RegExp };

const write = { contents: 'write', issues: 'write', pull_requests: 'write' } as const;

/** `undefined`: the variable is not set; a text: a token that GitHub did not make. */
const early: [string, string | undefined | Omit<Seed, 'repositories'>, Refused][] = [
  ['none', undefined, { status: 2, says: /GITHUB_TOKEN is not set.*\[env\.missing_token\]/, mend: /export GITHUB_TOKEN/ }],
  ['one with a space', 'ghp_FAKE FAKE', { status: 2, says: /GITHUB_TOKEN holds.*\[env\.bad_token\]/, mend: /without quotes/ }],
  ['one with other letters', 'ghp_FAKÉ', { status: 2, says: /GITHUB_TOKEN holds.*\[env\.bad_token\]/, mend: /without quotes/ }],
  [
    'a wrong fine-grained one',
    'github_pat_FAKE',
    { status: 4, says: /answered 401.*\[auth\.invalid\]/, mend: /settings\/personal-access-tokens/ },
  ],
  ['an expired classic one', { kind: 'expired' }, { status: 4, says: /expired \[auth\.invalid\]/, mend: /settings\/tokens/ }],
  [
    'a fine-grained one that may only read',
    { kind: 'read-only' },
    { status: 4, says: /needs contents: write/, mend: /set contents: write .*settings\/personal-access-tokens/ },
  ],
  [
    'that of a job without contents',
    { kind: 'actions', permissions: { ...write, contents: 'read' } },
    { status: 4, says: /needs contents: write/, mend: /contents: write under permissions: of the job/ },
  ],
  [
    'that of a job without issues',
    { kind: 'actions', permissions: { ...write, issues: 'read', pull_requests: 'read' } },
    { status: 4, says: /needs issues: write/, mend: /issues: write under permissions: of the job/ },
  ],
  [
    'that of an app without contents',
    { kind: 'app', permissions: { ...write, contents: 'read' } },
    { status: 4, says: /needs contents: write/, mend: /App’s settings.*installations/ },
  ],
  [
    'a classic one without scopes',
    { kind: 'classic', scopes: ['read:org'] },
    { status: 4, says: /needs the scope repo/, mend: /scope repo .*settings\/tokens/ },
  ],
  [
    'a classic one without single sign-on',
    { kind: 'classic', signOn: true },
    { status: 4, says: /single sign-on/, mend: /Configure SSO.*acme.*settings\/tokens/ },
  ],
  [
    'that of a person who may only read',
    { kind: 'classic', login: 'guest' },
    { status: 4, says: /account behind the token/, mend: /role Write: .*settings\/access/ },
  ],
];

/** Annotations are for the page of the workflow. */
const isForPeople = (line: string): boolean => !line.startsWith('::');

describe('a token that is not enough from the start', () => {
  test.each(early)('%s', async (_, seed, refused) => {
    await using scene = await stage();
    // A token that is not of the scene's own job is no token of a workflow.
    const kind = typeof seed === 'object' ? seed.kind : undefined;
    const value = typeof seed === 'object' ? scene.server.token({ ...seed, repositories: [scene.repository] }).value : seed;
    const env = { GITHUB_TOKEN: value, ...(kind === 'actions' ? { GITHUB_ACTIONS: 'true' } : {}) };
    const ended = await run(scene, ['solve', '1', ...scripted(scene)], env);
    const [told = '', mend = '', ...rest] = ended.stderr.trimEnd().split('\n').filter(isForPeople);
    expect({ status: ended.status, told, mend }).toEqual({
      status: refused.status,
      told: expect.stringMatching(refused.says) as unknown,
      mend: expect.stringMatching(refused.mend) as unknown,
    });
    expect(rest).toEqual([]);
    expect(ended.stderr + ended.stdout).not.toContain(value ?? 'FAKE');
    // Nothing half written.
    expect(await branchesOf(scene)).toEqual(['main']);
    expect(scene.issue.comments).toEqual([]);
    expect(labelsOf(scene)).toEqual([labels.trigger]);
    scene.server.assertClean();
  });
});

describe('a pull request that may not be opened leaves the branch and says so', () => {
  /** How it is forbidden, what then gives the token that may, and the command that goes on. */
  const causes: [string, string, (scene: Scene) => () => string, Refused][] = [
    [
      'by the repository’s setting',
      'resume',
      (scene) => {
        scene.repository.settings.actionsMayOpenPulls = false;
        return () => {
          scene.repository.settings.actionsMayOpenPulls = true;
          return scene.token.value;
        };
      },
      { status: 4, says: /does not let GitHub Actions create pull requests/, mend: /Allow GitHub Actions .*settings\/actions/ },
    ],
    [
      'by the job’s permissions',
      'solve',
      (scene) => {
        const whole = scene.token.value;
        const repositories = [scene.repository];
        const permissions = { ...write, pull_requests: 'read' } as const;
        scene.token = scene.server.token({ kind: 'actions', permissions, repositories });
        return () => whole;
      },
      { status: 4, says: /needs pull-requests: write/, mend: /pull-requests: write under permissions: of the job/ },
    ],
  ];

  test.each(causes)('%s; then %s opens it', async (_, second, forbid, refused) => {
    await using scene = await stage();
    const mended = forbid(scene);
    const ended = await run(scene, ['solve', '1', ...scripted(scene)], { GITHUB_ACTIONS: 'true' });
    expect({ status: ended.status, stderr: ended.stderr }).toEqual({
      status: refused.status,
      stderr: expect.stringMatching(refused.says) as unknown,
    });
    expect(ended.stderr).toMatch(/the proven fix is on bugloop\/issue-1, without a pull request/);
    expect(ended.stderr).toMatch(refused.mend);
    expect(await branchesOf(scene)).toEqual(['bugloop/issue-1', 'main']);
    expect(scene.server.pulls(scene.repository)).toEqual([]);
    expect(scene.issue.comments.at(-1)?.body).toContain('The work so far is on `bugloop/issue-1`');
    const branch = await scene.server.head(scene.repository, 'bugloop/issue-1');
    const env = { GITHUB_TOKEN: mended(), GITHUB_ACTIONS: 'true' };
    const again = await run(scene, [second, '1', ...scripted(scene)], env);
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('draft') as unknown });
    expect(await scene.server.head(scene.repository, 'bugloop/issue-1')).toBe(branch);
    await expectOneOfEach(scene);
    scene.server.assertClean();
  });
});
