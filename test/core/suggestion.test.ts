import { describe, expect, test } from 'vitest';
import { applySuggestions, placeSuggestion, readSuggestions, type PlacedSuggestion } from '../../src/core/suggestion.ts';
import type { Thread } from '../../src/core/threads/thread.ts';

const thread = (facts: Partial<Thread> = {}): Thread => ({
  id: 'T',
  url: 'https://github.test/o/r/pull/1#discussion_r1',
  path: 'a.js',
  side: 'RIGHT',
  line: 2,
  originalLine: 2,
  diffHunk: '@@ -1,2 +1,3 @@\n one\n+two',
  isResolved: false,
  isOutdated: false,
  viewerCanResolve: true,
  comments: [],
  ...facts,
});
const placed = (start: number, made: string[], lines: string[], more: Partial<PlacedSuggestion> = {}): PlacedSuggestion => ({
  thread: `T${start}`,
  start,
  end: start + made.length - 1,
  made,
  lines,
  ...more,
});

describe('blocks', () => {
  test.each<[string, string, ReturnType<typeof readSuggestions>]>([
    ['three backticks', 'Better:\n```suggestion\nlet a;\n```\n', [{ lines: ['let a;'] }]],
    ['a longer fence holds shorter ones', '````suggestion\n```js\nx\n```\n````', [{ lines: ['```js', 'x', '```'] }]],
    ['tildes', '~~~suggestion\nx\n~~~', [{ lines: ['x'] }]],
    ['no line: the lines go away', '```suggestion\n```', [{ lines: [] }]],
    ['one empty line', '```suggestion\n\n```', [{ lines: [''] }]],
    ['line ends of a browser', '```suggestion\r\nx\r\ny\r\n```\r\n', [{ lines: ['x', 'y'] }]],
    ['the offsets of GitLab', '```suggestion:-2+1\nx\n```', [{ lines: ['x'], above: 2, below: 1 }]],
    ['two', '```suggestion\nx\n```\nor\n```suggestion\ny\n```', [{ lines: ['x'] }, { lines: ['y'] }]],
    ['other code is none', '```js\nx\n```', []],
    ['one inside another block is an example', '````md\n```suggestion\nx\n```\n````', []],
    ['one without an end', '```suggestion\nx', []],
    ['indentation inside stays', '```suggestion\n    x\n\ty \n```', [{ lines: ['    x', '\ty '] }]],
    ['a word that only begins like it', '```suggestions\nx\n```', []],
  ])('%s', (_name, body, expected) => {
    expect(readSuggestions(body)).toEqual(expected);
  });
});

describe('places', () => {
  const block = { lines: ['TWO'] };
  test('the lines of the hunk are what it was made on', () => {
    expect(placeSuggestion(thread(), [block])).toEqual({
      ok: true,
      placed: { thread: 'T', start: 2, end: 2, made: ['two'], lines: ['TWO'] },
    });
  });
  test('several lines, moved down in the head', () => {
    const moved = thread({ startLine: 11, line: 12, originalStartLine: 1, originalLine: 2 });
    expect(placeSuggestion(moved, [block])).toMatchObject({ ok: true, placed: { start: 11, end: 12, made: ['one', 'two'] } });
  });
  test('removed lines of the hunk do not count', () => {
    const hunk = '@@ -1,3 +1,2 @@\n one\n-gone\n two\r';
    expect(placeSuggestion(thread({ diffHunk: hunk }), [block])).toMatchObject({ ok: true, placed: { made: ['two'] } });
  });
  test('offsets reach beyond the hunk with the whole file', () => {
    const wide = { lines: ['x'], above: 1, below: 1 };
    expect(placeSuggestion(thread(), [wide], 'one\ntwo\nthree\n')).toMatchObject({
      ok: true,
      placed: { start: 1, end: 3, made: ['one', 'two', 'three'] },
    });
    expect(placeSuggestion(thread(), [wide])).toEqual({ ok: false, code: 'suggestion.unknown_lines' });
  });
  test.each<[string, Partial<Thread>, string]>([
    ['a removed line', { side: 'LEFT' }, 'suggestion.deleted_line'],
    ['a hunk that is not there', { diffHunk: '' }, 'suggestion.unknown_lines'],
    ['a hunk of other lines', { originalLine: 40 }, 'suggestion.unknown_lines'],
  ])('%s', (_name, facts, code) => {
    expect(placeSuggestion(thread(facts), [block])).toEqual({ ok: false, code });
  });
  test('a whole file', () => {
    const { line: _, originalLine: __, ...whole } = thread();
    expect(placeSuggestion(whole, [block])).toEqual({ ok: false, code: 'suggestion.no_lines' });
  });
  test('alternatives are for somebody who reads', () => {
    expect(placeSuggestion(thread(), [block, block])).toEqual({ ok: false, code: 'suggestion.several' });
  });
});

