import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TestRepo } from '../support/repo.ts';
import { goldTest, makeShop, solve } from './play.ts';

/** A repository whose configuration names this program as the agent. It stands in the repository, where the sandbox sees it. */
function makeShopWith(program: string, config = ''): TestRepo {
  const repo = makeShop({
    'tools/agent.sh': `#!/bin/sh\n${program}\n`,
    '.bugloop/config.yml': `agents:\n  bugsolver: { use: command, command: ["sh", "tools/agent.sh"]${config} }\nlimits: { max_ralph_iterations: 1 }\n`,
  });
  chmodSync(join(repo.path, 'tools/agent.sh'), 0o644);
  return repo;
}
const codes = (report: Awaited<ReturnType<typeof solve>>['report']): string[] =>
  (report?.attempts ?? []).flatMap(({ reasons }) => reasons.map(({ code }) => code));

describe('any program as the agent', () => {
  test.concurrent('is found out when it lies', async () => {
    const { exitCode, report } = await solve(makeShopWith('cat >/dev/null; echo "Fixed! All tests pass."; exit 0'), []);
    expect(exitCode).toBe(3);
    expect(report?.outcome).toBe('escalated');
    expect(codes(report)).toEqual(['change.empty']);
    expect(report?.agent.name).toBe('command');
  });

  test.concurrent('is proven when it edits, whatever it says', async () => {
    const program = [
      'cat > prompt.txt.ignored; rm prompt.txt.ignored',
      "sed -i 's/sum += line.price;/sum += line.price * line.quantity;/' src/cart.js",
      `cat > test/quantity.test.js <<'END'\n${goldTest}END`,
      'echo "I could not do it."; exit 1',
    ].join('\n');
    const { exitCode, report, stderr } = await solve(makeShopWith(program), []);
    expect(stderr).not.toContain('Error:');
    expect(report?.outcome).toBe('proven');
    expect(exitCode).toBe(0);
  });

  test.concurrent('is refused when it deletes the tests it was asked to pass', async () => {
    const { exitCode, report } = await solve(makeShopWith('rm test/cart.test.js; echo "All tests pass."'), []);
    expect(exitCode).toBe(3);
    expect(codes(report).some((code) => code.startsWith('integrity.'))).toBe(true);
  });

  test.concurrent('sees the variables that are named for it, and no other secret', async () => {
    // Run with the key that the configuration names and with one that it does not.
    const program = 'env > src/env.txt; cat >/dev/null';
    const repo = makeShopWith(program, ', env: [EXAMPLE_AGENT_KEY]');
    const { report } = await solve(repo, ['--debug'], {
      EXAMPLE_AGENT_KEY: 'named-for-the-agent',
      ANTHROPIC_API_KEY: 'canary-of-the-model',
      GITHUB_TOKEN: 'canary-of-the-forge',
    });
    const patch = repo.git('bundle', 'list-heads', join(repo.path, '.bugloop/runs', report?.run.id ?? '', 'change.bundle'));
    expect(patch).not.toBe('');
    repo.git('fetch', '--quiet', join(repo.path, '.bugloop/runs', report?.run.id ?? '', 'change.bundle'), report?.head ?? '');
    const seen = repo.git('show', `${report?.head}:src/env.txt`);
    expect(seen).toContain('EXAMPLE_AGENT_KEY=named-for-the-agent');
    expect(seen).not.toMatch(/canary/);
  });

  test.concurrent('is not started without the variable it needs', async () => {
    const repo = makeShopWith('true', ', env: [EXAMPLE_AGENT_KEY]');
    const { exitCode, stderr, report } = await solve(repo, []);
    expect([2, 3]).toContain(exitCode);
    expect(`${stderr}${report?.escalation?.message}`).toContain('EXAMPLE_AGENT_KEY');
  });
});

test('the example configurations are valid and name a program', async () => {
  const { parseConfig } = await import('../../src/core/config-file.ts');
  const { readFileSync } = await import('node:fs');
  for (const name of ['claude-cli', 'codex-cli']) {
    const file = new URL(`../../examples/config/${name}.yml`, import.meta.url);
    const parsed = parseConfig(readFileSync(file), file.pathname);
    expect(parsed).toMatchObject({ ok: true, config: { agents: { bugsolver: { use: 'command' } } } });
  }
});
