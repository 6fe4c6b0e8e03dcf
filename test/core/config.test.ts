import { describe, expect, test } from 'vitest';
import { priceTable } from '../../src/core/cost.ts';
import { parseCommand } from '../../src/core/command.ts';
import { normalise, writtenSchema } from '../../src/core/config.ts';
import { parseConfig, type ConfigProblem } from '../../src/core/config-file.ts';
import { isValidRef, isValidRefPrefix } from '../../src/core/ref.ts';
import { suggest } from '../../src/core/suggest.ts';

const file = '.bugloop/config.yml';

function problemsOf(text: string | Uint8Array): ConfigProblem[] {
  const parsed = parseConfig(text, file);
  return parsed.ok ? [] : parsed.problems;
}

function configOf(text: string) {
  const parsed = parseConfig(text, file);
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
  return parsed.config;
}

/** The file as the contract shows it, with a value that differs from the default wherever there is one. */
const whole = `
version: 1
labels:
  trigger: "fix me"
  in-progress: "fixing"
  needs-human: "help"
limits:
  max_ralph_iterations: 3
  max_review_iterations: 2
  timeout_minutes: 20
  max_diff_lines: 100
  max_diff_bytes: 1000
  max_cost_usd: 0.5
  max_turns: 7
  max_runs_per_hour: 6
  max_runs_per_day: 8
  max_actor_runs_per_hour: 2
  max_actor_runs_per_day: 4
branch_prefix: "fix/"
agents:
  bugsolver: { assignee: "fixer", accounts: [7], use: command, model: some-model, command: ["codex", "exec"], env: [OPENAI_API_KEY] }
  reviewer: { external: false }
base: develop
commands: { setup: "npm ci", build: "npm run build", test: 'npm test -- "a b"', test_files: "npx vitest run {files}", lint: eslint, typecheck: [tsc, --noEmit] }
results: { junit: "reports/*.xml", coverage: "coverage/lcov.info" }
tests: ["checks/**"]
protected_paths: ["migrations/**"]
sensitive_words: [money]
proof: { repeat: 5, required: false }
gate: { ci: none, approvals: 2, automatic_reviewers: ["reviewer[bot]"], review_commands: [{ reviewer: "reviewer[bot]", command: "@reviewer look" }] }
reviewers: { request: true }
human_approval: { plan: true }
triggers: { bots: [49699333] }
prices: { date: 2026-11-01, models: [{ model: in-house, input: 1, output: 2, cache_write: 1.5, cache_read: 0.5 }] }
network: { setup: false, build: true, test: true }
`;

describe('normal form', () => {
  test('an empty file has every default', () => {
    const parsed = parseConfig('# nothing yet\n', file);
    expect(parsed).toEqual({ ok: true, config: normalise({}), notes: [`${file} is empty, using defaults`] });
    expect(normalise({})).toMatchObject({
      labels: { trigger: 'bug:autofix', inProgress: 'bugloop:solving', needsHuman: 'bugloop:escalated' },
      limits: {
        maxRalphIterations: 10,
        maxReviewIterations: 5,
        timeoutMinutes: 30,
        maxDiffLines: 500,
        maxCostUsd: 5,
        maxTurns: 100,
      },
      branchPrefix: 'bugloop/',
      agents: { bugsolver: { assignee: 'bugsolver-bot', use: 'auto', model: 'claude-opus-5-5', command: undefined, env: [] } },
      proof: { repeat: 2, required: true },
      gate: { ci: 'required', approvals: 0, automaticReviewers: ['coderabbitai[bot]'] },
      network: { setup: true, build: false, test: false },
    });
  });

  test('every key of the file arrives', () => {
    expect(configOf(whole)).toEqual({
      labels: { trigger: 'fix me', inProgress: 'fixing', needsHuman: 'help' },
      limits: {
        maxRalphIterations: 3,
        maxReviewIterations: 2,
        timeoutMinutes: 20,
        maxDiffLines: 100,
        maxDiffBytes: 1000,
        maxCostUsd: 0.5,
        maxTurns: 7,
        maxRunsPerHour: 6,
        maxRunsPerDay: 8,
        maxActorRunsPerHour: 2,
        maxActorRunsPerDay: 4,
      },
      branchPrefix: 'fix/',
      agents: {
        bugsolver: {
          assignee: 'fixer',
          accounts: [41_898_282, 7],
          use: 'command',
          model: 'some-model',
          command: ['codex', 'exec'],
          env: ['OPENAI_API_KEY'],
        },
        reviewer: { external: false },
      },
      base: 'develop',
      commands: {
        setup: ['npm', 'ci'],
        build: ['npm', 'run', 'build'],
        test: ['npm', 'test', '--', 'a b'],
        testFiles: ['npx', 'vitest', 'run', '{files}'],
        lint: ['eslint'],
        typecheck: ['tsc', '--noEmit'],
      },
      results: { junit: 'reports/*.xml', coverage: 'coverage/lcov.info' },
      tests: ['checks/**'],
      protectedPaths: ['migrations/**'],
      sensitiveWords: ['money'],
      proof: { repeat: 5, required: false },
      gate: {
        ci: 'none',
        approvals: 2,
        automaticReviewers: ['reviewer[bot]'],
        reviewCommands: [{ reviewer: 'reviewer[bot]', command: '@reviewer look' }],
      },
      reviewers: { request: true },
      humanApproval: { plan: true },
      triggers: { bots: [49_699_333] },
      prices: {
        ...priceTable,
        models: {
          ...priceTable.models,
          'in-house': { input: 1, output: 2, cacheWrite: 1.5, cacheRead: 0.5, date: '2026-11-01' },
        },
      },
      network: { setup: false, build: true, test: true },
    });
  });

  test('the sample above leaves no key of the schema out', () => {
    const shown = Object.keys(writtenSchema.shape).filter((key) => key !== 'budget');
    expect(shown.filter((key) => !whole.includes(`\n${key}:`))).toEqual([]);
  });

  test('budget.usd_per_issue is another spelling of limits.max_cost_usd', () => {
    expect(configOf('budget: {usd_per_issue: 2}').limits.maxCostUsd).toBe(2);
  });
});

