import { describe, expect, test } from 'vitest';
import { readSlash, slashCommands } from '../../src/core/slash.ts';

describe('a command', () => {
  test.each(slashCommands.map((command) => [command]))('/bugloop %s', (command) => {
    expect(readSlash(`/bugloop ${command}`)).toEqual({ ok: true, command });
  });

  test.each<[string, string]>([
    ['/bugloop solve', 'solve'],
    ['/BugLoop Solve', 'solve'],
    ['  /bugloop   solve  ', 'solve'],
    ['/bugloop\tsolve', 'solve'],
    ['/bugloop solve please, it hurts', 'solve'],
    ['Seen in production.\r\n/bugloop retry\r\nThanks', 'retry'],
    ['first\n\n/bugloop stop\n/bugloop solve', 'stop'],
    ['```\nnot this\n```\n/bugloop solve', 'solve'],
    ['> quoted\n\n/bugloop solve', 'solve'],
    ['`code` and\n/bugloop solve', 'solve'],
    ['an odd ` backtick\n/bugloop solve', 'solve'],
  ])('%j', (comment, command) => {
    expect(readSlash(comment)).toEqual({ ok: true, command });
  });
});

describe('a near miss', () => {
  test.each<[string, object]>([
    ['/bugloop sovle', { ok: false, written: 'sovle', near: 'solve' }],
    ['/bugloop testsonly', { ok: false, written: 'testsonly', near: 'tests-only' }],
    ['/bugloop tests only', { ok: false, written: 'tests', near: undefined }],
    ['/bugloop make-me-rich', { ok: false, written: 'make-me-rich' }],
    ['/bugloop', { ok: false, written: '' }],
  ])('%j', (comment, slash) => {
    expect(readSlash(comment)).toEqual(slash);
  });
});

describe('no command', () => {
  test.each([
    [''],
    ['Please /bugloop solve this'],
    ['see https://example.com/bugloop solve'],
    ['/bugloop-dev solve'],
    ['/bugloopsolve'],
    ['bugloop solve'],
    ['```\n/bugloop solve\n```'],
    ['~~~sh\n/bugloop solve\n~~~'],
    ['```\n/bugloop solve'],
    ['> ```\n> /bugloop solve\n> ```'],
    ['    /bugloop solve'],
    ['\t/bugloop solve'],
    ['> /bugloop solve'],
    ['> quoted\n/bugloop solve'],
    ['`/bugloop solve`'],
    ['see `\n/bugloop solve\n`'],
    ['`x` /bugloop solve'],
    ['<!-- /bugloop solve -->'],
    ['<!--\n/bugloop solve\n-->'],
    ['- /bugloop solve'],
  ])('%j', (comment) => {
    expect(readSlash(comment)).toBeUndefined();
  });

  test('hostile text costs no time to speak of', () => {
    for (const text of ['`'.repeat(60_000), '> '.repeat(30_000), '/bugloop'.repeat(8_000), '`a``b'.repeat(12_000)]) {
      expect(readSlash(`${text}\n/bugloop-x`)).toBeUndefined();
    }
  });
});
