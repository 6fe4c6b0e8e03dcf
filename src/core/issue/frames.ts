/**
 * Stack frames of the common languages, out of any text: fenced, quoted, indented, with log prefixes, or inside a
 * JSON string. Each line is read on its own with anchored patterns, so the cost is linear in the text.
 */

type Language = 'javascript' | 'python' | 'java' | 'go' | 'ruby' | 'dotnet' | 'rust' | 'php';

export interface Frame {
  language: Language;
  function?: string;
  /** As written. Absent where the trace gives none (native methods, assemblies without symbols). */
  file?: string;
  /** Without protocol, machine and container prefixes, with forward slashes: compare from its end. */
  path?: string;
  /** 1-based. */
  line?: number;
  column?: number;
  /** False for the runtime, the standard library and installed packages, as far as the path tells. */
  inApp: boolean;
}

type Parsed = Omit<Frame, 'path' | 'inApp' | 'language'> & { path?: string };
/** Reads one trimmed line; `before` is the line above it, `after` the one below. */
type ReadFrame = (line: string, before: string, after: string) => Parsed | undefined;

const maxFrames = 400;
const maxLine = 1_000;

/** Where checkouts live on build machines, in containers and at home; the first that fits is dropped. */
const machinePrefixes = [
  /^(?:home|Users)\/runner\/work\/([^/]+)\/\1\//,
  /^(?:__w|a|_work)\/([^/]+)\/\1\//,
  /^github\/workspace\//,
  /^(?:home|Users)\/[^/]+\//,
  /^(?:usr\/src\/app|usr\/src|var\/task|var\/www\/html|var\/www|srv\/app|opt\/app|workspaces?|app|code|build|src\/app|root|private\/tmp|tmp)\//,
];

