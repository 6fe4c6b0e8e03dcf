import { describe, expect, test } from 'vitest';
import { changedLines } from '../../src/core/lines.ts';

describe('changedLines', () => {
  test.each([
    { name: 'nothing changed', before: 'a\nb\n', after: 'a\nb\n', lines: [] },
    { name: 'one line changed', before: 'a\nb\nc\n', after: 'a\nB\nc\n', lines: [2] },
    { name: 'lines added', before: 'a\nd\n', after: 'a\nb\nc\nd\n', lines: [2, 3] },
    { name: 'a line removed: its neighbours', before: 'a\nb\nc\n', after: 'a\nc\n', lines: [1, 2] },
    { name: 'the first line removed', before: 'a\nb\n', after: 'b\n', lines: [1] },
    { name: 'a new file', before: '', after: 'a\nb\n', lines: [1, 2] },
  ])('$name', ({ before, after, lines }) => {
    expect(changedLines(before, after)).toEqual(lines);
  });
});
