import { describe, expect, test } from 'vitest';
import { parseChangeRef, parseIssueRef } from '../../src/core/flags.ts';

const url = (number: number) => ({ kind: 'url', host: 'github.example', slug: 'acme/shop', number });

describe('what names a change', () => {
  test.each([
    ['7', { kind: 'number', number: 7 }],
    ['#7', { kind: 'number', number: 7 }],
    ['https://github.example/acme/shop/pull/7', url(7)],
    ['https://github.example/acme/shop/pull/7/', url(7)],
    ['https://github.example/acme/shop/pull/7/files', url(7)],
    ['https://github.example/acme/shop/pull/7#discussion_r1', url(7)],
  ])('%s', (written, expected) => expect(parseChangeRef(written)).toEqual(expected));

  test.each([
    ['', '0', '07', '-7', '7.5', 'seven', 'bug.md', '#', '12345678901'],
    ['https://github.example/acme/shop/issues/7', 'https://github.example/acme/shop/pull/', 'https://github.example/acme/pull/7'],
    [
      'https://github.example/acme/shop/pull/7/merge',
      'https://github.example/acme/shop/x/pull/7',
      'ftp://github.example/acme/shop/pull/7',
    ],
    [
      'https://github.example/acme/shop/pull/7\n8',
      'https://a@github.example/acme/shop/pull/7',
      'https://github.example/../shop/pull/7',
    ],
  ])('none of %j', (...written) => expect(written.map(parseChangeRef)).toEqual(written.map(() => undefined)));
});

test('an issue and a change do not pass for each other', () => {
  expect(parseIssueRef('https://github.example/acme/shop/issues/7')).toEqual(url(7));
  expect(parseIssueRef('https://github.example/acme/shop/pull/7')).toBeUndefined();
});
