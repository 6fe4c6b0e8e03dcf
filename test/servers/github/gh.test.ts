import { describe, expect, onTestFinished, test } from 'vitest';
import { ghAgainst, ghIsMissing } from '../../support/gh.ts';
import { startGitHub } from './index.ts';

/** GitHub's own command line judges the double: it was written against the real thing and knows nothing of us. */

async function setUp() {
  const github = await startGitHub();
  onTestFinished(() => github.close());
  const repository = await github.repository({ owner: 'ada', name: 'sums', files: { 'sum.js': 'a - b\n' }, labels: ['bug'] });
  const token = github.token({ kind: 'classic', login: 'ada', scopes: ['repo', 'read:org'] });
  const gh = ghAgainst(github, token);
  return { github, repository, token, gh };
}
const repo = ['--repo', 'github.localhost/ada/sums'];

describe.skipIf(ghIsMissing)('gh', () => {
  test('lists and shows issues, comments, labels', async () => {
    const { github, repository, gh } = await setUp();
    const issue = await github.issue(repository, { title: 'sum subtracts', body: 'It is -1.', labels: ['bug'] });
    expect(await gh('issue', 'list', ...repo, '--label', 'bug')).toContain('sum subtracts');
    await gh('issue', 'comment', '1', ...repo, '--body', 'I see it too');
    expect(issue.comments.map((comment) => comment.body)).toEqual(['I see it too']);
    expect(JSON.parse(await gh('issue', 'view', '1', ...repo, '--json', 'title,labels,comments,state'))).toMatchObject({
      title: 'sum subtracts',
      state: 'OPEN',
      labels: [{ name: 'bug' }],
      comments: [{ body: 'I see it too', author: { login: 'ada' } }],
    });
    await gh('issue', 'close', '1', ...repo);
    expect(issue.state).toBe('closed');
  });

  test('opens a draft, sees its checks, makes it ready, and is told that there is one already', async () => {
    const { github, repository, gh } = await setUp();
    const sha = await github.commit(repository, 'fix', { 'sum.js': 'a + b\n' });
    expect(
      await gh('pr', 'create', ...repo, '--head', 'fix', '--base', 'main', '--title', 'Fix', '--body', 'Closes #9', '--draft'),
    ).toContain('/pull/1');
    const [pull] = github.pulls(repository);
    expect(pull).toMatchObject({ draft: true, headSha: sha });
    await expect(
      gh('pr', 'create', ...repo, '--head', 'fix', '--base', 'main', '--title', 'Again', '--body', ''),
    ).rejects.toThrow(/already exists/);

    github.addCheck(repository, sha, { name: 'build', conclusion: 'success' });
    github.addStatus(repository, sha, { context: 'legacy/ci', state: 'success' });
    expect(await gh('pr', 'checks', '1', ...repo)).toMatch(/build\tpass[\s\S]*legacy\/ci\tpass/);
    github.addCheck(repository, sha, { name: 'lint', conclusion: 'failure' });
    await expect(gh('pr', 'checks', '1', ...repo)).rejects.toThrow(/Command failed/);

    await gh('pr', 'ready', '1', ...repo);
    expect(pull?.draft).toBe(false);
    expect(
      JSON.parse(
        await gh(
          'pr',
          'view',
          '1',
          ...repo,
          '--json',
          'isDraft,additions,deletions,files,commits,mergeable,statusCheckRollup,reviewDecision',
        ),
      ),
    ).toMatchObject({
      isDraft: false,
      additions: 1,
      deletions: 1,
      files: [{ path: 'sum.js', additions: 1, deletions: 1 }],
      mergeable: 'UNKNOWN',
    });
    expect(await gh('pr', 'list', ...repo)).toContain('Fix');
  });

  test('reads with its plain API call, pages included', async () => {
    const { github, repository, gh } = await setUp();
    for (let number = 1; number <= 5; number++) await github.issue(repository, { title: `issue ${number}` });
    const titles = await gh('api', '--paginate', 'repos/ada/sums/issues?per_page=2&direction=asc', '--jq', '.[].title');
    expect(titles.split('\n')).toEqual(['issue 1', 'issue 2', 'issue 3', 'issue 4', 'issue 5']);
  });
});