describe('problems', () => {
  test('all at once, in the order of the file, each with place, key, and a way to mend it', () => {
    const problems = problemsOf(
      ['lables: {}', 'limits:', '  timeout_minutes: 0', 'commands:', '  test: npm test | tee log', 'gate: {ci: maybe}'].join(
        '\n',
      ),
    );
    expect(problems.map(({ code, key, line, column }) => ({ code, key, line, column }))).toEqual([
      { code: 'config.unknown_key', key: 'lables', line: 1, column: 1 },
      { code: 'config.range', key: 'limits.timeout_minutes', line: 3, column: 20 },
      { code: 'config.command', key: 'commands.test', line: 5, column: 9 },
      { code: 'config.range', key: 'gate.ci', line: 6, column: 12 },
    ]);
    for (const { message, hint } of problems) {
      expect(message).toMatch(/^\.bugloop\/config\.yml:\d+:\d+: /);
      expect(message).not.toContain('\n');
      expect(hint).not.toBe('');
    }
  });

  test('a wrong value does not hide a broken rule', () => {
    const problems = problemsOf('labels: {trigger: x, in-progress: X}\nlimits: {max_turns: no}');
    expect(problems.map(({ code }) => code)).toEqual(['config.conflict', 'config.type']);
  });

  test.each([
    ['a secret in a comment', '# ghp_0123456789abcdef0123\nversion: 1', 'config.secret_in_file', '1:3'],
    ['a secret in a known key', 'agents: {bugsolver: {model: sk-0123456789abcdef}}', 'config.secret_in_file', '1:29'],
    ['a variable instead of a key', 'llm: {api_key: $ANTHROPIC_API_KEY}', 'config.forbidden_key', 'llm.api_key'],
    ['a proxy', 'https_proxy: http://127.0.0.1:1', 'config.forbidden_key', 'https_proxy'],
    ['a certificate', 'tls: {ca_cert: x.pem}', 'config.forbidden_key', 'tls.ca_cert'],
    ['a key written twice', 'base: a\nbase: b', 'config.parse', '2:1'],
    ['several documents', 'base: a\n---\nbase: b', 'config.parse', 'line 2'],
    ['a key that is a list', '? [a]\n: 1', 'config.parse', 'plain text'],
    ['an alias', 'base: &b main\nbranch_prefix: *b', 'config.too_complex', '2:16'],
    ['deep nesting', '['.repeat(30_000), 'config.too_complex', 'deep'],
    ['a huge file', `base: ${'x'.repeat(70_000)}`, 'config.too_complex', '65536'],
    ['a custom tag on a known key', 'base: !env HOME', 'config.tag', 'tag'],
    ['a merge key', '<<: {base: main}', 'config.unknown_key', '<<'],
    ['infinity', 'limits: {max_cost_usd: .inf}', 'config.type', 'limits.max_cost_usd'],
    ['half an iteration', 'limits: {max_turns: 1.5}', 'config.type', 'limits.max_turns'],
    ['a section without content', 'limits:', 'config.type', 'limits'],
    ['a branch that is an option', 'base: --upload-pack=x', 'config.ref', 'base'],
    ['a lifted path', 'protected_paths: ["!.github/"]', 'config.unsafe', 'protected_paths[0]'],
    ['an extended pattern', 'tests: ["+(a|+(b))"]', 'config.path', 'tests[0]'],
    ['a costly pattern', `tests: ["${'**/'.repeat(9)}x"]`, 'config.path', 'tests[0]'],
    ['a forge token for the agent', 'agents: {bugsolver: {env: [GITHUB_TOKEN]}}', 'config.unsafe', 'agents.bugsolver.env[0]'],
    ['every reviewer', 'gate: {automatic_reviewers: ["*"]}', 'config.unsafe', 'gate.automatic_reviewers[0]'],
    [
      'a command with more in it',
      'gate: {review_commands: [{reviewer: "x[bot]", command: "@x review\\n/other merge"}]}',
      'config.range',
      'gate.review_commands[0].command',
    ],
    ['test_files without files', 'commands: {test_files: npx vitest run}', 'config.command', '{files}'],
    ['a budget said twice', 'budget: {usd_per_issue: 1}\nlimits: {max_cost_usd: 2}', 'config.conflict', 'budget.usd_per_issue'],
    ['a bot by its name', 'triggers: {bots: ["dependabot[bot]"]}', 'config.type', 'gh api /users/<login> --jq .id'],
    ['a bot that is bugloop', 'triggers: {bots: [41898282]}', 'config.conflict', 'it would start itself'],
    ['prices without a day', 'prices: {models: []}', 'config.type', 'prices.date: expected a day as YYYY-MM-DD, found nothing'],
    ['prices of no day', 'prices: {date: lately, models: []}', 'config.range', 'prices.date'],
    [
      'a price below nothing',
      'prices: {date: 2026-11-01, models: [{model: a, input: -1, output: 1, cache_write: 1, cache_read: 1}]}',
      'config.range',
      'prices.models[0].input',
    ],
    ['no run at all', 'limits: {max_runs_per_hour: 0}', 'config.range', 'limits.max_runs_per_hour'],
    ['a command with a variable', 'commands: {test: "npm test $ARGS"}', 'config.command', '$ARGS'],
    ['a command that is a number', 'commands: {test: 1}', 'config.type', 'commands.test'],
    ['prototype of a section', 'limits: {__proto__: {max_turns: 1}}', 'config.unknown_key', 'limits.__proto__'],
  ])('%s', (_what, text, code, part) => {
    const [problem, ...others] = problemsOf(text);
    expect(problem).toMatchObject({ code, message: expect.stringContaining(part) });
    expect(others).toEqual([]);
    expect(problem?.message).not.toMatch(/0123456789abcdef/);
  });

  test('prototype keys change nothing', () => {
    problemsOf('__proto__: {polluted: true}\nconstructor: {prototype: {polluted: true}}');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test('a byte order mark is no problem', () => {
    expect(configOf('\uFEFFbase: main').base).toBe('main');
  });
});

describe('commands', () => {
  test.each([
    ['npx vitest run {files}', ['npx', 'vitest', 'run', '{files}']],
    [`pytest -k "a b" 'c d' e\\ f`, ['pytest', '-k', 'a b', 'c d', 'e f']],
    ['mocha test/*.js', ['mocha', 'test/*.js']],
    ['go test ./...', ['go', 'test', './...']],
    [`node -e 'process.exit(1); // $HOME'`, ['node', '-e', 'process.exit(1); // $HOME']],
  ])('%s', (line, command) => {
    expect(parseCommand(line)).toEqual({ ok: true, command });
  });

  test.each([
    'a; b',
    'a && b',
    'a || b',
    'a | b',
    'a & b',
    'a > b',
    'a < b',
    'a $(b)',
    'a `b`',
    'a $B',
    'a "$B"',
    'a # b',
    'A=1 b',
    'a\nb',
    'a "b',
    "a 'b",
    '(a)',
    '',
  ])('needs a shell or is none: %s', (line) => {
    expect(parseCommand(line).ok).toBe(false);
  });
});

describe('refs', () => {
  test.each(['main', 'feature/x', 'bugloop/issue-12', 'release-1.2', 'user@host', 'größe', 'a+b', 'v1.0'])(
    '%s is valid',
    (name) => {
      expect(isValidRef(name)).toBe(true);
    },
  );

  test.each([
    '--upload-pack=touch x',
    '-x',
    'a b',
    'x;id',
    '$(id)',
    '@{-1}',
    'x.lock',
    '../x',
    'refs/heads/main',
    'a..b',
    '/a',
    'a/',
    'a//b',
    '.a',
    'a/.b',
    'a.',
    'a.lock/b',
    '@',
    'HEAD',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    'a\u0007b',
    'a\u007Fb',
    '',
    'x'.repeat(300),
  ])('%j is not', (name) => {
    expect(isValidRef(name)).toBe(false);
  });

  test('a prefix is valid when what follows makes a branch of it', () => {
    expect(['bugloop/', 'fix-', 'a/b/'].map(isValidRefPrefix)).toEqual([true, true, true]);
    expect(['', '/', '../x/', 'refs/heads/', '-', 'a b/', 'x.lock/'].map(isValidRefPrefix)).toEqual(
      Array.from({ length: 7 }, () => false),
    );
  });
});

describe('suggestions', () => {
  test.each([
    ['lables', 'labels'],
    ['branchPrefix', 'branch_prefix'],
    ['protected-path', 'protected_paths'],
    ['test', 'tests'],
    ['zzz', undefined],
    ['__proto__', undefined],
  ])('%s → %s', (written, meant) => {
    expect(suggest(written, Object.keys(writtenSchema.shape))).toBe(meant);
  });
});
