import type { BugReport } from '../issue.ts';
import { isTemplate, sortLines } from './lines.ts';
import { countTerms, facet, scan, termOf } from './terms.ts';

/** Where in a report a word stands. */
const fields = ['title', 'prose', 'outcome', 'code', 'setup'] as const;
export type Field = (typeof fields)[number];

/** A report as terms: what is looked for. */
export interface Query {
  /** Per term and field, how much it weighs there. */
  words: Map<number, Record<Field, number>>;
  /** Whole names that may be defined somewhere. */
  names: Map<number, { name: string; field: Field; telling: boolean }>;
  /** Dotted names, as segments. */
  dotted: { segments: string[]; field: Field }[];
}

const stopWords = new Set(
  (
    'the and for that this with not but are was were have has had you your from when then than what which will would should could can all any ' +
    'its it is in on of to an as at be by do does if or so no we my our they their there here how why who out up use used using get got set ' +
    'new return const let var function import export def self none null true false undefined class public private static void int str string ' +
    'else elif try except catch finally throw raise async await end begin issue bug error expected actual behavior behaviour version steps reproduce ' +
    'also just like some only same because does doing did been being may might must shall into over about after before while where each other such more most ' +
    'very see instead however think want need work works working make makes please thanks problem following example code result output happens happen try tried ' +
    'https http www com org github html'
  )
    .split(' ')
    .map((word) => termOf(word)),
);

/** A name as programs write it, rather than a word: mixed case, underscores, digits, or called. */
const telling = /[a-z\d][A-Z]|\w_\w|^[A-Z][a-z]+[A-Z]|^[A-Z][A-Z\d_]{2,}$/;

export function readQuery(report: BugReport): Query {
  const lines = sortLines(report);
  const spans = [...`${report.title}\n${lines.prose}\n${lines.outcome}`.matchAll(/(?<!`)`([^`\n]{2,200})`(?!`)/g)].map(
    ([, span = '']) => span,
  );
  const texts: Record<Field, string> = {
    ...lines,
    title: isTemplate(report.title) ? '' : report.title,
    code: `${lines.code}\n${spans.join('\n')}`,
  };
  // What the report's own example defines is the reporter's, not the program's.
  const own = new Set<number>();
  const bytes = new TextEncoder().encode(lines.code);
  scan(bytes, 0, bytes.length, true, (term) => own.add(term));
  const words: Query['words'] = new Map();
  for (const field of fields) {
    for (const [term, count] of countTerms(texts[field])) {
      if (stopWords.has(term)) continue;
      let weights = words.get(term);
      if (weights === undefined) words.set(term, (weights = { title: 0, prose: 0, outcome: 0, code: 0, setup: 0 }));
      // What is repeated says little more: one long log must not drown the rest.
      weights[field] = 1 + Math.log(count);
    }
  }
  const names: Query['names'] = new Map();
  const dotted: Query['dotted'] = [];
  for (const field of fields) {
    if (field === 'setup') continue;
    for (const found of texts[field].matchAll(/[A-Za-z_$][\w$]*(?:(?:\.|::|#|->|\/)[A-Za-z_$][\w$]*)*/g)) {
      const segments = found[0].split(/\.|::|#|->|\//);
      if (segments.length > 1 && segments.length < 12) dotted.push({ segments, field });
      const called = texts[field].startsWith('(', found.index + found[0].length);
      const spanned = field === 'code';
      segments.forEach((name, place) => {
        if (name.length < 3 || name.length > 100 || stopWords.has(termOf(name))) return;
        const term = termOf(name, facet.definition);
        if (own.has(term)) return;
        const isTelling = telling.test(name) || spanned || segments.length > 1 || (called && place === segments.length - 1);
        const known = names.get(term);
        if (known === undefined) names.set(term, { name, field, telling: isTelling });
        else if (isTelling) known.telling = true;
      });
    }
  }
  return { words, names, dotted: dotted.slice(0, 300) };
}

/** How much a word weighs in the report as a whole. */
export function weigh({ title, prose, outcome, code, setup }: Record<Field, number>): number {
  return Math.sqrt(2 * title + prose + 1.5 * outcome + code + 0.2 * setup);
}
