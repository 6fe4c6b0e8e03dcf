import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isOpen, nextChange, openMinutes, parseHours } from '../src/index.js';

const hours = parseHours('Mo-Fr 09:00-12:30,14:00-18:00; Sa 10:00-13:00');

describe('isOpen', () => {
  test('knows opening, lunch and closing time', () => {
    assert.equal(isOpen(hours, { day: 'Mo', time: '08:59' }), false);
    assert.equal(isOpen(hours, { day: 'Mo', time: '09:00' }), true);
    assert.equal(isOpen(hours, { day: 'Mo', time: '13:00' }), false);
    assert.equal(isOpen(hours, { day: 'Mo', time: '18:00' }), false);
  });
});

describe('nextChange', () => {
  test('finds the closing of the same day', () => {
    assert.deepEqual(nextChange(hours, { day: 'Tu', time: '11:15' }), { day: 'Tu', time: '12:30', open: false });
  });

  test('finds the opening on a later day', () => {
    assert.deepEqual(nextChange(hours, { day: 'Sa', time: '13:00' }), { day: 'Mo', time: '09:00', open: true });
  });

  test('does not stop at midnight', () => {
    const late = parseHours('Fr 20:00-02:00');
    assert.deepEqual(nextChange(late, { day: 'Fr', time: '21:00' }), { day: 'Sa', time: '02:00', open: false });
  });

  test('is undefined when nothing ever changes', () => {
    assert.equal(nextChange(parseHours('24/7'), { day: 'Mo', time: '12:00' }), undefined);
  });
});

test('openMinutes sums the week', () => {
  assert.equal(openMinutes(hours), 5 * (210 + 240) + 180);
});
