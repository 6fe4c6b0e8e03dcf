import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readRunReport, reportJsonSchema } from '../../src/core/report.ts';

describe('readRunReport', () => {
  test.each([
    ['{', 'state.corrupt', 'is not JSON'],
    ['[]', 'state.corrupt', ''],
    ['{"version":1}', 'state.corrupt', 'run'],
    ['{"version":99}', 'state.version', 'newer bugloop (version 99)'],
  ])('refuses %s', (text, code, why) => {
    const read = readRunReport(text);
    expect(read).toMatchObject({ ok: false, code });
    expect(read.ok ? '' : read.why).toContain(why);
  });
});

test('the published JSON Schema is the one of the code', () => {
  const published = readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(published)).toEqual(reportJsonSchema());
});
