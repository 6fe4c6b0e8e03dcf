import { lexicons, scan, type Lexicon } from './scan.ts';
import type { RepoPath } from '../types.ts';

/** What `sensitive.ts` looks at in one source file, by lines: language differences end here. */
export interface SourceFacts {
  lines: Line[];
  /** Lines with something but comment on them; strings are kept. */
  codeLines: Line[];
  throws: Line[];
  assertions: Line[];
  /** Early exits under a condition. */
  guards: Line[];
  validations: Line[];
  /** `any` and its kin. */
  looseTypes: Line[];
  catchAlls: Line[];
  /** Literals that decide something: compared, looked up, or a case. */
  compared: Line[];
  literals: Line[];
}

interface Line {
  text: string;
  line: number;
  isComment?: boolean;
}

const byExtension: readonly [RegExp, Lexicon][] = [
  [/\.([cm]?[jt]sx?|vue|svelte)$/, lexicons.javascript],
  [/\.pyi?$/, lexicons.python],
  [/\.go$/, lexicons.go],
  [/\.rs$/, lexicons.rust],
  [/\.(java|kts?|scala|groovy|swift|dart)$/, lexicons.jvm],
  [/\.(cs|fs|vb)$/, lexicons.csharp],
  [/\.php$/, lexicons.php],
  [/\.(rb|rake|ex|exs|sh|ya?ml|toml)$/, lexicons.ruby],
];

