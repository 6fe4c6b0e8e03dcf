/**
 * The mark that every text of ours on a forge carries, invisible to readers. Whoever copies it can only make us ignore
 * what they wrote.
 */
const mark = /<!--\s*bugloop:[a-z-]+/;

export function isOurs(text: string): boolean {
  return mark.test(text);
}
