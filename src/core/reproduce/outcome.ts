import type { Language } from '../mutate/syntax.ts';
import { quote, readLiteral } from './literals.ts';

/** What should have happened. */
export type Expectation =
  | { kind: 'value'; value: string }
  /** The text that would have been printed. */
  | { kind: 'text'; value: string }
  | { kind: 'throws'; type?: string }
  | { kind: 'no-throw' };

const wanted = [
  /\bbut (?:I )?expected:?\s+(.+)/is,
  /\binstead of\s+(.+)/is,
  /\bshould (?:really |actually |rather |have )?(?:be|been|return(?:ed)?|give|given|equal|print|yield|show|contain|say)\s+(.+)/is,
  /\bexpect(?:ed|ing|s)?(?: (?:result|output|value|behaviou?r|it))*(?: (?:to be|is|was|were|to return|to give))?\s*[:=]?>?\s+(.+)/is,
  /\b(?:want(?:ed)?|correct(?: (?:is|would be|value|result))?)\s*[:=]?\s+(.+)/is,
];

const throwing =
  /^(?:it )?(?:should |to )?(?:throws?|raises?|rejects?(?: with)?|thrown?)\b(?:\s+an?)?\s*`?([A-Z]\w*(?:Error|Exception))?/i;
const notThrowing =
  /\b(?:no (?:error|exception|crash)|(?:should |does |do )?not (?:throw|crash|raise|fail)|without (?:an? )?(?:error|exception|throwing|crashing))\b/i;
const shouldThrow = /\bshould (?:throw|raise|reject)|\bexpected (?:it |this )?to (?:throw|raise|reject)/i;

/** A value in words or in code: the first literal, in backticks or bare. */
export function readValue(text: string, language: Language): string | undefined {
  const bare = text
    .trimStart()
    .replace(/^(?:an?|the|array|list|object|string|value|number|exactly)\s+(?=[`'"[{\d-])/i, '')
    .replace(/^[*_]+/, '');
  const ticked = /^(`+)\s?(.+?)\s?\1/s.exec(bare);
  const inner = ticked?.[2] ?? bare;
  return readLiteral(inner, language);
}

/** Reads `=> 3, expected 4`, `should be 4`, `returns 3 instead of 4`, `expected it to throw RangeError`. */
export function readOutcome(text: string, language: Language): Expectation | undefined {
  for (const pattern of wanted) {
    const rest = pattern.exec(text)?.[1];
    if (rest === undefined) continue;
    const value = readValue(rest, language);
    if (value !== undefined) return { kind: 'value', value };
    const thrown = throwing.exec(rest);
    if (thrown !== null) return thrown[1] === undefined ? { kind: 'throws' } : { kind: 'throws', type: thrown[1] };
  }
  if (notThrowing.test(text)) return { kind: 'no-throw' };
  if (!shouldThrow.test(text)) return undefined;
  const type = /\b([A-Z]\w*(?:Error|Exception))\b/.exec(text)?.[1];
  return type === undefined ? { kind: 'throws' } : { kind: 'throws', type };
}

const label = (words: string): RegExp =>
  new RegExp(
    `^[ \\t]*(?:#{1,6}[ \\t]+|[-*+][ \\t]+)?[*_]{0,2}(?:what (?:I|we|you) )?(?:${words})[^\\n:*_]{0,30}[*_]{0,2}[ \\t]*(:?)[*_]{0,2}[ \\t]*([^\\n]*)\\n?((?:[ \\t]*\\n)?[\\s\\S]{0,2000})`,
    'im',
  );
const expectedLabel = label('expect(?:ed|ation|s)?|should be|wanted?|desired');

/** Reads an `Expected:` line or an `### Expected behaviour` section of the report's prose. */
export function readLabelled(report: string, language: Language, printed: boolean): Expectation | undefined {
  const found = expectedLabel.exec(report);
  if (found === null) return undefined;
  const [, colon = '', sameLine = '', following = ''] = found;
  const isHeading = /^[ \t]*#/.test(found[0]);
  const beside = sameLine.trim();
  if (beside !== '' && (colon !== '' || isHeading)) return readProse(beside, language);
  if (beside !== '') return undefined;
  const block = /^\s*(`{3,}|~{3,})[^\n]*\n([\s\S]*?)\n?[ \t]*\1/.exec(following);
  if (block !== null) return readBlock(block[2] ?? '', language, printed);
  const paragraph = following.trimStart().split(/\n[ \t]*\n|\n#{1,6} /)[0] ?? '';
  return readProse(paragraph, language);
}

function readProse(text: string, language: Language): Expectation | undefined {
  const value = readValue(text, language);
  if (value !== undefined) return { kind: 'value', value };
  const outcome = readOutcome(text, language);
  if (outcome !== undefined) return outcome;
  const thrown = throwing.exec(text);
  if (thrown !== null) return thrown[1] === undefined ? { kind: 'throws' } : { kind: 'throws', type: thrown[1] };
  const coded = [...text.matchAll(/`([^`\n]+)`/g)]
    .map((match) => readLiteral(match[1] ?? '', language))
    .filter((found) => found !== undefined);
  return coded.length === 1 && coded[0] !== undefined ? { kind: 'value', value: coded[0] } : undefined;
}

function readBlock(content: string, language: Language, printed: boolean): Expectation | undefined {
  const value = readLiteral(content, language);
  if (value !== undefined && value.length === content.trim().length) return { kind: 'value', value };
  return printed && content.trim() !== ''
    ? { kind: 'text', value: quote(content, language === 'python' ? '"' : "'") }
    : undefined;
}
