import type { SyntaxNode } from '@lezer/common';
import { readVisible, type CodeBlock } from '../issue/visible.ts';
import { argumentsOf, childrenOf, textOf, type Language, type Source } from '../mutate/syntax.ts';
import { parseSnippet } from './literals.ts';
import { readLabelled, readOutcome, readValue, type Expectation } from './outcome.ts';

/** One runnable example out of a report. */
export interface Example {
  /** Import statements and `require` declarations, as written. */
  imports: readonly string[];
  /** Statements that come before, as written. */
  setup: readonly string[];
  /** Either an expression with what it should give, or an assertion of the report's own. */
  check: { subject: string; expectation: Expectation } | { assertion: string };
}

interface Statement {
  text: string;
  node: SyntaxNode;
  /** Comments behind it and below it, without their marks. */
  comment: string;
}

const tags: Record<Language, ReadonlySet<string>> = {
  javascript: new Set(['', 'js', 'javascript', 'jsx', 'mjs', 'cjs', 'node', 'ts', 'typescript', 'tsx', 'mts']),
  python: new Set(['', 'py', 'python', 'python3', 'pycon', 'ipython', 'doctest']),
};

/** Every example that the visible text of a report shows, in the order of the report. */
export function examplesOf(body: string, language: Language): Example[] {
  const { text, codeBlocks } = readVisible(body);
  const blocks = codeBlocks.filter((block) => tags[language].has(block.language) && looksRunnable(block, language));
  const found: Example[] = [];
  let earlier: { imports: string[]; setup: string[] } = { imports: [], setup: [] };
  for (const block of blocks) {
    const read = readBlock(block, language, text, earlier);
    found.push(...read.examples);
    earlier = { imports: [...earlier.imports, ...read.imports], setup: read.setup };
  }
  return found.length > 0 ? found : inlineExamples(text, language, earlier.imports);
}

