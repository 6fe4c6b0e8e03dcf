import { describe, expect, test } from 'vitest';
import { createRing, plain, type Kept } from '../../src/core/ring.ts';

/** Feeds `text` through one lane in chunks of `size` bytes. */
function keep(text: string | Uint8Array, size = 65_536): Kept {
  const ring = createRing();
  const lane = ring.lane();
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) lane.write(bytes.subarray(start, start + size));
  lane.end();
  return ring.finish();
}

describe('output', () => {
  test.each([1, 2, 3, 5, 7, 4096])('characters survive chunks of %i bytes', (size) => {
    const text = 'naïve ✗ 漢字 🙂 end\n'.repeat(20);
    expect(keep(text, size).output).toBe(text);
  });

  test('what fits is kept whole, and counted', () => {
    const text = `${'a line of output\n'.repeat(10_000)}last, without an end`;
    expect(keep(text)).toMatchObject({ output: text, outputBytes: Buffer.byteLength(text) });
  });

  test('of what does not fit, head and tail stay and the gap is counted', () => {
    const lines = Array.from({ length: 100_000 }, (_, number) => `line ${number} ünïcode`);
    const text = lines.join('\n');
    const kept = keep(text, 777);
    expect(kept.outputBytes).toBe(Buffer.byteLength(text));
    expect(Buffer.byteLength(kept.output)).toBeLessThanOrEqual(256 * 1024);
    const [head = '', gap, tail = ''] = kept.output.split(/\n… (\d+) bytes left out …\n/);
    expect(text.startsWith(head)).toBe(true);
    expect(text.endsWith(tail)).toBe(true);
    expect(Buffer.byteLength(head)).toBeGreaterThan(65_000);
    expect(Buffer.byteLength(tail)).toBeGreaterThan(190_000);
    // A character cut in two is left out on either side.
    const missing = kept.outputBytes - Buffer.byteLength(head) - Buffer.byteLength(tail) - Number(gap);
    expect(missing).toBeGreaterThanOrEqual(0);
    expect(missing).toBeLessThan(8);
  });

  test.each([
    ['NUL bytes', new Uint8Array(3_000_000)],
    ['alternating control bytes', Buffer.from('a\0'.repeat(1_000_000))],
    ['bytes that are no UTF-8', new Uint8Array(3_000_000).fill(0xff)],
    ['half characters', new Uint8Array(3_000_000).fill(0xe2)],
  ])('%s stay within 256 KB and are harmless', (_, bytes) => {
    const { output, outputBytes } = keep(bytes);
    expect(outputBytes).toBe(bytes.length);
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(256 * 1024);
    // oxlint-disable-next-line no-control-regex -- what must not be there
    expect(output).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/);
  });

  test('lines of two lanes do not mix', () => {
    const ring = createRing();
    const [first, second] = [ring.lane(), ring.lane()];
    first.write(Buffer.from('one '));
    second.write(Buffer.from('two\n'));
    first.write(Buffer.from('line\n'));
    first.end();
    second.end();
    expect(ring.finish().output).toBe('two\none line\n');
  });
});

describe('plain text', () => {
  test.each([
    ['\u001b[1;31mred\u001b[0m', 'red'],
    ['\u001b]8;;https://example.test\u0007link\u001b]8;;\u001b\\', 'link'],
    ['\u001b]0;title\u0007text', 'text'],
    ['\u001b(Bplain\u001b=', 'plain'],
    ['10 %\r20 %\r\ndone', '10 %\n20 %\ndone'],
    ['a\0\0b\u0007\u009bc', 'a\ufffdb\ufffd'],
    ['an unfinished \u001b]8;; title\nstays', 'an unfinished 8;; title\nstays'],
    ['tab\tstays', 'tab\tstays'],
  ])('%j becomes %j', (text, expected) => {
    expect(plain(text)).toBe(expected);
  });

  test.each(['\u001b]', '\u001b[', '\u001b[1;', '\u001b', ';', '\u009b', '\u001b]8;;a'])(
    'a megabyte of %j costs linear time',
    (part) => {
      const start = performance.now();
      plain(part.repeat(1_000_000 / part.length));
      plain(`\u001b]${part.repeat(1_000_000 / part.length)}`);
      // The specification's limit is one second a megabyte.
      expect(performance.now() - start).toBeLessThan(2_000);
    },
  );
});

