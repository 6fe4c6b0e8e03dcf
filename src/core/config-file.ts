import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node, type Pair } from 'yaml';
import * as z from 'zod/mini';
import { normalise, rules, toldAbout, writtenSchema, type Config, type ConfigCode, type Written } from './config.ts';
import { suggest } from './suggest.ts';

/**
 * Text of `.bugloop/config.yml` → configuration, or every problem at once. Each problem names the file, the line and
 * the key, what was found (a secret never), what is allowed, and one way to mend it.
 */

export interface ConfigProblem {
  code: ConfigCode;
  /** One line that begins with `file:line:column` and the key. */
  message: string;
  /** One way to mend it. */
  hint: string;
  file: string;
  /** 1-based; absent where the file could not be read as text at all. */
  line?: number;
  /** 1-based. */
  column?: number;
  /** Path of the key, e.g. `limits.timeout_minutes` or `protected_paths[0]`. */
  key?: string;
}

export type ParsedConfig = { ok: true; config: Config; notes: string[] } | { ok: false; problems: ConfigProblem[] };

/** A problem before its place in the file is known as line and column. */
interface Finding {
  code: ConfigCode;
  message: string;
  hint: string;
  path?: Path;
  /** Where to point, as an offset in the text; else the value at `path`. */
  offset?: number;
  /** Point at the key at `path` instead of its value. */
  atKey?: boolean;
}
type Path = readonly PropertyKey[];

const maxBytes = 64 * 1024;

/** Reads the file's text or bytes. Pure, and never throws for what the file holds. */
export function parseConfig(source: string | Uint8Array, file: string): ParsedConfig {
  const decoded = decode(source);
  if (!decoded.ok) return { ok: false, problems: [{ ...decoded.problem, file, message: `${file}: ${decoded.problem.message}` }] };
  const lines = new LineCounter();
  const document = parseYaml(decoded.text, lines);
  if (!document.ok) return { ok: false, problems: document.findings.map((finding) => locate(finding, file, lines)) };

  const value: unknown = document.yaml.toJS();
  if (value === null || value === undefined) {
    return { ok: true, config: normalise({}), notes: [`${file} is empty, using defaults`] };
  }
  const judged = judge(value);
  const findings = [...judged.findings, ...secretsIn(decoded.text, document.yaml)];
  if (findings.length === 0) return { ok: true, config: normalise(judged.written), notes: [] };
  const problems = findings.map((finding) => locate(finding, file, lines, document.yaml));
  return { ok: false, problems: problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)) };
}

// ---------------------------------------------------------------------------------------------- bytes → text

type Decoded = { ok: true; text: string } | { ok: false; problem: { code: ConfigCode; message: string; hint: string } };

function decode(source: string | Uint8Array): Decoded {
  if (source.length > maxBytes) {
    const message = `the file has ${source.length} bytes, at most ${maxBytes} are read`;
    return { ok: false, problem: { code: 'config.too_complex', message, hint: 'keep the configuration small' } };
  }
  const text = typeof source === 'string' ? source : decodeUtf8(source);
  if (text === undefined || text.includes('\0') || text.includes('\uFFFD')) {
    const message = 'the file is not valid UTF-8 text';
    return { ok: false, problem: { code: 'config.encoding', message, hint: 'save the file as UTF-8' } };
  }
  return { ok: true, text: text.replace(/^\uFEFF/, '') };
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

// ---------------------------------------------------------------------------------------------- text → YAML

type ParsedYaml = { ok: true; yaml: Document } | { ok: false; findings: Finding[] };

/** One slip in YAML makes many errors; the first few say it all. */
const maxParseErrors = 3;
/** Thousands of levels exhaust the parser's stack. */
const tooDeep: ParsedYaml = {
  ok: false,
  findings: [
    { code: 'config.too_complex', message: 'the file is nested too deeply', hint: 'keep the configuration small', offset: 0 },
  ],
};

function parseYaml(text: string, lineCounter: LineCounter): ParsedYaml {
  let yaml: Document;
  try {
    yaml = parseDocument(text, { lineCounter, schema: 'core', uniqueKeys: true, logLevel: 'error' });
  } catch {
    return tooDeep;
  }
  if (yaml.errors.some(({ message }) => message.includes('call stack'))) return tooDeep;
  const errors = yaml.errors.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED');
  const findings = [
    ...errors.slice(0, maxParseErrors).map((error) => ({
      code: 'config.parse' as const,
      message: `${error.message.split('\n')[0]?.replace(/:$/, '')}`,
      hint: error.code === 'TAB_AS_INDENT' ? 'indent with spaces instead of the tab' : 'mend the YAML at this place',
      offset: error.pos[0],
    })),
    ...unwelcomeNodes(yaml),
  ];
  if (findings.length > 0) return { ok: false, findings };
  const root = yaml.contents;
  if (root !== null && !isMap(root) && !(isScalar(root) && root.value === null)) {
    const message = `expected a mapping of keys to values at the top level, found ${isSeq(root) ? 'a list' : 'a single value'}`;
    return {
      ok: false,
      findings: [{ code: 'config.type', message, hint: 'write e.g. version: 1', offset: root.range?.[0] ?? 0 }],
    };
  }
  return { ok: true, yaml };
}

/** Features of YAML that a configuration has no use for and an attacker has. One finding of each kind is enough. */
function unwelcomeNodes(yaml: Document): Finding[] {
  const found = new Map<string, Finding>();
  const add = (finding: Finding): void => {
    if (!found.has(finding.message)) found.set(finding.message, finding);
  };
  visit(yaml, {
    Alias(_key, { range }) {
      const message = 'an alias (*name) makes the file too complex';
      add({ code: 'config.too_complex', message, hint: 'write the values out without aliases', offset: range?.[0] ?? 0 });
    },
    Pair(_key, { key }) {
      if (isScalar(key)) return;
      const message = 'a key must be plain text';
      add({ code: 'config.parse', message, hint: 'write the key as a word', offset: offsetOf(key) });
    },
  });
  for (const { code, message, pos } of [...yaml.errors, ...yaml.warnings]) {
    if (code !== 'TAG_RESOLVE_FAILED') continue;
    const what = message.split('\n')[0]?.replace(/ at line .*$/, '');
    add({ code: 'config.tag', message: `${what}; no tag is allowed`, hint: 'remove the tag', offset: pos[0] });
  }
  return [...found.values()];
}

function offsetOf(node: unknown): number {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range) ? Number(node.range[0]) : 0;
}

