import { expect, test } from 'vitest';
import { planCalls } from '../../src/forge/github/plan.ts';
import type { RoundStep } from '../../src/ports.ts';

/** GitHub takes forty effects in one document. */
test.each<[RoundStep, boolean[]]>([
  [{ do: 'answer', replies: 0, text: 'no' }, []],
  [{ do: 'answer', replies: 0, text: 'perhaps' }, [true]],
  [{ do: 'answer', replies: 40, text: 'no' }, [false]],
  [{ do: 'answer', replies: 40, text: 'yes' }, [false, false]],
  [{ do: 'answer', replies: 40, text: 'perhaps' }, [false, true]],
  [{ do: 'answer', replies: 41, text: 'perhaps' }, [false, false]],
  [{ do: 'answer', replies: 81, text: 'yes' }, [false, false, false]],
  [{ do: 'resolve', threads: 0 }, []],
  [{ do: 'resolve', threads: 41 }, [false, false]],
  [{ do: 'resolve', threads: 41, perhaps: true }, [true, true]],
])('%j takes documents, of which these are for case of need: %j', (step, maybe) => {
  const calls = planCalls({ slug: 'acme/shop', branch: 'bugloop/issue-1', look: () => [] }, undefined, [step]);
  expect(calls.map((call) => call.maybe === true)).toEqual(maybe);
  expect(calls.every(({ call }) => call === 'GraphQL mutation Answer')).toBe(true);
});
