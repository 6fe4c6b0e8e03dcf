import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatHours, parseHours, withExceptions } from '../src/index.js';

test('writes days with the same hours as one rule', () => {
  const text = 'Mo-Fr 09:00-12:30,14:00-18:00; Sa 10:00-13:00';
  assert.equal(formatHours(parseHours(text)), text);
});

test('writes a week without hours', () => {
  assert.equal(formatHours(parseHours('Mo off')), 'off');
});

test('applies exceptions to a copy', () => {
  const hours = parseHours('Mo-We 09:00-17:00');
  const changed = withExceptions(hours, { Tu: 'off', We: '10:00-11:00' });
  assert.equal(formatHours(changed), 'Mo 09:00-17:00; We 10:00-11:00');
  assert.equal(formatHours(hours), 'Mo-We 09:00-17:00');
});
