import { getNamedType, type GraphQLField, isCompositeType, isLeafType, isObjectType, isRequiredArgument } from 'graphql';
import { expect, onTestFinished, test } from 'vitest';
import { loadSchema } from './graphql.ts';
import { startGitHub } from './index.ts';
import { resolvers } from './resolvers.ts';

/** What the double resolves is what GitHub's schema has, and comes out in the schema's types. */

const schema = loadSchema();
function fieldsOf(name: string): Record<string, GraphQLField<unknown, unknown>> {
  const type = schema.getType(name);
  return isObjectType(type) ? type.getFields() : {};
}

test('no field is invented', () => {
  const tables = Object.entries(resolvers);
  // Some tables are shared by kinds of things of which not all have every field.
  const known = new Set(
    tables.flatMap(([type, table]) =>
      Object.entries(table).flatMap(([field, resolve]) => (fieldsOf(type)[field] ? [resolve] : [])),
    ),
  );
  const invented = tables.flatMap(([type, table]) =>
    Object.entries(table).flatMap(([field, resolve]) => (known.has(resolve) ? [] : [`${type}.${field}`])),
  );
  expect(invented).toEqual([]);
});

/** All fields of a type that need no argument but a page's size. */
function selectionOf(type: string): string {
  const fields = Object.keys(resolvers[type] ?? {}).flatMap((name) => {
    const field = fieldsOf(type)[name];
    if (!field || field.args.some((argument) => isRequiredArgument(argument))) return [];
    const named = getNamedType(field.type);
    if (isLeafType(named)) return [name];
    if (!isCompositeType(named)) return [];
    const pages = field.args.some((argument) => argument.name === 'first');
    return [pages ? `${name}(first: 5) { __typename }` : `${name} { __typename }`];
  });
  return fields.join(' ');
}

test('every field of every kind of thing comes out in the type of the schema', async () => {
  const github = await startGitHub();
  onTestFinished(() => github.close());
  const repository = await github.repository({
    owner: 'ada',
    name: 'sums',
    files: { 'sum.js': 'one\n' },
    labels: ['bug'],
    roles: { grace: 'write' },
  });
  github.protect(repository, 'main', { checks: ['CI'] });
  github.workflow(repository, { name: 'CI' });
  const issue = await github.issue(repository, { title: 'bug', body: 'b', labels: ['bug'] });
  const sha = await github.commit(repository, 'fix', { 'sum.js': 'two\n' });
  const pull = await github.pull(repository, { title: 'Fix', body: 'Closes #1', head: 'fix', base: 'main', author: 'grace' });
  const thread = await github.addThread(pull, { author: 'ada', path: 'sum.js', line: 1, body: 'why?' });
  const check = github.addCheck(repository, sha, { name: 'lint', conclusion: 'failure' });
  const status = github.addStatus(repository, sha, { context: 'legacy/ci', state: 'error' });
  const things = [
    repository,
    issue,
    pull,
    github.comment(issue, 'c'),
    issue.labels[0],
    thread,
    thread.comments[0],
    pull.reviews[0],
    check,
    check.suite,
    status,
    repository.owner,
  ];
  const { value } = github.token({ kind: 'classic', login: 'ada' });

  for (const thing of things) {
    if (!thing) throw new Error('the seeds made less than they said');
    const query = `query ($id: ID!) { node(id: $id) { ... on ${thing.typename} { ${selectionOf(thing.typename)} } } }`;
    const body = JSON.stringify({ query, variables: { id: thing.nodeId } });
    const response = await fetch(github.graphqlUrl, { method: 'POST', headers: { authorization: `bearer ${value}` }, body });
    expect(await response.json()).toEqual({ data: { node: expect.objectContaining({ id: thing.nodeId }) } });
  }
  github.assertClean();
});