describe('applying', () => {
  test.each<[string, string, PlacedSuggestion[], string]>([
    ['one line', 'a\nb\nc\n', [placed(2, ['b'], ['B'])], 'a\nB\nc\n'],
    ['more lines than before', 'a\nb\n', [placed(1, ['a'], ['1', '2', '3'])], '1\n2\n3\nb\n'],
    ['fewer', 'a\nb\nc\n', [placed(1, ['a', 'b'], ['x'])], 'x\nc\n'],
    ['none', 'a\nb\nc\n', [placed(2, ['b'], [])], 'a\nc\n'],
    ['several, from the bottom up', 'a\nb\nc\n', [placed(1, ['a'], ['1', '2']), placed(3, ['c'], [])], '1\n2\nb\n'],
    ['carriage returns stay', 'a\r\nb\r\nc\r\n', [placed(2, ['b'], ['x', 'y'])], 'a\r\nx\r\ny\r\nc\r\n'],
    ['mixed line ends stay where they are', 'a\nb\r\nc\n', [placed(2, ['b'], ['B'])], 'a\nB\r\nc\n'],
    ['no line end at the end', 'a\nb', [placed(2, ['b'], ['x', 'y'])], 'a\nx\ny'],
    ['no line end at the end, with carriage returns', 'a\r\nb', [placed(2, ['b'], ['x', 'y'])], 'a\r\nx\r\ny'],
    ['the only line', 'a', [placed(1, ['a'], ['b'])], 'b'],
    ['a longer version of what is there', 'a\nb\n', [placed(1, ['a', 'b'], ['a'])], 'a\n'],
  ])('%s', (_name, text, suggestions, expected) => {
    const answer = applySuggestions(text, suggestions);
    expect(answer.text).toBe(expected);
    expect(answer.applied).toEqual(suggestions.map((suggestion) => suggestion.thread));
    expect(answer.refused).toEqual([]);
  });

  test.each<[string, string | null | undefined, PlacedSuggestion, string]>([
    ['other lines at the head', 'a\nB\nc\n', placed(2, ['b'], ['x']), 'suggestion.stale'],
    ['other indentation', 'a\n  b\n', placed(2, ['b'], ['x']), 'suggestion.stale'],
    ['a file that became shorter', 'a\n', placed(2, ['b'], ['x']), 'suggestion.stale'],
    ['a file that is gone', undefined, placed(1, ['a'], ['x']), 'suggestion.file_gone'],
    ['a binary file', null, placed(1, ['a'], ['x']), 'suggestion.not_text'],
    ['bytes that are no UTF-8', 'a\uFFFD\nb\n', placed(2, ['b'], ['x']), 'suggestion.not_text'],
    [
      'an outdated place, even where the lines look the same',
      'a\nb\n',
      placed(2, ['b'], ['x'], { outdated: true }),
      'suggestion.outdated',
    ],
  ])('refused: %s', (_name, text, suggestion, code) => {
    const answer = applySuggestions(text, [suggestion]);
    expect(answer.refused).toEqual([{ thread: suggestion.thread, code }]);
    expect(answer.applied).toEqual([]);
  });

  test('the first of two that overlap', () => {
    const answer = applySuggestions('a\nb\nc\n', [placed(1, ['a', 'b'], ['x']), placed(2, ['b', 'c'], ['y'])]);
    expect(answer).toEqual({
      text: 'x\nc\n',
      applied: ['T1'],
      already: [],
      refused: [{ thread: 'T2', code: 'suggestion.overlaps' }],
    });
  });

  test('what is there already', () => {
    expect(applySuggestions('a\nB\n', [placed(2, ['b'], ['B'])])).toMatchObject({ text: 'a\nB\n', applied: [], already: ['T2'] });
    expect(applySuggestions('a\n}\n', [placed(2, ['b'], ['}'])])).toMatchObject({ already: [] });
    expect(applySuggestions('a\nB\n', [placed(2, ['b'], ['B'], { outdated: true })])).toMatchObject({ already: ['T2'] });
  });

  test('every byte outside of the lines stays, whatever the line ends', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const ends = ['\n', '\r\n'];
      const lines = Array.from({ length: 9 }, (_, index) => `line ${index}\u00E9${seed}`);
      const text = lines
        .map((line, index) => line + (index === 8 && seed % 3 === 0 ? '' : ends[(seed >> (index % 5)) & 1]))
        .join('');
      const at = (seed % 9) + 1;
      const { text: after, applied } = applySuggestions(text, [placed(at, [lines[at - 1] ?? ''], ['changed'])]);
      expect(applied).toHaveLength(1);
      expect(after.replace('changed', lines[at - 1] ?? '')).toBe(text);
    }
  });
});
