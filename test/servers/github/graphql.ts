import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import {
  buildASTSchema,
  execute,
  type GraphQLError,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isAbstractType,
  Kind,
  type OperationDefinitionNode,
  parse,
  type DocumentNode,
  validate,
} from 'graphql';
import { type Args, type Call, resolvers } from './resolvers.ts';
import { Refusal } from './state.ts';

/** GitHub's own schema, executed on our state: whatever is asked for is checked against it, whatever is answered too. */

let schema: GraphQLSchema | undefined;
/** Built once for a process; a third of a second. */
export function loadSchema(): GraphQLSchema {
  if (schema) return schema;
  // The package exports only a module that reads its three megabytes of JSON as well.
  const manifest = findPackageJSON('@octokit/graphql-schema', import.meta.url);
  if (!manifest) throw new Error('@octokit/graphql-schema is not installed');
  const file = join(dirname(manifest), 'schema.graphql');
  return (schema = buildASTSchema(parse(readFileSync(file, 'utf8'), { noLocation: true }), { assumeValid: true }));
}

export interface GraphQLRequest {
  query: string;
  variables?: Record<string, unknown> | undefined;
  operationName?: string | undefined;
}
export interface ParsedRequest {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  /** `mutation addComment addLabelsToLabelable`: kind and root fields. */
  label: string;
}

/** `undefined` where it is no document with that operation. */
export function parseRequest(request: GraphQLRequest): ParsedRequest | undefined {
  try {
    const document = parse(request.query);
    const operations = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
    const operation = operations.find((one) => !request.operationName || one.name?.value === request.operationName);
    if (!operation) return undefined;
    const fields = operation.selectionSet.selections.flatMap((one) => (one.kind === Kind.FIELD ? [one.name.value] : []));
    return { document, operation, label: [operation.operation, ...fields].join(' ') };
  } catch {
    return undefined;
  }
}

interface Answer {
  body: { data?: unknown; errors?: unknown[] };
  /** What is wrong with the request, or what the double cannot answer. */
  problems: string[];
}

export async function answerGraphQL(call: Call, request: GraphQLRequest): Promise<Answer> {
  const problems: string[] = [];
  const parsed = parseRequest(request);
  if (!parsed)
    return {
      body: { errors: [{ message: 'A query attribute must be specified and must be a string.' }] },
      problems: ['no GraphQL document'],
    };
  // GitHub lets one name have two types on two kinds of things; its own client relies on that.
  const wrong = validate(loadSchema(), parsed.document).filter(
    (error) => !error.message.includes('they return conflicting types'),
  );
  if (wrong.length > 0) {
    const errors = wrong.map((error) => ({
      path: [],
      extensions: { code: 'invalid' },
      locations: error.locations,
      message: error.message,
    }));
    return { body: { errors }, problems: wrong.map((error) => error.message) };
  }
  const result = await execute({
    schema: loadSchema(),
    document: parsed.document,
    operationName: parsed.operation.name?.value ?? null,
    ...(request.variables ? { variableValues: request.variables } : {}),
    rootValue: {},
    contextValue: call,
    fieldResolver: resolveField,
    typeResolver: (value) => (value as { typename?: string }).typename,
  });
  const errors = (result.errors ?? []).map((error) => shapeError(error, problems));
  return { body: { ...('data' in result ? { data: result.data } : {}), ...(errors.length > 0 ? { errors } : {}) }, problems };
}

function resolveField(source: unknown, args: Args, call: Call, info: GraphQLResolveInfo): unknown {
  const type = info.parentType.name;
  const resolver = resolvers[type]?.[info.fieldName];
  if (resolver) return resolver(source as never, args, call, info);
  const own = typeof source === 'object' && source !== null ? (source as Record<string, unknown>)[info.fieldName] : undefined;
  // Payloads of mutations and small values are plain objects that already have the schema's names.
  if (own !== undefined && !(type in resolvers)) return own;
  if (isAbstractType(info.parentType)) throw new Unknown(`${type} is abstract`);
  throw new Unknown(`the double has no ${type}.${info.fieldName}`);
}

class Unknown extends Error {}

function shapeError(error: GraphQLError, problems: string[]): object {
  const { originalError: cause, message, path, locations } = error;
  if (cause instanceof Refusal)
    return {
      type: cause.type,
      path,
      locations,
      message,
      ...(cause.type === 'FORBIDDEN' ? { extensions: { saml_failure: 'x-github-sso' in (cause.headers ?? {}) } } : {}),
    };
  // Coercion of a variable, a missing resolver or a mistake of the double.
  problems.push(cause && !(cause instanceof Unknown) ? `${message} ${cause.stack}` : message);
  return { path, locations, message };
}