const patterns = {
  throws: /\bthrow\b|\braise\b|\bpanic!?\(|\breject\(|\babort\(|\bunreachable!\(|\bbail!\(|\bbail\(|log\.Fatal/,
  assertions:
    /\b(console\s*\.\s*)?assert\w*!?\s*[.(]|\binvariant\(|\bdebug_assert|\brequire\s*\(\s*(?!["'`])|\bPreconditions\.|\bensure!?\(|^\s*assert\b/,
  guards:
    /(\bif\b|\bunless\b|\bguard\b).*\b(return|throw|raise|continue|break|panic)\b|\bguard\b.*\belse\b|\breturn\b.*\b(if|unless)\b/,
  validations:
    /\b(is)?(valid\w*|verif\w+|sanitiz\w+|sanitis\w+|escape\w*|authoriz\w+|authoris\w+|permitted?|allowed|safe\w+Compare|timingSafeEqual|hasOwnProperty|hasOwn|isSafe\w*|check[A-Z_]\w*)\s*\(|\.(safeParse|parseStrict)\(/i,
  looseTypes:
    /(:|<|\bas|,|\|)\s*any\b(?!\s*\()|\bas\s+(unknown|never)\b|[:>]\s*Any\b|\binterface\{\}|\bdynamic\b|\w!\.(?=\w)|\bmixed\b\s*\$/,
} as const;

/** `catch` whose block is empty or only returns or logs; bare `except`; `rescue` of everything. */
const catchAll =
  /\bcatch\s*(\([^)]{0,200}\))?\s*\{\s*((return\b[^;{}]{0,200}|console\s*\.\s*\w+\([^)]{0,200}\)|continue|break)?;?\s*)\}|\bexcept\s*((Base)?Exception(\s+as\s+\w+)?)?\s*:|\brescue\s*(=>\s*\w+|(Standard|Runtime)?(Error|Exception)(\s*=>\s*\w+)?)?\s*(\n|;|$)|\.catch\(\s*(\(\w*\)|\w+)\s*=>\s*(\{\s*\}|null|undefined|\w+|\[\]|\(\{\}\))\s*\)|\.catch\(\s*function\s*\(\w*\)\s*\{\s*\}\s*\)|\bcatch\s*\(\s*(Exception|Throwable|\\?Exception|\\?Throwable)\b[^)]*\)|\brecover\(\)|\bcatch_unwind\(|\.unwrap_or_default\(\)/g;
const multiline = new Set<Lexicon>([lexicons.javascript, lexicons.jvm, lexicons.csharp, lexicons.php]);

/** Characters of a line that patterns are tried on: what is longer was not written by hand. */
const longest = 2_000;

export function readSource(path: RepoPath, text: string): SourceFacts {
  const lexicon = byExtension.find(([pattern]) => pattern.test(path))?.[1] ?? lexicons.javascript;
  const scanned = scan(text, lexicon);
  const [raw, code, visible] = [text.split('\n'), scanned.code.split('\n'), scanned.visible.split('\n')];
  const lines = raw.map((each, index): Line => ({ text: tidy(each), line: index + 1, isComment: code[index]?.trim() === '' }));
  const codeLines = visible.map((each, index) => ({ text: tidy(each), line: index + 1 })).filter(({ text }) => text !== '');
  const matching = (pattern: RegExp): Line[] =>
    code.flatMap((each, index) =>
      pattern.test(each.slice(0, longest)) ? [{ text: tidy(visible[index] ?? ''), line: index + 1 }] : [],
    );
  return {
    lines: lines.filter(({ text }) => text !== ''),
    codeLines,
    throws: matching(patterns.throws),
    assertions: matching(patterns.assertions),
    guards: [...matching(patterns.guards), ...blockGuards(code, visible)],
    validations: matching(patterns.validations),
    looseTypes: matching(patterns.looseTypes),
    catchAlls: [...scanned.code.matchAll(catchAll)].map((match) => ({
      text: tidy(match[0]),
      line: scanned.code.slice(0, match.index).split('\n').length,
    })),
    ...literalsOf(scanned.code, scanned.strings, multiline.has(lexicon)),
  };
}

const tidy = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** A condition on one line whose block does nothing but leave on the next. */
function blockGuards(code: readonly string[], visible: readonly string[]): Line[] {
  return code.flatMap((each, index) => {
    const next = (code[index + 1] ?? '').slice(0, longest);
    const opens =
      /^\s*(if|unless|elif|else if)\b.*[:{)]\s*$/.test(each.slice(0, longest)) &&
      !/\b(return|throw|raise)\b/.test(each.slice(0, longest));
    return opens && /^\s*(return|throw|raise|continue|break)\b/.test(next)
      ? [{ text: tidy(`${visible[index] ?? ''} ${visible[index + 1] ?? ''}`), line: index + 1 }]
      : [];
  });
}

/** What stands before a literal where the literal decides: a comparison, a case, a search. */
const decidesBefore =
  /([=!]==?|<|>|\bcase|\bis|\bwhen|\.(includes|startsWith|endsWith|equals|indexOf|has|get|match|test|eql)\(|\bin\s*[[({])\s*$/;
const listedAfter = /^[^\]\n]{0,80}\]\s*\)?\s*\.(includes|indexOf|has|some|contains)\(/;
const decidesAfter = /^\s*([=!]==?|\bin\b|\.equals\(|:\s*(return\b|\S))/;

const toLine = ({ value, line }: { value: string; line: number }): Line => ({ text: value, line });

function literalsOf(
  code: string,
  strings: readonly { start: number; end: number; value: string }[],
  hasRecords: boolean,
): { compared: Line[]; literals: Line[] } {
  const numbers = [...code.matchAll(/(?<![\w.$])-?\d[\d_]*(\.\d+)?\b/g)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    value: match[0],
  }));
  const all = [...strings, ...numbers].sort((a, b) => a.start - b.start);
  let [line, from] = [1, 0];
  const placed = all.map((literal) => {
    line += code.slice(from, literal.start).split('\n').length - 1;
    from = literal.start;
    return { ...literal, line };
  });
  const decides = ({ start, end }: { start: number; end: number }): boolean =>
    decidesBefore.test(code.slice(Math.max(0, start - 40), start)) ||
    listedAfter.test(code.slice(end, end + 120)) ||
    (hasRecords ? decidesAfter : /^\s*([=!]=|\bin\b)/).test(code.slice(end, end + 12));
  return { compared: placed.filter(decides).map(toLine), literals: placed.map(toLine) };
}
