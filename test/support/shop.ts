import type { Edit } from '../servers/messages/index.ts';

/** A small project with a bug that its tests do not see, the report about it, and the change that mends it. */
export const shop: Record<string, string> = {
  'package.json': `${JSON.stringify({ name: 'shop', version: '1.0.0', private: true, type: 'module', scripts: { test: 'node --test' } }, null, 2)}\n`,
  '.gitignore': 'node_modules\n',
  'src/cart.js': `/** What everything in the cart costs. */
export function total(lines) {
  let sum = 0;
  for (const line of lines) {
    sum += line.price;
  }
  return sum;
}

export function count(lines) {
  return lines.reduce((sum, line) => sum + line.quantity, 0);
}
`,
  'test/cart.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, total } from '../src/cart.js';

test('an empty cart costs nothing', () => {
  assert.equal(total([]), 0);
});

test('one of each', () => {
  assert.equal(total([{ price: 2, quantity: 1 }, { price: 3, quantity: 1 }]), 5);
});

test('counts pieces', () => {
  assert.equal(count([{ price: 2, quantity: 2 }]), 2);
});
`,
};

export const bugReport = `# The total ignores how many of an article are in the cart

\`total\` of two pens of 3 should be 6, the cart says 3.
`;

export const goldTest = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { total } from '../src/cart.js';

test('two of an article cost twice as much', () => {
  assert.equal(total([{ price: 3, quantity: 2 }]), 6);
});
`;

export const goldEdits = [
  { path: 'src/cart.js', old: 'sum += line.price;', new: 'sum += line.price * line.quantity;' },
  { path: 'test/quantity.test.js', content: goldTest },
] satisfies Edit[];
