import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import * as formats from 'ajv-formats';

/** A part of the description; only what is read here is named. */
interface Operation {
  operationId: string;
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, Response | { $ref: string }>;
}
interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Schema;
  'x-multi-segment'?: boolean;
}
interface Response {
  content?: Record<string, { schema: Schema }>;
}
interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  [keyword: string]: unknown;
}
interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, unknown>>;
}

/** An operation of the description that a request means. */
export interface Route {
  operation: string;
  method: string;
  /** As the description writes it, `/repos/{owner}/{repo}`. */
  template: string;
  parameters: Record<string, string>;
}

/** Answers of these kinds are the same for every operation, so most operations do not list them. */
const universal = new Set([304, 400, 401, 403, 404, 422, 429, 500, 502, 503, 504]);

const description = JSON.parse(readFileSync(new URL('openapi.json', import.meta.url), 'utf8')) as Description;

const strictly = new Ajv({ strict: false, allErrors: false, validateSchema: false, logger: false, inlineRefs: false });
const coercing = new Ajv({ strict: false, coerceTypes: 'array', validateSchema: false, logger: false, inlineRefs: false });
for (const ajv of [strictly, coercing]) {
  formats.default.default(ajv);
  ajv.addSchema(description, 'github');
}

const routes = Object.entries(description.paths)
  .flatMap(([template, item]) => Object.entries(item).map(([method, operation]) => compile(template, method, operation)))
  // A literal segment wins over a parameter in the same place, and a longer path over one that ends in a parameter.
  .sort((a, b) => (a.order < b.order ? -1 : 1));

function compile(template: string, method: string, operation: Operation) {
  const parameters = (operation.parameters ?? []).map((parameter) => dereference<Parameter>(parameter));
  const names: string[] = [];
  const pattern = template.replaceAll(/\{([^}]+)\}|[.]/g, (whole, name: string | undefined) => {
    if (!name) return `\\${whole}`;
    names.push(name);
    return parameters.some((parameter) => parameter.name === name && parameter['x-multi-segment']) ? '(.+)' : '([^/]+)';
  });
  const order = `${template.replaceAll('{', '~')}\uffff`;
  return { template, method: method.toUpperCase(), operation, parameters, names, pattern: new RegExp(`^${pattern}$`), order };
}

const byOperation = new Map(routes.map((route) => [route.operation.operationId, route]));

/** The operation that a request means; `undefined` where the extract has none. `path` without query, not yet decoded. */
export function route(method: string, path: string): Route | undefined {
  for (const { template, method: expected, operation, names, pattern } of routes) {
    if (expected !== method) continue;
    const match = pattern.exec(path);
    if (!match) continue;
    const parameters = Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? '')]));
    return { operation: operation.operationId, method, template, parameters };
  }
  return undefined;
}

/** What is wrong with a request, as the official description sees it; nothing when it is right. */
export function checkRequest(found: Route, query: URLSearchParams, body: unknown): string[] {
  const known = byOperation.get(found.operation);
  if (!known) return [`${found.operation} is not in the extract`];
  return [
    ...checkParameters(known.parameters, found.parameters, query),
    ...checkBody(found.operation, known.template, known.method, known.operation, body),
  ];
}

function checkParameters(known: Parameter[], path: Record<string, string>, query: URLSearchParams): string[] {
  const problems: string[] = [];
  for (const name of query.keys()) {
    if (!known.some((parameter) => parameter.in === 'query' && parameter.name === name))
      problems.push(`unknown parameter ${name}`);
  }
  for (const parameter of known) {
    const value = parameter.in === 'path' ? path[parameter.name] : query.get(parameter.name);
    if (parameter.in === 'header') continue;
    if (value === undefined || value === null) {
      if (parameter.required) problems.push(`parameter ${parameter.name} is missing`);
      continue;
    }
    const check = validator(coercing, `parameter:${JSON.stringify(parameter.schema)}`, {
      type: 'object',
      properties: { [parameter.name]: absolute(parameter.schema) },
    });
    if (!check({ [parameter.name]: value }))
      problems.push(`parameter ${parameter.name}=${value}: ${coercing.errorsText(check.errors)}`);
  }
  return problems;
}

function checkBody(name: string, template: string, method: string, operation: Operation, body: unknown): string[] {
  const content = operation.requestBody?.content['application/json'];
  if (!content) return body === undefined || isEmpty(body) ? [] : [`${name} takes no body`];
  if (body === undefined) return operation.requestBody?.required ? ['the body is missing'] : [];
  const check = validator(strictly, `body:${name}`, {
    $ref: pointer('paths', template, method.toLowerCase(), 'requestBody', 'content', 'application/json', 'schema'),
  });
  if (!check(body)) return [`body: ${strictly.errorsText(check.errors)}`];
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return [];
  const allowed = propertiesOf(content.schema);
  return Object.keys(body)
    .filter((key) => !allowed.has(key))
    .map((key) => `body: unknown property ${key}`);
}

/** What is wrong with an answer of ours. Without a body where the answer has none. */
export function checkReply(operation: string, status: number, body: unknown): string[] {
  const known = byOperation.get(operation);
  if (!known) return [`${operation} is not in the extract`];
  const listed = known.operation.responses[String(status)];
  if (!listed) return universal.has(status) ? [] : [`${operation} never answers ${status}`];
  const reference = '$ref' in listed ? listed.$ref : undefined;
  const content = Object.entries(dereference<Response>(listed).content ?? {}).find(([type]) =>
    type.startsWith('application/json'),
  );
  if (!content) return body === undefined ? [] : [`${operation} answers ${status} without a body`];
  const place = reference
    ? pointer(...reference.slice(2).split('/'), 'content', content[0], 'schema')
    : pointer('paths', known.template, known.method.toLowerCase(), 'responses', String(status), 'content', content[0], 'schema');
  const check = validator(strictly, `reply:${operation}:${status}`, { $ref: place });
  return check(body) ? [] : [`${operation} ${status}: ${strictly.errorsText(check.errors)}`];
}

const validators = new Map<string, ValidateFunction>();
function validator(ajv: Ajv, key: string, schema: object): ValidateFunction {
  const known = validators.get(key);
  if (known) return known;
  const compiled = ajv.compile(schema);
  validators.set(key, compiled);
  return compiled;
}

function pointer(...segments: string[]): string {
  return `github#/${segments.map((segment) => encodeURIComponent(segment.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
}

function absolute(schema: Schema): object {
  return schema.$ref ? { ...schema, $ref: `github${schema.$ref}` } : schema;
}

function dereference<T>(value: T | { $ref: string }): T {
  if (typeof value !== 'object' || value === null || !('$ref' in value)) return value;
  const [, , section = '', name = ''] = value.$ref.split('/');
  return description.components[section]?.[name] as T;
}

function propertiesOf(schema: Schema): Set<string> {
  const found = dereference<Schema>(schema.$ref ? { $ref: schema.$ref } : schema);
  const parts = [...(found.allOf ?? []), ...(found.anyOf ?? []), ...(found.oneOf ?? [])];
  return new Set([...Object.keys(found.properties ?? {}), ...parts.flatMap((part) => [...propertiesOf(part)])]);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
