/** How often the clock of the shipped workflows looks, in milliseconds. */
const period = 30 * 60_000;
const goldenRatio = (1 + Math.sqrt(5)) / 2;

/**
 * Those that one look of the clock is for: at most `most`, so that a heap of them costs no more than a few. Nothing is
 * remembered from one look to the next; where a look begins turns with the time (milliseconds since the epoch) by the
 * golden ratio, the turn whose places stay furthest apart, so that each of them soon has its turn however often the
 * clock ticks. https://en.wikipedia.org/wiki/Low-discrepancy_sequence#Additive_recurrence
 */
export function takeTurn<T>(all: readonly T[], most: number, at: number): T[] {
  if (all.length <= most) return [...all];
  const first = Math.floor((((at / period) * goldenRatio) % 1) * all.length);
  return [...all.slice(first), ...all.slice(0, first)].slice(0, most);
}