// ---------------------------------------------------------------------------------------------- value → written form

/** Judges every key, then the rules across keys on what is left once the wrong values are taken away. */
function judge(value: unknown): { written: Written; findings: Finding[] } {
  const findings: Finding[] = [];
  let rest = value;
  // Taking away a wrong list element can bring no new problem, so the second round succeeds; the bound is for safety.
  for (let round = 0; round < 5; round += 1) {
    const parsed = writtenSchema.safeParse(rest);
    if (parsed.success) return { written: parsed.data, findings: [...findings, ...brokenRules(parsed.data)] };
    const before = rest;
    for (const issue of parsed.error.issues) {
      // What only lacks a key that was taken away as wrong goes with it: that was told.
      const bereft = round > 0 && valueAt(before, issue.path) === undefined;
      if (!bereft) findings.push(...explain(issue, before));
      rest = bereft ? withoutPath(rest, issue.path.slice(0, -1)) : without(rest, issue);
    }
  }
  return { written: {}, findings };
}

function brokenRules(written: Written): Finding[] {
  return rules.flatMap((rule) => {
    const broken = rule.broken(written);
    return broken === undefined ? [] : [{ code: broken.code, message: broken.message, hint: broken.hint, path: broken.at }];
  });
}

/** A copy of `value` without what the issue is about; a list goes as a whole, because its other indexes would move. */
function without(value: unknown, issue: z.core.$ZodIssue): unknown {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.reduce<unknown>((rest, key) => withoutPath(rest, [...issue.path, key]), value);
  }
  return withoutPath(value, issue.path);
}

function withoutPath(value: unknown, path: Path): unknown {
  const [key, ...deeper] = path;
  if (key === undefined || !isRecord(value) || Array.isArray(value)) return undefined;
  const entries = Object.entries(value).flatMap(([name, item]): [string, unknown][] => {
    if (name !== key) return [[name, item]];
    const left = withoutPath(item, deeper);
    return left === undefined ? [] : [[name, left]];
  });
  return Object.fromEntries(entries);
}

// ---------------------------------------------------------------------------------------------- telling

/** Findings for one complaint of the schema: usually one, several for unknown keys. */
function explain(issue: z.core.$ZodIssue, value: unknown): Finding[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.flatMap((key) => explainUnknown([...issue.path, key], valueAt(value, [...issue.path, key])));
  }
  const path = issue.path;
  const found = describe(valueAt(value, path));
  const custom = issue.code === 'custom' ? issue.params : undefined;
  const hint = typeof custom?.['hint'] === 'string' ? custom['hint'] : exampleOf(path);
  const why = custom === undefined ? `${reasonOf(issue)}expected ${toldAt(path)}, found ${found}` : `${found} ${issue.message}`;
  return [{ code: codeOf(issue), message: `${keyPath(path)}: ${why}`, hint, path }];
}

