/**
 * Extracts from GitHub's official OpenAPI description the operations that the GitHub double of the tests answers,
 * into `test/servers/github/openapi.json`. The description's package is 385 MB, so it never becomes a dependency:
 * it is packed into a temporary directory, read and thrown away.
 *
 *     node scripts/extract-github-openapi.ts            the newest version
 *     node scripts/extract-github-openapi.ts 23.0.2     a certain one
 *
 * Prose, examples and links are dropped; every schema that an operation reaches is kept whole.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const operations = new Set(
  [
    'rate-limit/get',
    'users/get-authenticated',
    'users/get-by-username',
    'apps/list-repos-accessible-to-installation',
    'search/issues-and-pull-requests',
    ...each(
      'repos',
      'get check-collaborator get-collaborator-permission-level list-collaborators get-branch get-branch-protection',
      'get-branch-rules get-content get-commit list-commits compare-commits list-pull-requests-associated-with-commit',
      'get-combined-status-for-ref list-commit-statuses-for-ref create-commit-status create-dispatch-event',
    ),
    ...each(
      'issues',
      'get list-for-repo create update get-comment list-comments list-comments-for-repo create-comment update-comment delete-comment',
      'list-labels-on-issue add-labels set-labels remove-label list-labels-for-repo get-label create-label',
      'add-assignees remove-assignees list-assignees check-user-can-be-assigned list-events list-events-for-timeline',
    ),
    ...each(
      'reactions',
      'create-for-issue list-for-issue create-for-issue-comment list-for-issue-comment delete-for-issue-comment',
      'create-for-pull-request-review-comment list-for-pull-request-review-comment',
    ),
    ...each(
      'pulls',
      'get list create update list-files list-commits list-reviews get-review create-review dismiss-review list-review-comments',
      'get-review-comment create-reply-for-review-comment create-review-comment list-comments-for-review',
      'request-reviewers list-requested-reviewers check-if-merged merge',
    ),
    ...each('checks', 'get create update list-for-ref list-suites-for-ref list-for-suite list-annotations'),
    ...each(
      'actions',
      'list-workflow-runs-for-repo get-workflow-run list-jobs-for-workflow-run get-job-for-workflow-run',
      'download-job-logs-for-workflow-run get-github-actions-default-workflow-permissions-repository',
      'get-github-actions-permissions-repository re-run-workflow-failed-jobs approve-workflow-run list-repo-workflows',
    ),
    ...each('git', 'get-ref list-matching-refs create-ref update-ref delete-ref create-commit get-commit create-tree get-tree'),
    ...each('git', 'create-blob get-blob'),
  ].flat(),
);

function each(area: string, ...names: string[]): string[] {
  return names.flatMap((line) => line.split(' ')).map((name) => `${area}/${name}`);
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = Record<string, Json>;

/** Prose and hints that no validation needs. */
const dropped = new Set([
  'description',
  'summary',
  'example',
  'examples',
  'externalDocs',
  'tags',
  'x-github',
  'deprecated',
  'links',
  'headers',
  'servers',
  'x-github-breaking-changes',
  'x-webhooks',
  'discriminator',
]);

function main(version: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'github-openapi-'));
  try {
    const extract = extractFrom(readDescription(directory, version));
    writeFileSync(join(import.meta.dirname, '../test/servers/github/openapi.json'), `${JSON.stringify(extract)}\n`);
    const missing = [...operations].filter((name) => !JSON.stringify(extract).includes(`"operationId":"${name}"`));
    if (missing.length > 0) throw new Error(`the description has no ${missing.join(', ')}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function readDescription(directory: string, version: string): { version: string; description: JsonObject } {
  execFileSync('npm', ['pack', '--silent', `@octokit/openapi@${version}`], { cwd: directory });
  const archive = readdirSync(directory).find((name) => name.endsWith('.tgz'));
  if (!archive) throw new Error('npm packed nothing');
  const members = ['package/package.json', 'package/generated/api.github.com.json'];
  execFileSync('tar', ['-xzf', archive, ...members], { cwd: directory });
  const [manifest, description] = members.map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as JsonObject);
  return { version: JSON.stringify(manifest?.['version']).slice(1, -1), description: description ?? {} };
}

function extractFrom({ version, description }: { version: string; description: JsonObject }): JsonObject {
  const paths: JsonObject = {};
  for (const [path, item] of Object.entries(description['paths'] as Record<string, JsonObject>)) {
    const kept = Object.entries(item).filter(([, operation]) =>
      operations.has((operation as { operationId: string }).operationId),
    );
    if (kept.length > 0) paths[path] = Object.fromEntries(kept.map(([method, operation]) => [method, strip(operation)]));
  }
  const components: Record<string, JsonObject> = {};
  const queue: Json[] = [paths];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const reference of referencesIn(next)) {
      const [, , section = '', name = ''] = reference.split('/');
      if (components[section]?.[name] !== undefined) continue;
      const found = strip(((description['components'] as JsonObject)[section] as JsonObject)[name] ?? {});
      (components[section] ??= {})[name] = found;
      queue.push(found);
    }
  }
  return { source: `@octokit/openapi ${version}, api.github.com`, paths, components };
}

/** `names`: the keys of this object are names of properties, not keywords. */
function strip(value: Json, names = false): Json {
  if (Array.isArray(value)) return value.map((item) => strip(item));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => names || !dropped.has(key));
  const stripped = Object.fromEntries(kept.map(([key, item]) => [key, strip(item, !names && key === 'properties')]));
  return names ? stripped : withNull(stripped);
}

/** OpenAPI 3.0 says `nullable: true` where JSON Schema lists the type. */
function withNull(schema: JsonObject): JsonObject {
  const { nullable, ...rest } = schema;
  if (nullable !== true) return typeof nullable === 'boolean' ? rest : schema;
  if (typeof rest['type'] !== 'string') return { anyOf: [{ type: 'null' }, rest] };
  const values = Array.isArray(rest['enum']) ? { enum: [...new Set([...rest['enum'], null])] } : {};
  return { ...rest, ...values, type: [rest['type'], 'null'] };
}

function referencesIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === '$ref' && typeof item === 'string' ? [item] : referencesIn(item),
  );
}

main(process.argv[2] ?? 'latest');
