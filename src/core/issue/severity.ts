export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'unknown';

const levels: readonly (readonly [Exclude<Severity, 'unknown'>, RegExp])[] = [
  ['critical', /^(?:critical|crit|blocker|urgent|emergency|p-?0|s-?0|s-?1|sev-?0|sev-?1|showstopper)$/],
  ['high', /^(?:high|major|important|severe|p-?1|s-?2|sev-?2)$/],
  ['medium', /^(?:medium|moderate|normal|p-?2|s-?3|sev-?3)$/],
  ['low', /^(?:low|minor|trivial|cosmetic|p-?3|p-?4|s-?4|sev-?4|nice to have)$/],
];

/** Words that say how bad it is, where nobody stated a level. */
const signs: readonly (readonly [Exclude<Severity, 'unknown'>, RegExp])[] = [
  [
    'critical',
    /\b(?:data (?:loss|corruption)|los(?:es|ing|t) (?:user |all |my |our )?data|security (?:hole|issue|vulnerability|flaw)|vulnerab\w+|remote code execution|production (?:is )?(?:down|outage)|outage|in production for (?:all|every)|blocks? (?:our |the )?release)\b/i,
  ],
  [
    'high',
    /\b(?:crash(?:es|ed|ing)?|segfaults?|segmentation fault|panic(?:s|ked)?|memory leak|out of memory|infinite loop|hangs?|freez(?:es|ing)|deadlocks?|regression|unusable|cannot (?:start|build|install|log ?in|use)|can't (?:start|build|install|log ?in|use))\b/i,
  ],
  ['low', /\b(?:typo|cosmetic|misspell\w*|nitpick|minor (?:issue|bug|thing)|small (?:issue|bug|thing)|slightly|edge case)\b/i],
];

function levelOf(words: string): Severity {
  const clean = words
    .toLowerCase()
    .replace(/[*_`"]/g, '')
    .replace(/^[\s:=/-]+|[\s.!]+$/g, '');
  for (const word of [clean, ...clean.split(/[\s:/()=,]+/)]) {
    const level = levels.find(([, pattern]) => pattern.test(word))?.[0];
    if (level !== undefined) return level;
  }
  return 'unknown';
}

/** "no data loss" and "it does not crash" are not signs. */
function isDenied(text: string, at: number): boolean {
  return /\b(?:no|not|never|without|isn't|doesn't|don't|didn't|non|nor)\b[^.!?\n]{0,20}$/i.test(
    text.slice(Math.max(0, at - 40), at),
  );
}

/** A label decides before a stated level (`Severity: high`), and that before the words of the report. */
export function readSeverity(title: string, text: string, labels: readonly string[]): Severity {
  const labelled = labels.map(levelOf).filter((level) => level !== 'unknown');
  const worst = levels.find(([level]) => labelled.includes(level))?.[0];
  if (worst !== undefined) return worst;
  const whole = `${title}\n${text}`;
  const stated =
    /(?:^|\n)[\s>*_#-]{0,8}(?:severity|priority|impact|urgency)(?:\*\*|__)?\s{0,3}[:=\n-]{1,3}\s{0,3}([^\n]{1,60})/i.exec(
      whole,
    )?.[1];
  const level = stated === undefined ? 'unknown' : levelOf(stated);
  if (level !== 'unknown') return level;
  const tagged = /^\s*\[([\w -]{1,20})\]/.exec(title)?.[1];
  if (tagged !== undefined && levelOf(tagged) !== 'unknown') return levelOf(tagged);
  for (const [sign, pattern] of signs) {
    const match = pattern.exec(whole);
    if (match !== null && !isDenied(whole, match.index)) return sign;
  }
  return 'unknown';
}