function codeOf(issue: z.core.$ZodIssue): ConfigCode {
  if (issue.code === 'custom' && isConfigCode(issue.params?.['code'])) return issue.params['code'];
  return issue.code === 'invalid_type' ? 'config.type' : 'config.range';
}

function isConfigCode(code: unknown): code is ConfigCode {
  return typeof code === 'string' && code.startsWith('config.');
}

function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_small' && issue.origin !== 'number') return 'must not be empty; ';
  if (issue.code === 'too_big' && issue.origin !== 'number') return 'is too long; ';
  return '';
}

function toldAt(path: Path): string {
  const schema = schemaAt(path);
  return (
    toldAbout(schema)?.allowed ??
    (schema instanceof z.ZodMiniObject ? `a mapping with the keys ${keysOf(schema)}` : 'another value')
  );
}

function exampleOf(path: Path): string {
  const named = path.findLast((key) => typeof key === 'string');
  const example = toldAbout(schemaAt(path))?.example;
  if (example === undefined) return 'remove the key to use its default';
  return typeof path.at(-1) === 'number'
    ? `write an entry such as ${example}`
    : `write e.g. ${String(named)}: ${quoteIfNeeded(example)}`;
}

/** YAML reads a plain colon followed by text as one word, but `[` and `"` start other things. */
function quoteIfNeeded(example: string): string {
  return /^[\w./-]+$/.test(example) || /^[["]/.test(example) ? example : `"${example}"`;
}

function schemaAt(path: Path): z.ZodMiniType | undefined {
  return path.reduce<z.ZodMiniType | undefined>((schema, key) => {
    if (schema instanceof z.ZodMiniObject && typeof key === 'string' && Object.hasOwn(schema.shape, key))
      return inner(schema.shape[key]);
    return schema instanceof z.ZodMiniArray ? inner(schema.def.element) : undefined;
  }, writtenSchema);
}

function inner(schema: unknown): z.ZodMiniType | undefined {
  if (schema instanceof z.ZodMiniOptional) return inner(schema.def.innerType);
  return schema instanceof z.ZodMiniType ? schema : undefined;
}

function keysOf(schema: z.ZodMiniObject): string {
  return Object.keys(schema.shape).join(', ');
}

/** `limits.timeout_minutes`, `protected_paths[0]`. */
function keyPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

/** A value in one short line, with whatever could be a secret left out. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return JSON.stringify(value);
  if (secretPattern.test(value)) return 'a secret (hidden)';
  return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`.replaceAll(/\p{Cc}/gu, ' ');
}

// ---------------------------------------------------------------------------------------------- unknown keys

/** Keys that other tools have and that must not work here, with the reason; each looks at one leaf. */
const foreignKeys: readonly {
  name: RegExp;
  applies(value: unknown): boolean;
  tell(key: string, value: unknown): Omit<Finding, 'path'>;
}[] = [
  {
    name: /^un_?protect/i,
    applies: () => true,
    tell: (key, value) => ({
      code: 'config.unsafe',
      message: `${key}: ${typeof value === 'string' ? describe(value) : 'the built-in list'} cannot be unprotected`,
      hint: 'remove the key; protected_paths can only add to the built-in list, such as .github/',
    }),
  },
  {
    name: /users?$|actors?$|authors?$/i,
    applies: (value) => typeof value === 'string' && value.includes('*'),
    tell: (key, value) => ({
      code: 'config.unsafe',
      message: `${key}: a wildcard such as ${describe(value)} would let anybody start a run; write permission decides that`,
      hint: 'remove the key',
    }),
  },
  {
    name: /(?:api_?key|access_?key|private_?key|token|secret|password|credential)s?$/i,
    applies: (value) => typeof value === 'string' && !secretPattern.test(value),
    tell: (key) => ({
      code: 'config.forbidden_key',
      message: `${key}: credentials come only from the environment of the operator, never from a file of the repository`,
      hint: 'remove the key and set it in the environment, e.g. ANTHROPIC_API_KEY',
    }),
  },
  {
    name: /^(?:.*_)?(?:url|uri|endpoint|host|proxy|ca|ca_cert|ca_file)$|^baseurl$/i,
    applies: () => true,
    tell: (key) => ({
      code: 'config.forbidden_key',
      message: `${key}: endpoints come only from the environment of the operator, never from a file of the repository`,
      hint: 'remove the key and set it in the environment, e.g. ANTHROPIC_BASE_URL or GITHUB_API_URL',
    }),
  },
];

function explainUnknown(path: Path, value: unknown): Finding[] {
  const leaves = leavesOf(path, value);
  const foreign = leaves.flatMap((leaf) => explainForeign(leaf.path, leaf.value));
  // A secret is told about by the search over the text, with or without a key around it.
  if (foreign.length > 0 || leaves.some((leaf) => typeof leaf.value === 'string' && secretPattern.test(leaf.value)))
    return foreign;
  const parent = schemaAt(path.slice(0, -1));
  const allowed = parent instanceof z.ZodMiniObject ? Object.keys(parent.shape) : [];
  const near = suggest(String(path.at(-1)), allowed);
  const meant = near === undefined ? '' : `, did you mean '${near}'?`;
  const message = `${keyPath(path)}: unknown key${meant}; allowed: ${allowed.join(', ')}`;
  const hint = near === undefined ? 'remove the key' : `write ${near} instead, or remove the key`;
  return [
    {
      code: 'config.unknown_key',
      message,
      hint,
      path,
      atKey: true,
    },
  ];
}

function explainForeign(path: Path, value: unknown): Finding[] {
  const names = path.filter((key): key is string => typeof key === 'string');
  const rule = foreignKeys.find((foreign) => names.some((key) => foreign.name.test(key)) && foreign.applies(value));
  return rule === undefined ? [] : [{ ...rule.tell(keyPath(path), value), path }];
}

function leavesOf(path: Path, value: unknown): { path: Path; value: unknown }[] {
  if (Array.isArray(value) && value.length > 0) return value.flatMap((item, index) => leavesOf([...path, index], item));
  if (isRecord(value) && !Array.isArray(value))
    return Object.entries(value).flatMap(([key, item]) => leavesOf([...path, key], item));
  return [{ path, value }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) => (isRecord(at) && typeof key !== 'symbol' && Object.hasOwn(at, key) ? at[String(key)] : undefined),
    value,
  );
}

// ---------------------------------------------------------------------------------------------- secrets

/** Shapes of credentials that are issued with a recognisable prefix. */
const secretPattern =
  /\b(?:sk-[A-Za-z0-9_-]{14,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[A-Z0-9]{16}|AIza[\w-]{30,}|npm_[A-Za-z0-9]{30,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+)|-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** Every secret in the text, also in comments; the message names the key around it and never repeats it. */
function secretsIn(text: string, yaml: Document): Finding[] {
  return [...text.matchAll(new RegExp(secretPattern, 'g'))].map((match) => {
    const path = pathAround(yaml, match.index);
    return {
      code: 'config.secret_in_file',
      message: `${path === undefined ? 'a comment' : keyPath(path)}: holds something that looks like a secret (hidden)`,
      hint: 'remove it from the file, revoke it, and set it in the environment',
      offset: match.index,
      ...(path === undefined ? {} : { path }),
    };
  });
}

function pathAround(yaml: Document, offset: number): Path | undefined {
  let found: Path | undefined;
  const descend = (node: unknown, path: Path): void => {
    if (isMap(node)) for (const pair of node.items) descendPair(pair, path);
    else if (isSeq(node)) for (const [index, item] of node.items.entries()) descend(item, [...path, index]);
    else if (isScalar(node) && node.range && node.range[0] <= offset && offset < node.range[1]) found = path;
  };
  const descendPair = (pair: Pair, path: Path): void => {
    const own = [...path, isScalar(pair.key) ? String(pair.key.value) : ''];
    descend(pair.key, own);
    descend(pair.value, own);
  };
  descend(yaml.contents, []);
  return found;
}

// ---------------------------------------------------------------------------------------------- places

function locate(finding: Finding, file: string, lines: LineCounter, yaml?: Document): ConfigProblem {
  const { code, message, hint, path } = finding;
  const { line, col: column } = lines.linePos(finding.offset ?? offsetAt(yaml, path ?? [], finding.atKey === true));
  const at = `${file}:${line}:${column}`;
  return { code, message: `${at}: ${message}`, hint, file, line, column, ...(path === undefined ? {} : { key: keyPath(path) }) };
}

/** Offset of the value at `path`, or of the nearest thing around it that is written in the file. */
function offsetAt(yaml: Document | undefined, path: Path, wantsKey: boolean): number {
  let node: Node | null = yaml?.contents ?? null;
  let offset = 0;
  for (const [depth, step] of path.entries()) {
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) break;
      const last = depth === path.length - 1;
      offset = offsetOf(last && !wantsKey ? (pair.value ?? pair.key) : pair.key);
      node = isNodeLike(pair.value) ? pair.value : null;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(step)];
      offset = offsetOf(item);
      node = isNodeLike(item) ? item : null;
    }
  }
  return offset;
}

function isNodeLike(value: unknown): value is Node {
  return isMap(value) || isSeq(value) || isScalar(value);
}
