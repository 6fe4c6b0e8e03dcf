/** `items` without one occurrence for each of `others` that has the same key. */
export function withoutOnce<T>(items: readonly T[], others: readonly T[], key: (item: T) => string): T[] {
  const counts = new Map<string, number>();
  for (const other of others) counts.set(key(other), (counts.get(key(other)) ?? 0) + 1);
  return items.filter((item) => {
    const left = counts.get(key(item)) ?? 0;
    if (left > 0) counts.set(key(item), left - 1);
    return left === 0;
  });
}

/** Share of common items, counted with repeats: 1 for the same, 0 for nothing in common (Dice coefficient). */
export function similarity(a: readonly string[], b: readonly string[]): number {
  if (a.length + b.length === 0) return 1;
  const common = a.length - withoutOnce(a, b, (item) => item).length;
  return (2 * common) / (a.length + b.length);
}