/** What a file location looks like without protocol, query, machine and container prefixes. */
export function repoLikePath(file: string): string {
  let path = file.trim().replace(/\\/g, '/');
  path = path.replace(/^(?:async\s+|\d+:\s*)/, '').replace(/[?#].*$/, '');
  path = path.replace(
    /^(?:webpack-internal|webpack|turbopack|vite|rollup|rsc|app|file|ng|metro|blob|capacitor|ionic):\/\/+/i,
    '/',
  );
  path = path.replace(/^blob:/, '').replace(/^https?:\/\/[^/]*/i, '');
  path = path.replace(/^\/?\([\w-]+\)\//, '/').replace(/^\/?\[(?:project|app|root)[\w -]*\]\//, '/');
  path = path.replace(/^\/?@fs\//, '/').replace(/^\/?_N_E\//, '/');
  path = path.replace(/^\/?[A-Za-z]:\//, '/');
  const absolute = path.startsWith('/');
  path = path.replace(/^\/+/, '').replace(/^(?:\.{1,2}\/|~\/)+/, '');
  const modules = path.lastIndexOf('node_modules/');
  if (modules !== -1) return path.slice(modules);
  if (!absolute) return path;
  const machine = machinePrefixes.find((prefix) => prefix.test(path));
  return machine === undefined ? path : path.replace(machine, '');
}

const outsideApp =
  /(?:^|\/)(?:node_modules|site-packages|dist-packages|\.cargo|\.rustup|rustc|rustlib|gems|rubygems|vendor|\.m2|\.gradle|\.venv|venv|bower_components|\.pnpm|\.yarn|internal\/(?:modules|process|timers|streams|fs|errors|per_context))\/|^\/?(?:usr\/(?:lib|local\/(?:lib|go\/src))|opt\/(?:hostedtoolcache|python|homebrew))\/|\/pkg\/mod\/|(?:^|\/)(?:lib|Lib)\/python\d|\/(?:go|golang|libexec)\/src\/(?:runtime|testing|net|reflect|sync|os|io|fmt|strings|encoding|bufio|context|database|sort|time|panic)\b|^<|^(?:node|internal|native|ext|bun|deno|evalmachine|chrome-extension|moz-extension|safari-extension|safari-web-extension):|\[native code\]|\.asar\b|webpack\/(?:bootstrap|runtime)|^internal\//;
const outsideFunction: Partial<Record<Language, RegExp>> = {
  java: /^(?:java|javax|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|clojure|android|androidx|dalvik|org\.junit|org\.springframework|org\.apache|org\.gradle|org\.hibernate|org\.mockito|io\.netty|reactor|com\.google|com\.intellij|com\.android)\./,
  dotnet: /^(?:System|Microsoft|Xunit|NUnit|MS\.|Newtonsoft)\b/,
  rust: /^(?:std|core|alloc|test|rust_begin_unwind|__rust|_start|main$|tokio|rayon|backtrace|clone|start_thread|__libc)\b/,
  go: /^(?:runtime|testing|net|os|reflect|sync|io|fmt|encoding)[./]|^panic\(/,
};

function isInApp(language: Language, frame: Parsed): boolean {
  const file = frame.file?.replace(/\\/g, '/');
  if (frame.function !== undefined && outsideFunction[language]?.test(frame.function.replace(/^\w[\w.]*\//, '')) === true) {
    return false;
  }
  return file !== undefined && !outsideApp.test(file);
}

/** Splits `file:12:5` from its end. `undefined` where there is no line. */
function readLocation(written: string): { file: string; line: number; column?: number } | undefined {
  const match = /(?::(\d{1,9}))?:(\d{1,9})$/.exec(written);
  if (match === null) return undefined;
  const file = written.slice(0, match.index);
  if (file === '' || /^https?$/.test(file)) return undefined;
  const last = Number(match[2]);
  return match[1] === undefined ? { file, line: last } : { file, line: Number(match[1]), column: last };
}

/** The text in the last pair of round brackets and what stands before it. */
function lastBrackets(text: string): { before: string; inside: string } | undefined {
  if (!text.endsWith(')')) return undefined;
  let depth = 0;
  for (let i = text.length - 1; i >= 0; i--) {
    const character = text.charAt(i);
    if (character === ')') depth += 1;
    else if (character === '(') depth -= 1;
    if (depth === 0) return { before: text.slice(0, i).trim(), inside: text.slice(i + 1, -1) };
  }
  return undefined;
}

function named(name: string | undefined): { function: string } | object {
  const clean =
    name
      ?.trim()
      .replace(/^(?:async|new)\s+/, '')
      .replace(/\s+\[as [^\]]*\]$/, '') ?? '';
  return clean === '' || clean === '<anonymous>' || clean === '?' ? {} : { function: clean };
}

const readV8: ReadFrame = (line) => {
  if (!line.startsWith('at ')) return undefined;
  const rest = line.slice(3).trim();
  const brackets = lastBrackets(rest);
  const written = brackets?.inside ?? rest.replace(/^async\s+/, '');
  // Code made by eval: the place that called eval is the one that exists as a file.
  const evaluated = written.startsWith('eval at ') ? /.*\(([^()]+:\d+:\d+)\)/.exec(written)?.[1] : undefined;
  const place = readLocation((evaluated ?? written).replace(/^address at /, ''));
  if (place === undefined) {
    if (!/^(?:native|<anonymous>|index \d+)$/.test(written) || brackets === undefined) return undefined;
    return { ...named(brackets.before), file: `<${written.replace(/[<>]/g, '')}>` };
  }
  if (/\s/.test(place.file) && !/[/\\]/.test(place.file)) return undefined;
  if (/\.(?:rs|php|cs|java|kt|rb|py)$/.test(place.file)) return undefined;
  return { ...named(brackets?.before), ...place };
};

const readJava: ReadFrame = (line) => {
  const match =
    /^at (?:[\w.@$-]{1,80}\/{1,2}){0,2}([\w$.<>-]{1,300})\((?:([\w$-]{1,120}\.(?:java|kt|kts|scala|groovy|clj|cljc))(?::(\d{1,9}))?|Native Method|Unknown Source(?::\d+)?|Unknown Source|<generated>|SourceFile(?::\d+)?)\)/.exec(
      line,
    );
  if (match === null) return undefined;
  const name = match[1] ?? '';
  if (!name.includes('.')) return undefined;
  const file = match[2];
  if (file === undefined) return { function: name };
  const parts = name.split('.');
  const packaged = parts.slice(
    0,
    parts.findIndex((part) => /^[A-Z]/.test(part)) === -1 ? -2 : parts.findIndex((part) => /^[A-Z]/.test(part)),
  );
  const path = [...packaged, file].join('/');
  return { function: name, file, path, ...(match[3] === undefined ? {} : { line: Number(match[3]) }) };
};

const readDotnet: ReadFrame = (line) => {
  const located =
    /^(?:at|bei|à|em|en|in|w|в|场所) (.{1,500}?) (?:in|à|dans|en|em|w|в|位置) (.{1,400}):(?:line|Zeile|ligne|línea|linha|строка|行号) (\d{1,9})\.?$/.exec(
      line,
    );
  if (located !== null) return { function: signature(located[1] ?? ''), file: located[2] ?? '', line: Number(located[3]) };
  const mono = /^at (.{1,300}?) \[0x[0-9a-f]+\] in (.{1,300}):(\d{1,9})$/.exec(line);
  if (mono !== null) {
    const file = mono[2] ?? '';
    return { function: signature(mono[1] ?? ''), ...(file.startsWith('<') ? {} : { file, line: Number(mono[3]) }) };
  }
  // Without symbols: a dotted name and a list of typed parameters, which no other language writes after `at`.
  const bare = /^at ([A-Za-z_][\w.`+<>[\],|$]{2,300})\(((?:[\w.`[\]&*<>,]+ \w+(?:, )?){0,20})\)$/.exec(line);
  if (bare === null || !(bare[1] ?? '').includes('.')) return undefined;
  return { function: bare[1] ?? '' };
};

function signature(written: string): string {
  const at = written.indexOf('(');
  return (at === -1 ? written : written.slice(0, at)).trim();
}

const readPython: ReadFrame = (line) => {
  const classic = /^File (?:"([^"]{1,500})"|(\S{1,400}?):(\d{1,9}))(?:, line (\d{1,9}))?(?:(?:,)? in (.{1,200}))?/.exec(line);
  if (classic !== null) {
    const lineNumber = classic[4] ?? classic[3];
    const file = classic[1] ?? classic[2];
    if (lineNumber === undefined || file === undefined) return undefined;
    return { ...namedPython(classic[5]), file, line: Number(lineNumber) };
  }
  const pytest =
    /^([\w@.~+\-/\\]{1,300}\.pyx?):(\d{1,9}): (?:in (\S{1,200})|[A-Z][\w.]{0,100}(?:Error|Exception|Failed|Warning|Exit|Interrupt)\b.*|)$/.exec(
      line,
    );
  if (pytest !== null) return { ...namedPython(pytest[3]), file: pytest[1] ?? '', line: Number(pytest[2]) };
  return undefined;
};

/** IPython shows the line with an arrow below: `~/x.py in load(path)` and `---> 12 code`. */
const readIpython: ReadFrame = (line, _before, after) => {
  const match = /^([\w@.~+\-/\\:]{1,300}\.pyx?) in ([\w.<>]{1,200})(?:\(|$)/.exec(line);
  if (match === null) return undefined;
  const arrow = /^-{2,}> ?(\d{1,9})\b/.exec(after.trim())?.[1];
  return { ...namedPython(match[2]), file: match[1] ?? '', ...(arrow === undefined ? {} : { line: Number(arrow) }) };
};

function namedPython(name: string | undefined): { function: string } | object {
  const clean = name?.trim().replace(/\(.*$/, '') ?? '';
  return clean === '' || clean === '<module>' ? {} : { function: clean };
}

const goFunction = /^(?:created by )?([\w./\-*()[\]{}·$~%@,]{1,300}?)(?:\((?:[^()]|\{|\}){0,400}\)| in goroutine \d+)?$/;

const readGo: ReadFrame = (line, before) => {
  const match =
    /^([^\s:][^:\n]{0,300}\.(?:go|s)|[A-Za-z]:[^:\n]{1,300}\.go):(\d{1,9})(?::(\d{1,9}))?(?: \+0x[0-9a-f]+)?(?::? .{0,800}|:)?$/.exec(
      line,
    );
  if (match === null) return undefined;
  const file = match[1] ?? '';
  if (/\s/.test(file) && !/^[/A-Z]/.test(file)) return undefined;
  const name = goFunction.exec(before.trim())?.[1];
  const called = / \+0x|^\//.test(line) && name !== undefined && /[.(]/.test(before) ? { function: name } : {};
  return { ...called, file, line: Number(match[2]), ...(match[3] === undefined ? {} : { column: Number(match[3]) }) };
};

const readRuby: ReadFrame = (line) => {
  const match =
    /^(?:from |\d{1,3}: from |# )?((?:[A-Za-z]:)?[^\s:'"()#][^:'"()]{0,300}|<internal:[\w/-]+>|\(eval[^)]{0,200}\)):(\d{1,9}):in [`'‘]([^'’]{1,200})['’]/.exec(
      line,
    );
  if (match !== null) return { ...namedRuby(match[3]), file: match[1] ?? '', line: Number(match[2]) };
  const bare = /^(?:from |# )?([\w@.~+\-/\\]{1,300}\.(?:rb|rake|erb|gemspec)):(\d{1,9})(?:$|:in | in |: )/.exec(line);
  return bare === null ? undefined : { file: bare[1] ?? '', line: Number(bare[2]) };
};

function namedRuby(name: string | undefined): { function: string } | object {
  const clean = name?.replace(/^(?:(?:block|rescue|ensure)(?: \(\d+ levels\))? in )+/, '') ?? '';
  return clean === '' || /^<(?:main|top \(required\))>$/.test(clean) ? {} : { function: clean };
}

const readRust: ReadFrame = (line, before) => {
  const place = /^at (.{1,400}\.rs):(\d{1,9})(?::(\d{1,9}))?$/.exec(line);
  if (place !== null) {
    const name = /^\d{1,4}: +(?:0x[0-9a-f]+ +- +)?(.{1,300})$/.exec(before.trim())?.[1];
    const column = place[3] === undefined ? {} : { column: Number(place[3]) };
    return { ...named(name?.replace(/::h[0-9a-f]{16}$/, '')), file: place[1] ?? '', line: Number(place[2]), ...column };
  }
  const panicked =
    /^thread '[^'\n]{0,100}'(?: \(\d+\))? panicked at (?:'.{0,600}', |.{0,600}, )?([^\s',]{1,300}\.rs):(\d{1,9})(?::(\d{1,9}))?:?$/.exec(
      line,
    );
  if (panicked !== null) {
    const column = panicked[3] === undefined ? {} : { column: Number(panicked[3]) };
    return { file: panicked[1] ?? '', line: Number(panicked[2]), ...column };
  }
  const arrow = /^([^\s:]{1,300}\.rs):(\d{1,9}):(\d{1,9})$/.exec(line);
  return arrow === null ? undefined : { file: arrow[1] ?? '', line: Number(arrow[2]), column: Number(arrow[3]) };
};

const readPhp: ReadFrame = (line) => {
  const numbered = /^#\d{1,4} +(?:\[internal function\]|(.{1,400}?)\((\d{1,9})\)): ?(.{0,400})$/.exec(line);
  if (numbered !== null) {
    const place = numbered[1] === undefined ? {} : { file: numbered[1], line: Number(numbered[2]) };
    return { ...named(signature(numbered[3] ?? '')), ...place };
  }
  const thrown =
    /(?:^|\s)(?:thrown )?in ([^\s:()]{1,400}\.(?:php|phtml|inc))(?:(?: on)? line |:| \(line )(\d{1,9})\)?(?:$|\s|\.)/.exec(line);
  if (thrown !== null) return { file: thrown[1] ?? '', line: Number(thrown[2]) };
  const laravel = /^(?:at |\d{1,3} {1,4})([^\s:()]{1,400}\.php)(?::(\d{1,9})|\((\d{1,9})\))/.exec(line);
  if (laravel !== null) return { file: laravel[1] ?? '', line: Number(laravel[2] ?? laravel[3]) };
  const xdebug = /^\d[\d.]*\s+\d+\s+\d+\. (\S{1,200}) (\S{1,300}\.php):(\d{1,9})$/.exec(line);
  return xdebug === null ? undefined : { function: signature(xdebug[1] ?? ''), file: xdebug[2] ?? '', line: Number(xdebug[3]) };
};

const readBrowser: ReadFrame = (line) => {
  const at = line.indexOf('@');
  if (at === -1) return undefined;
  const name = line.slice(0, at).replace(/^(?:async|promise callback|setTimeout handler|\w+ handler)\*/, '');
  let written = line.slice(at + 1);
  if (written === '[native code]') return /^[\w$./<>* ]{0,200}$/.test(name) ? { ...named(name), file: written } : undefined;
  // `page.js line 12 > eval:1:1`: the file that called eval.
  const evaluated = /^(\S{1,600}) line (\d{1,9}) > (?:eval|Function|injectedScript)/.exec(written);
  if (evaluated !== null) written = `${evaluated[1]}:${evaluated[2]}`;
  const place = readLocation(written);
  if (place === undefined || /\s/.test(place.file) || /\s(?!code$)/.test(name)) return undefined;
  if (!/^(?:[a-z-]+:|\/)|\.\w{1,5}$/i.test(place.file)) return undefined;
  return { ...named(name.replace(/[/<]+$/, '').replace(/^(?:global|module|eval) code$/, '')), ...place };
};

/** In this order: the first reader that knows the line has it. */
const readers: readonly (readonly [Language, ReadFrame, (line: string) => boolean])[] = [
  ['java', readJava, (line) => line.startsWith('at ') && line.includes('.')],
  ['rust', readRust, (line) => line.includes('.rs:')],
  ['php', readPhp, (line) => line.startsWith('#') || line.includes('.php') || line.includes('.phtml') || line.includes('.inc')],
  ['dotnet', readDotnet, (line) => /^(?:at|bei|à|em|en|in|w|в|场所) /.test(line)],
  ['javascript', readV8, (line) => line.startsWith('at ')],
  ['python', readPython, (line) => line.startsWith('File ') || line.includes('.py')],
  ['python', readIpython, (line) => line.includes('.py')],
  ['go', readGo, (line) => line.includes('.go:') || line.includes('.s:')],
  [
    'ruby',
    readRuby,
    (line) => line.includes(':in ') || line.includes('.rb:') || line.includes('.rake:') || line.includes('.erb:'),
  ],
  ['javascript', readBrowser, (line) => line.includes('@')],
];

/** Without quotation marks, list bullets, exception-group bars and the prefixes that log collectors add. */
export function bareLine(line: string): string {
  const quoted = line.replace(/^[\s>|*+\u2502\u2503-]{1,80}/, '').trimEnd();
  return quoted
    .replace(/^(?:\[?\d{4}-\d\d-\d\d[T ][\d:.,]{8,16}(?:Z|[+-]\d\d:?\d\d)?\]?|\[\d+\]|[\w.-]{1,40} +\||E {2,})\s+/, '')
    .trimStart();
}

/** Lines of the text, each at most 1,000 characters, with `\n` written out inside JSON strings taken as a line end. */
export function traceLines(text: string): string[] {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (line.includes('\\n') && /\\n\s*(?:at |File |from |#\d|\\t|\w*@)/.test(line)) {
      const parts = line.split('\\n');
      parts[0] = parts[0]?.slice(parts[0].lastIndexOf('"') + 1) ?? '';
      for (const part of parts) {
        const plain = part
          .slice(0, 2 * maxLine)
          .replace(/\\t/g, '  ')
          .replace(/\\"/g, "'");
        lines.push(plain.replace(/(["']),?\s*[}\]"].*$/, '').slice(0, maxLine));
      }
    } else lines.push(line.slice(0, maxLine));
  }
  return lines;
}

function readFrame(line: string, before: string, after: string): Frame | undefined {
  for (const [language, read, mayBe] of readers) {
    if (!mayBe(line)) continue;
    const parsed = read(line, before, after);
    if (parsed === undefined) continue;
    const { path, ...frame } = parsed;
    const like = path ?? (frame.file === undefined ? undefined : repoLikePath(frame.file));
    return { language, ...frame, ...(like === undefined ? {} : { path: like }), inApp: isInApp(language, frame) };
  }
  return undefined;
}

/** All frames in the order of the text, at most 400, repeats of the same place dropped. */
export function readFrames(lines: readonly string[]): Frame[] {
  const frames: Frame[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < lines.length && frames.length < maxFrames; i++) {
    const line = bareLine(lines[i] ?? '');
    if (line.length < 4) continue;
    const frame = readFrame(line, bareLine(lines[i - 1] ?? ''), lines[i + 1] ?? '');
    if (frame === undefined) continue;
    const key = `${frame.file}\0${frame.line}\0${frame.column}\0${frame.function}`;
    if (seen.has(key)) continue;
    seen.add(key);
    frames.push(frame);
  }
  return frames;
}