describe('failure lines', () => {
  const noise = 'request handled by worker in some milliseconds\n'.repeat(20_000);

  test.each([
    ['vitest', ' FAIL  test/sum.test.ts > sum > adds', 'AssertionError: expected 3 to be 4 // Object.is equality'],
    ['jest', '  ● sum › adds', '    Expected: 4'],
    ['mocha', '  1) sum adds:', '     AssertionError [ERR_ASSERTION]: 3 == 4'],
    ['node:test', '✖ adds (1.2ms)', '  3 !== 4'],
    ['TAP', 'not ok 3 - adds', "  error: 'Expected values to be strictly equal'"],
    ['AVA', '  ✘ [fail]: adds', '  Difference (- actual, + expected):'],
    ['pytest', 'FAILED tests/test_sum.py::test_adds - assert 3 == 4', 'E       assert 3 == 4'],
    ['go test', '--- FAIL: TestAdds (0.00s)', 'panic: runtime error: index out of range [3] with length 3'],
    ['cargo test', 'test sum::adds ... FAILED', "thread 'sum::adds' panicked at src/lib.rs:7:5:"],
    ['Maven', '[ERROR] SumTest.adds:12 expected: <4> but was: <3>', '[ERROR] Tests run: 1, Failures: 1 <<< FAILURE!'],
    ['Gradle', 'SumTest > adds FAILED', '    org.opentest4j.AssertionFailedError: expected: <4> but was: <3>'],
    ['RSpec', '  1) Sum adds', '     Failure/Error: expect(sum).to eq(4)'],
    ['tsc', 'src/sum.ts(3,5): error TS2322: Type is wrong', 'Found 1 error in src/sum.ts'],
    ['npm', 'npm error code ERESOLVE', 'npm error Cannot resolve dependency'],
    ['Node', 'TypeError: undefined is not a function', "Error: Cannot find module 'left'"],
    ['Python', 'Traceback (most recent call last):', 'ValueError: bad'],
  ])('%s: name and message are kept out of the gap', (_, name, message) => {
    const kept = keep(`${noise}${name}\n${message}\n${noise}`);
    expect(kept.output).not.toContain(message);
    expect(kept.failureLines).toEqual([name, message]);
  });

  test('colours do not hide a failure', () => {
    expect(keep('\u001b[31m\u001b[7m FAIL \u001b[27m\u001b[39m a.test.ts\n').failureLines).toEqual([' FAIL  a.test.ts']);
  });

  test.each([0, 100, 65_300, 65_500, 65_510, 65_515, 65_520, 65_530, 131_060, 1_000_000])(
    'a long line is cut around the match, %i characters in',
    (offset) => {
      const text = `${'x'.repeat(offset)} AssertionError: expected 3 to be 4 ${'y'.repeat(300_000)}\nend\n`;
      const lines = keep(`first\n${text}`).failureLines;
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(' AssertionError: expected 3 to be 4 yyy');
      expect(lines.every((line) => line.length < 600)).toBe(true);
    },
  );

  test('a match in an unfinished last line is told', () => {
    expect(keep('fine\nError: at the very end').failureLines).toEqual(['Error: at the very end']);
  });

  test('noise that looks like failures neither crowds out the assertion nor grows', () => {
    const errors = Array.from({ length: 50_000 }, (_, number) => `ERROR: connection ${number} failed, will retry`).join('\n');
    const { failureLines } = keep(`${errors}\nAssertionError: expected 3 to be 4\nnot ok 1 - adds\n${errors}\n`);
    expect(failureLines).toContain('AssertionError: expected 3 to be 4');
    expect(failureLines).toContain('not ok 1 - adds');
    expect(Buffer.byteLength(failureLines.join('\n'))).toBeLessThanOrEqual(8 * 1024);
  });

  test('ten thousand failing tests leave room for what they say', () => {
    const names = Array.from({ length: 10_000 }, (_, number) => `not ok ${number} - test ${number}`);
    const { failureLines } = keep(`${names.join('\n')}\nTypeError: cannot read\n`);
    expect(failureLines[0]).toBe(names[0]);
    expect(failureLines).toContain(names.at(-1));
    expect(failureLines.at(-1)).toBe('TypeError: cannot read');
  });

  test('a repeated line is one line', () => {
    expect(keep('Error: again\n'.repeat(10_000)).failureLines).toEqual(['Error: again']);
  });

  test('a line full of matches costs linear time', () => {
    const start = performance.now();
    const { failureLines } = keep('error: '.repeat(1_000_000));
    expect(Buffer.byteLength(failureLines.join('\n'))).toBeLessThanOrEqual(8 * 1024);
    expect(performance.now() - start).toBeLessThan(7_000);
  });
});
