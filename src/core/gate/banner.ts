/**
 * What a reviewer posts instead of a review. CodeRabbit marks its kinds of comment in hidden text and says the same in a
 * heading; Copilot excuses itself in a sentence. Read in real comments of 2025 and 2026.
 */
export interface Banner {
  kind: 'skipped' | 'limited' | 'paused' | 'running' | 'unable';
  /** How long it asks to wait, in minutes, from when it was written. */
  minutes?: number;
}

/** Strongest first: a comment that says skipped may also say why the next one has to wait. */
const kinds: readonly { kind: Banner['kind']; hidden: RegExp; heading: RegExp }[] = [
  {
    kind: 'limited',
    hidden: /<!--[^>]{0,120}\brate limited by\b/i,
    heading:
      /^(?:reviews? (?:(?:is|are|was|were) )?(?:rate[- ])?limited|(?:reviews? )?(?:rate[- ])?limit (?:exceeded|reached)|rate[- ]limited)/i,
  },
  {
    kind: 'paused',
    hidden: /<!--[^>]{0,120}\bpaused by\b/i,
    heading: /^(?:(?:automatic |auto )?reviews? (?:(?:is|are|was|were|has been|have been) )?(?:paused|disabled)|paused\W*$)/i,
  },
  {
    kind: 'running',
    hidden: /<!--[^>]{0,120}\breview in progress by\b/i,
    heading: /^currently (?:processing|reviewing) (?:new )?changes/i,
  },
  {
    kind: 'skipped',
    hidden: /<!--[^>]{0,120}\b(?:skip(?:ped)? review|review skipped) by\b/i,
    heading: /^(?:(?:automatic |auto )?reviews? (?:(?:is|are|was|were|has been|have been) )?skipped|skipped\W*$)/i,
  },
  { kind: 'unable', hidden: /\b(?:wasn['’]t able|was not able|unable) to review\b/i, heading: /^action not completed/i },
];

/** `undefined` where the text is none. Costs linear time whatever the text. */
export function readBanner(body: string): Banner | undefined {
  const lines = body.split('\n').map((line) => line.replace(/^[^\p{L}]+/u, ''));
  const found = kinds.find(({ hidden, heading }) => hidden.test(body) || lines.some((line) => heading.test(line)));
  if (found === undefined) return undefined;
  const minutes = readMinutes(body);
  return minutes === undefined ? { kind: found.kind } : { kind: found.kind, minutes };
}

const inMinutes: Readonly<Record<string, number>> = { hour: 60, minute: 1, second: 1 / 60 };

/** `Please wait **24 minutes and 12 seconds**`, `Next included review available in **1 hour**`. */
function readMinutes(body: string): number | undefined {
  const named =
    /(?:please wait|available in|try again in):? {1,3}((?:(?:,? and |, | )?\d{1,4} (?:hour|minute|second)s?){1,3})/i.exec(
      body.replaceAll('*', ''),
    )?.[1];
  if (named === undefined) return undefined;
  const parts = [...named.matchAll(/(\d{1,4}) (hour|minute|second)/gi)];
  return Math.ceil(parts.reduce((sum, [, count, unit]) => sum + Number(count) * (inMinutes[unit?.toLowerCase() ?? ''] ?? 0), 0));
}
