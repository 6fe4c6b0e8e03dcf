import { describe, expect, test } from 'vitest';
import { BugloopError } from '../../src/errors.ts';
import { annotateError, neutralise, openActions, renderOutputs } from '../../src/ui/actions.ts';
import { renderError, renderErrorJson } from '../../src/ui/errors.ts';
import { chooseScreen } from '../../src/ui/index.ts';
import { openPlain } from '../../src/ui/plain.ts';
import { openQuiet } from '../../src/ui/quiet.ts';
import { clip, formatElapsed, oneLine } from '../../src/ui/text.ts';
import type { OpenScreen } from '../../src/ui/types.ts';

/** What repository code may print to steer the runner or the reader's terminal. */
const hostile = [
  '::add-mask::a',
  '  ::stop-commands::x',
  '##[group]x',
  'see ##[error]x',
  'a\n::error file=x::y',
  'b\r::set-output name=x::y',
  '\u001B[2J\u001B]0;title\u0007wiped',
];

/** Everything a screen writes for one step inside another, with hostile text in every place that takes text. */
function playHostile(open: OpenScreen): string {
  let written = '';
  let clock = 0;
  const screen = open({ write: (text) => (written += text), now: () => (clock += 500) });
  for (const text of hostile) {
    const outer = screen.progress.step(text);
    const inner = screen.progress.step(text);
    inner.update(text);
    inner.fail(text);
    screen.progress.note(text);
    screen.progress.warn(text);
    outer.done(text);
  }
  screen.close();
  return written;
}

/** As the runner reads a log: any line that begins with `::` but for spaces, and anything after `##[`. */
function commandsIn(log: string): string[] {
  return log.split(/\r\n|\r|\n/).filter((line) => /^\s*::/.test(line) || line.includes('##['));
}

describe('Actions', () => {
  test('only our own workflow commands are in the log, whatever is shown', () => {
    const kinds = commandsIn(playHostile(openActions)).map((line) => /^::(\w+)::/.exec(line)?.[1] ?? line);
    expect(new Set(kinds)).toEqual(new Set(['group', 'endgroup', 'warning']));
    expect(kinds.filter((kind) => kind === 'group')).toHaveLength(hostile.length);
    expect(kinds.filter((kind) => kind === 'endgroup')).toHaveLength(hostile.length);
  });

  test.each(hostile)('no line of %j is a command once neutralised', (text) => {
    expect(commandsIn(neutralise(text))).toEqual([]);
  });

  test('neutralise leaves other text alone', () => {
    const text = 'std::vector\n  - a: b\n### [link](x)\n\n| a |';
    expect(neutralise(text)).toBe(text);
  });

  test('an annotation is one line', () => {
    expect(annotateError('50 % of a\nb')).toBe('::error::50 %25 of a%0Ab\n');
  });

  test('an output cannot begin another', () => {
    expect(renderOutputs({ outcome: 'proven', branch: 'x\nadmin=true', 'run-dir': undefined })).toBe(
      'outcome=proven\nbranch=x admin=true\n',
    );
  });
});

describe('plain and quiet', () => {
  test('no escape sequence and no line break gets through', () => {
    const written = playHostile(openPlain);
    expect(written).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(written).toContain('failed a ::error file=x::y: a ::error file=x::y (0.5 s)\n');
  });

  test('quiet says warnings only', () => {
    const lines = playHostile(openQuiet).trimEnd().split('\n');
    expect(lines).toHaveLength(hostile.length);
    expect(lines.filter((line) => !line.startsWith('warning: '))).toEqual([]);
  });
});

describe('choice', () => {
  const terminal = { quiet: false, inActions: false, tty: true, noColor: false, dumb: false };
  test.each([
    ['terminal', {}],
    ['plain', { tty: false }],
    ['plain', { noColor: true }],
    ['plain', { dumb: true }],
    ['actions', { inActions: true, tty: false }],
    ['quiet', { quiet: true, inActions: true }],
  ])('%s for %j', (name, facts) => {
    expect(chooseScreen({ ...terminal, ...facts })).toBe(name);
  });
});

describe('text', () => {
  test('characters that reorder or hide text are gone', () => {
    expect(oneLine(' a\u202Eb\u200Bc\u0000d\te ')).toBe('abc d e');
  });

  test('clip counts characters, not halves of them', () => {
    expect(clip('🙂🙂🙂🙂', 3)).toBe('🙂🙂…');
    expect(clip('abc', 3)).toBe('abc');
  });

  test.each([
    [0, '0.0 s'],
    [8_340, '8.3 s'],
    [45_000, '45 s'],
    [125_000, '2 min 5 s'],
  ])('%i ms is %s', (ms, text) => {
    expect(formatElapsed(ms)).toBe(text);
  });
});

describe('errors', () => {
  const other = new BugloopError('config.range', 'b is wrong', { hint: 'mend b' });
  const error = new BugloopError('config.type', 'a is\nwrong \u001B[31m', {
    hint: 'mend a',
    others: [other],
    cause: new Error('deep'),
  });

  test('each problem has its line with the code, then how to mend it', () => {
    const expected = 'bugloop: a is wrong [config.type]\n  mend: mend a\nbugloop: b is wrong [config.range]\n  mend: mend b\n';
    expect(renderError(error, { debug: false })).toBe(expected);
  });

  test('stacks, also of causes, are for --debug', () => {
    expect(renderError(error, { debug: true })).toMatch(/\n\s+at .*\n[^]*Error: deep\n\s+at /);
  });

  test('the same for programs', () => {
    expect(JSON.parse(renderErrorJson(error))).toEqual({
      error: {
        code: 'config.type',
        message: 'a is wrong',
        hint: 'mend a',
        exit: 2,
        problems: [
          { code: 'config.type', message: 'a is wrong', hint: 'mend a' },
          { code: 'config.range', message: 'b is wrong', hint: 'mend b' },
        ],
      },
    });
  });
});
