import { describe, expect, test } from 'vitest';
import { compareBody, readClaims, type BodyClaims } from '../../src/core/claims.ts';
import type { Proof, ProofRun } from '../../src/core/report.ts';
import { renderEvidence } from '../../src/core/views/pull-request.ts';

const [redTree, headTree] = ['a'.repeat(40), 'b'.repeat(40)];
const run = (tree: string, exitCode: number): ProofRun => ({
  tree,
  argv: ['node', '--test'],
  exitCode,
  durationMs: 81,
  tests: [],
});
const proof: Proof = {
  verdict: { ok: true },
  redTree,
  headTree,
  repeat: 2,
  testFiles: ['test/sum.test.js'],
  red: [run(redTree, 1), run(redTree, 1)],
  green: [run(headTree, 0), run(headTree, 0)],
  failToPass: [
    { id: 'test/sum.test.js > sum', kind: 'assertion', message: '-1 !== 3\nat /tmp/x' },
    { id: 'test/sum.test.js > a | b `c`', kind: 'error', message: 'x' },
  ],
  regressions: [],
  vanished: [],
  flaky: [],
  suite: { before: { passed: 3, failed: 0, skipped: 0 }, after: { passed: 5, failed: 0, skipped: 1 } },
  issueError: 'not stated',
  executesChange: 'yes',
  staticChecks: [],
  coverage: { before: 80, after: 85.5 },
};
const body = renderEvidence({
  outcome: 'proven',
  issue: { id: '1', title: '| # ### Proof', severity: 'low', frames: 0, hiddenText: 0 },
  baseline: { runner: 'node-test', perTest: true, counts: { passed: 3, failed: 0, skipped: 0 }, failing: [], durationMs: 9 },
  change: {
    files: [
      { path: 'src/add.js', status: 'modified', addedLines: 1, removedLines: 1, test: false },
      { path: 'test/sum.test.js', status: 'added', addedLines: 4, removedLines: 0, test: true },
    ],
    addedLines: 5,
    removedLines: 1,
    bytes: 200,
  },
  proof,
});

function claimsOf(text: string): BodyClaims {
  const read = readClaims(text);
  if (!read.ok) throw new Error(read.why);
  return read.claims;
}

test('what was rendered is read back', () => {
  expect(claimsOf(body)).toMatchObject({
    seen: 'twice',
    failToPass: ['`test/sum.test.js > sum` | 🔴 2 of 2 (assertion) | 🟢 2 of 2', expect.stringContaining('a \\| b')],
    runs: [
      expect.stringContaining('aaaaaaaaaaaa'),
      expect.anything(),
      expect.stringContaining('bbbbbbbbbbbb'),
      '🟢 head | `bbbbbbbbbbbb` | 0',
    ],
    suite: ['before | 3 | 0 | 0', 'after | 5 | 0 | 1'],
    files: ['`src/add.js` | modified | +1 −1', '`test/sum.test.js` | added, test | +4 −0'],
    coverage: { before: 80, after: 85.5 },
  });
  expect(compareBody(claimsOf(body), claimsOf(body))).toEqual([]);
  expect(compareBody(claimsOf(body.replaceAll('\n', '\r\n')), claimsOf(body))).toEqual([]);
});

describe('what was edited', () => {
  test.each<[string, string, string]>([
    ['how often it was seen', 'each seen twice', 'each seen 20 times'],
    ['red runs', '🔴 2 of 2 (assertion)', '🔴 9 of 9 (assertion)'],
    ['kind', '(assertion)', '(error)'],
    ['the name of a test', 'test/sum.test.js > sum', 'test/sum.test.js > product'],
    ['a tree', 'bbbbbbbbbbbb', 'cccccccccccc'],
    ['an exit status', '| 0 | 0.1 s |', '| 1 | 0.1 s |'],
    ['passed before', '| before | 3 |', '| before | 300 |'],
    ['failed after', '| after | 5 | 0 |', '| after | 5 | 1 |'],
    ['lines of a file', '+1 −1', '+0 −1'],
    ['coverage', '85.5 %', '99 %'],
    ['a further row', '| after | 5', '| later | 9 | 0 | 0 |\n| after | 5'],
  ])('%s', (_name, then, now) => {
    expect(body).toContain(then);
    const reasons = compareBody(claimsOf(body.replace(then, now)), claimsOf(body));
    expect(reasons.map(({ code }) => code)).toContain('verify.claim_mismatch');
  });

  test.each<[string, string, string]>([
    ['times', '0.1 s', '9.9 s'],
    ['what a red run said', '-1 !== 3', 'something else'],
    ['coverage within what two measurements differ by', '85.5 %', '85.7 %'],
  ])('%s is no claim', (_name, then, now) => {
    expect(body).toContain(then);
    expect(compareBody(claimsOf(body.replaceAll(then, now)), claimsOf(body))).toEqual([]);
  });

  test('a text without a proof, and one with two, claim nothing', () => {
    expect(readClaims('Closes #1')).toEqual({ ok: false, why: 'the text holds no proof' });
    expect(readClaims(`${body}\n\n${body}`)).toMatchObject({ ok: false });
    expect(readClaims(body.replace('### Proof\n', '### Proofs\n'))).toMatchObject({ ok: false });
  });
});
