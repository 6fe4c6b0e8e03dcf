import { describe, expect, test } from 'vitest';
import { suggestReviewers, touchedLines, type BlamedAuthor, type BlamedRange } from '../../src/core/reviewers.ts';
import type { ChangedFile } from '../../src/core/types.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const year = 365 * 24 * 60 * 60 * 1000;

const file = (path: string, before: string | undefined, after: string | undefined): ChangedFile => ({
  path,
  status: before === undefined ? 'added' : after === undefined ? 'deleted' : 'modified',
  oldMode: '100644',
  newMode: '100644',
  addedLines: 0,
  removedLines: 0,
  changedBytes: 0,
  binary: false,
  ...(before === undefined ? {} : { before }),
  ...(after === undefined ? {} : { after }),
});

describe('lines that are asked about', () => {
  test.each<[string, string | undefined, string | undefined, number[] | undefined]>([
    ['a line that is replaced', 'a\nb\nc\n', 'a\nB\nc\n', [2]],
    ['lines that are removed', 'a\nb\nc\n', 'a\n', [2, 3]],
    ['both sides of what is only added', 'a\nb\n', 'a\nx\nb\n', [1, 2]],
    ['every line of a file that goes', 'a\nb\n', undefined, [1, 2]],
    ['nothing of a new file', undefined, 'a\n', undefined],
    ['nothing where nothing differs', 'a\n', 'a\n', undefined],
  ])('%s', (_, before, after, lines) => {
    const touched = touchedLines({ base: '', head: '', files: [file('a.js', before, after)] });
    expect(touched).toEqual(lines === undefined ? [] : [{ path: 'a.js', lines }]);
  });

  test('of the files with the most of them, and of no more than eight', () => {
    const files = Array.from({ length: 12 }, (_, index) => file(`${index}.js`, 'x\n'.repeat(index + 1), undefined));
    const touched = touchedLines({ base: '', head: '', files });
    expect(touched.map(({ path }) => path)).toEqual(['11.js', '10.js', '9.js', '8.js', '7.js', '6.js', '5.js', '4.js']);
  });
});

const someone = (login: string, facts: Partial<BlamedAuthor> = {}): BlamedAuthor => ({
  id: `U_${login}`,
  login,
  bot: false,
  ours: false,
  reporter: false,
  mayReview: true,
  ...facts,
});
const range = (start: number, end: number, author: BlamedAuthor | undefined, years = 0): BlamedRange => ({
  path: 'a.js',
  start,
  end,
  at: now - years * year,
  ...(author === undefined ? {} : { author }),
});

describe('who is suggested', () => {
  const lines = Array.from({ length: 10 }, (_, index) => index + 1);
  const suggest = (...blame: BlamedRange[]): string[] =>
    suggestReviewers([{ path: 'a.js', lines }], blame, { now, others: ['coderabbitai[bot]', 'Bugsolver-Bot'] }).map(
      ({ login, share }) => `${login} ${share}`,
    );

  test.each<[string, BlamedRange[], string[]]>([
    ['whoever wrote the lines', [range(1, 10, someone('maria'))], ['maria 100']],
    ['whoever wrote more of them first', [range(1, 3, someone('tom')), range(4, 10, someone('maria'))], ['maria 70', 'tom 30']],
    ['no more than two', [range(1, 5, someone('a')), range(6, 8, someone('b')), range(9, 10, someone('c'))], ['a 50', 'b 30']],
    ['fresh lines before many old ones', [range(1, 6, someone('old'), 4), range(7, 10, someone('new'))], ['new 40', 'old 60']],
    ['lines of nobody known count as such', [range(1, 5, undefined), range(6, 10, someone('maria'))], ['maria 50']],
    ['no bot', [range(1, 9, someone('dependabot[bot]', { bot: true })), range(10, 10, someone('maria'))], ['maria 10']],
    ['not ourselves', [range(1, 10, someone('bugloop', { ours: true }))], []],
    ['no login of the configuration, however written', [range(1, 10, someone('bugsolver-bot'))], []],
    ['nobody who may not review', [range(1, 10, someone('gone', { mayReview: false }))], []],
    ['somebody of whom the forge does not say it', [range(1, 10, someone('maria', { mayReview: undefined }))], ['maria 100']],
    ['the reporter who may review', [range(1, 10, someone('guest', { reporter: true }))], ['guest 100']],
    ['no other reporter', [range(1, 10, someone('guest', { reporter: true, mayReview: undefined }))], []],
    ['nobody for lines that were not asked about', [range(11, 20, someone('maria'))], []],
    ['nobody where nothing is known', [], []],
  ])('%s', (_, blame, suggested) => {
    expect(suggest(...blame)).toEqual(suggested);
  });

  test('by the lines of each file alone', () => {
    const blame = [range(1, 10, someone('maria')), { ...range(1, 10, someone('tom')), path: 'b.js' }];
    const touched = [
      { path: 'a.js', lines: [1] },
      { path: 'b.js', lines: [2, 3, 4] },
    ];
    expect(suggestReviewers(touched, blame, { now, others: [] }).map(({ login, share }) => [login, share])).toEqual([
      ['tom', 75],
      ['maria', 25],
    ]);
  });
});