function looksRunnable(block: CodeBlock, language: Language): boolean {
  if (/^\s*(?:Traceback \(most recent|\w*(?:Error|Exception)\b.*:|at )/m.test(block.content) && !/>>> /.test(block.content)) {
    return block.language !== '' && /^\s*(?:import|from|const|let|var)\b/m.test(block.content);
  }
  return block.language !== '' || (/\w\(/.test(block.content) && errorsIn(unprompt(block.content, language), language) === 0);
}

function errorsIn(text: string, language: Language): number {
  let errors = 0;
  parseSnippet(text, language).tree.iterate({ enter: (ref) => void (errors += ref.type.isError ? 1 : 0) });
  return errors;
}

/** A REPL session as a script: prompts removed, printed lines made comments. */
function unprompt(content: string, language: Language): string {
  const prompt = language === 'python' ? /^(?:>>>|\.\.\.)(?: |$)/ : /^>(?: |$)/;
  if (!content.split('\n').some((line) => prompt.test(line))) return content;
  const mark = language === 'python' ? '#' : '//';
  return content
    .split('\n')
    .map((line) => {
      if (prompt.test(line)) return line.replace(prompt, '');
      return line.trim() === '' || line.trimStart().startsWith(mark) ? line : `${mark} ${line}`;
    })
    .join('\n');
}

const comments = new Set(['LineComment', 'BlockComment', 'Comment']);

/** Top-level statements, each with the comments that belong to it: on its line, and on the lines below it. */
function statementsOf(source: Source): Statement[] {
  const statements: Statement[] = [];
  let above = '';
  for (const node of childrenOf(source.tree.topNode)) {
    if (comments.has(node.name)) {
      const last = statements.at(-1);
      const said = textOf(source, node).replace(/^(?:\/\/|\/\*+|#+)\s?|\*\/$/g, '');
      if (last === undefined) above += `${said}\n`;
      else last.comment += `${last.comment === '' ? '' : '\n'}${said}`;
    } else if (node.name !== ';' && textOf(source, node).trim() !== '') {
      statements.push({ ...splitComment(source, node), node });
    }
  }
  // What stands above the only statement is about it too.
  const [only] = statements;
  if (statements.length === 1 && only?.comment === '') only.comment = above;
  return statements;
}

/** The grammars attach a trailing comment to the statement where that ends without a semicolon. */
function splitComment(source: Source, node: SyntaxNode): { text: string; comment: string } {
  const inner = childrenOf(node).filter((child) => comments.has(child.name));
  const first = inner[0];
  if (
    first === undefined ||
    childrenOf(node).some((child) => child.from > first.to && !comments.has(child.name) && child.name !== ';')
  ) {
    return { text: textOf(source, node), comment: '' };
  }
  const comment = inner.map((child) => textOf(source, child).replace(/^(?:\/\/|\/\*+|#+)\s?|\*\/$/g, '')).join('\n');
  return { text: source.text.slice(node.from, first.from).trimEnd(), comment };
}

interface BlockReading {
  examples: Example[];
  imports: string[];
  setup: string[];
}

function readBlock(
  block: CodeBlock,
  language: Language,
  report: string,
  earlier: { imports: string[]; setup: string[] },
): BlockReading {
  const source = parseSnippet(unprompt(block.content, language), language);
  const statements = statementsOf(source);
  const imports: string[] = [];
  const setup: string[] = [];
  const examples: Example[] = [];
  const given = (): Pick<Example, 'imports' | 'setup'> => ({
    imports: [...earlier.imports, ...imports],
    setup: [...(declaresAll(setup) ? [] : earlier.setup), ...setup],
  });
  for (const statement of statements) {
    if (isImport(statement)) imports.push(statement.text);
    else if (isAssertion(statement)) examples.push({ ...given(), check: { assertion: statement.text } });
    else {
      const subject = subjectOf(source, statement, language);
      const expectation = readOutcome(statement.comment, language) ?? expectedBelow(statement.comment, language);
      if (subject === undefined || !subject.isOutput) setup.push(statement.text);
      if (subject !== undefined && expectation !== undefined) {
        if (!subject.isOutput && subject.isExpression) setup.pop();
        examples.push({ ...given(), check: { subject: subject.text, expectation } });
      }
    }
  }
  if (examples.length === 0) examples.push(...withProse(source, statements, language, report, block, given()));
  return { examples, imports, setup };
}

const declaresAll = (setup: readonly string[]): boolean => setup.length > 0;

/** `// 3` below `// Expected:`; a bare value after an arrow is what was seen, not what was wanted. */
function expectedBelow(comment: string, language: Language): Expectation | undefined {
  const labelled = /^\s*expected[^:\n]*:\s*([\s\S]+)/im.exec(comment)?.[1];
  const value = labelled === undefined ? undefined : readValue(labelled, language);
  return value === undefined ? undefined : { kind: 'value', value };
}

/** A block that shows only the call; what was expected stands in the prose. */
function withProse(
  source: Source,
  statements: readonly Statement[],
  language: Language,
  report: string,
  block: CodeBlock,
  given: Pick<Example, 'imports' | 'setup'>,
): Example[] {
  const last = statements.findLast((statement) => subjectOf(source, statement, language) !== undefined);
  if (last === undefined) return [];
  const subject = subjectOf(source, last, language);
  if (subject === undefined) return [];
  const after = report.slice(block.offset + block.content.length);
  const expectation =
    readLabelled(after, language, subject.isOutput) ??
    readLabelled(report, language, subject.isOutput) ??
    inSentence(after, language) ??
    inSentence(report, language);
  if (expectation === undefined) return [];
  const setup = subject.isExpression && !subject.isOutput ? given.setup.filter((text) => text !== last.text) : given.setup;
  return [{ imports: given.imports, setup, check: { subject: subject.text, expectation } }];
}

/** The first sentence of the prose that says what was expected. */
function inSentence(text: string, language: Language): Expectation | undefined {
  const prose = text.replace(/(`{3,}|~{3,})[\s\S]*?\1/g, '\n\n');
  for (const sentence of prose.split(/\n[ \t]*\n|(?<=[.!?])\s+(?=[A-Z])/)) {
    const outcome = readOutcome(sentence.replace(/\s+/g, ' '), language);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

/** "`f(1, 2)` returns `3` but should return `4`": the call and the value both stand in prose. */
function inlineExamples(text: string, language: Language, imports: readonly string[]): Example[] {
  const prose = text.replace(/(`{3,}|~{3,})[\s\S]*?\1/g, '\n\n');
  for (const paragraph of prose.split(/\n[ \t]*\n/)) {
    const call = [...paragraph.matchAll(/`([^`\n]+)`/g)].find((match) => isCall(match[1] ?? '', language));
    if (call === undefined) continue;
    const expectation =
      readOutcome(paragraph.slice(call.index + call[0].length).replace(/\s+/g, ' '), language) ??
      readLabelled(text, language, false);
    if (expectation !== undefined) return [{ imports, setup: [], check: { subject: call[1] ?? '', expectation } }];
  }
  return [];
}

function isCall(text: string, language: Language): boolean {
  const source = parseSnippet(text, language);
  const only = childrenOf(source.tree.topNode).filter((node) => node.name !== ';');
  return (
    only.length === 1 &&
    only[0]?.firstChild?.name === 'CallExpression' &&
    argumentsOf(only[0].firstChild).length > 0 &&
    errorsIn(text, language) === 0
  );
}

function isImport({ node, text }: Statement): boolean {
  return (
    node.name === 'ImportDeclaration' ||
    node.name === 'ImportStatement' ||
    /^(?:const|let|var)\s[^=]+=\s*(?:await\s+import|require)\(\s*['"][^'"]+['"]\s*\)(?:\.\w+)?;?$/.test(text)
  );
}

const isAssertion = ({ node, text }: Statement): boolean =>
  node.name === 'AssertStatement' || (node.name === 'ExpressionStatement' && /^(?:await\s+)?(?:assert\b|expect\s*\()/.test(text));

interface Subject {
  text: string;
  /** Printed with `console.log` or `print`: comparing text is fair. */
  isOutput: boolean;
  isExpression: boolean;
}

function subjectOf(source: Source, { node, text }: Statement, language: Language): Subject | undefined {
  if (node.name === 'ExpressionStatement' && node.firstChild !== null) {
    const expression = node.firstChild;
    const printed =
      expression.name === 'CallExpression' &&
      /^(?:console\.(?:log|info|error|dir)|print)$/.test(textOf(source, expression.firstChild ?? expression));
    if (printed) {
      const [first] = argumentsOf(expression);
      return first === undefined ? undefined : { text: textOf(source, first), isOutput: true, isExpression: true };
    }
    const isValue = /^(?:Call|Member|Await|New|Binary|Unary)Expression$|^VariableName$/.test(expression.name);
    return isValue ? { text: text.replace(/;$/, ''), isOutput: false, isExpression: true } : undefined;
  }
  const declared =
    language === 'python' ? /^(\w+)\s*=(?!=)/.exec(text) : /^(?:const|let|var)\s+([\w$]+)\s*(?::[^=]+)?=/.exec(text);
  if (declared?.[1] === undefined || !/\(/.test(text)) return undefined;
  return { text: declared[1], isOutput: false, isExpression: false };
}
