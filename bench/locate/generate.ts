import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/**
 * A large repository out of real source: the installed packages of this one, again and again, in each copy with other
 * names for a part of what they name. The same for the same packages and number.
 */
const packages = fileURLToPath(new URL('../../node_modules', import.meta.url));
const source = /\.(?:[cm]?[jt]s)$/;
/** Paths of packages tell build output from source, but not the source of another repository. */
const output =
  /(?:^|\/)(?:dist|build|out|lib|esm|cjs|target|node_modules|tests?|__tests__|docs?|vendor|typings|types|min)(?=\/)/g;
const maxBytes = 64 * 1024;

/** The file that the report is about, and the report. */
export const planted = {
  path: 'src/ledger/settlement.ts',
  text: [
    'export function settleInvoice(tenant, ledger) {',
    '  if (!ledger.quorum) return undefined;',
    '  return rollback(tenant, ledger.cursor);',
    '}',
    '',
  ].join('\n'),
  report: {
    title: 'settleInvoice() loses the rollback of a tenant when the ledger has no quorum',
    body: 'The replica keeps a cursor whose checksum and digest are of the old payload, then we throttle the schema forever.',
  },
  words: [
    'quorum',
    'ledger',
    'settle',
    'rollback',
    'replica',
    'checksum',
    'digest',
    'cursor',
    'payload',
    'tenant',
    'throttle',
    'schema',
  ],
} as const;

export interface Generated {
  /** The only commit. */
  commit: string;
  files: number;
  bytes: number;
}

/** Makes a repository at `repository` with `files` files and one commit, without ever writing the files. */
export async function generateRepository(repository: string, files: number): Promise<Generated> {
  await execa('git', ['init', '--quiet', '--initial-branch=main', repository]);
  // A clone of it takes the objects as they are.
  await execa('git', ['config', 'pack.window', '0'], { cwd: repository });
  const texts = await readSources();
  const importing = execa('git', ['-c', 'pack.compression=1', 'fast-import', '--quiet', '--depth=0'], {
    cwd: repository,
    stdin: 'pipe',
    stdout: 'ignore',
    buffer: false,
  });
  const { stdin } = importing;
  const write = async (path: string, text: string): Promise<number> => {
    const bytes = Buffer.from(text);
    stdin.write(`M 100644 inline ${path}\ndata ${bytes.length}\n`);
    stdin.write(bytes);
    if (!stdin.write('\n')) await once(stdin, 'drain');
    return bytes.length;
  };
  stdin.write('commit refs/heads/main\ncommitter Bench <bench@example.invalid> 0 +0000\ndata 0\n');
  let bytes = await write(planted.path, planted.text);
  for (let nth = 0; nth < files - 1; nth++) {
    const copy = Math.floor(nth / texts.length);
    const { path, text } = texts[nth % texts.length] ?? { path: `empty${nth}.ts`, text: '' };
    bytes += await write(`src/part${copy}/${path}`, copy === 0 ? text : rename(text, copy));
  }
  stdin.end('done\n');
  await importing;
  return { commit: (await execa('git', ['rev-parse', 'main'], { cwd: repository })).stdout, files, bytes };
}

/** Sources by path, without what a copy under another path already gave. */
async function readSources(): Promise<{ path: string; text: string }[]> {
  const entries = await readdir(packages, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && source.test(entry.name))
    .map((entry) => relative(packages, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith('.'))
    .toSorted();
  const texts = new Map<string, string>();
  for (const path of paths) {
    const file = join(packages, path);
    const { size } = await stat(file);
    if (size === 0 || size > maxBytes) continue;
    const clean = path
      .replaceAll('@', '')
      .replace(output, (name) => `${name}_`)
      .replace(/\.(?:min|test|spec|d)(?=\.)/g, '_$&'.replace('.', ''));
    texts.set(clean, await readFile(file, 'utf8'));
  }
  return [...texts].map(([path, text]) => ({ path, text }));
}

/** Every third name, another third in each copy, ends differently. */
function rename(text: string, copy: number): string {
  return text.replace(/[A-Za-z_$][\w$]{5,40}/g, (name) =>
    (name.length + name.charCodeAt(2) + copy) % 3 === 0 ? `${name}X${copy}` : name,
  );
}
