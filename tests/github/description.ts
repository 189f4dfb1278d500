import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';

/** The operations that the actions use: method and path as GitHub describes them. */
export const OPERATIONS = {
  // The gate's check run.
  list: ['get', '/repos/{owner}/{repo}/commits/{ref}/check-runs'],
  create: ['post', '/repos/{owner}/{repo}/check-runs'],
  update: ['patch', '/repos/{owner}/{repo}/check-runs/{check_run_id}'],
  // The pull request of a review.
  pull: ['get', '/repos/{owner}/{repo}/pulls/{pull_number}'],
  compare: ['get', '/repos/{owner}/{repo}/compare/{basehead}'],
  files: ['get', '/repos/{owner}/{repo}/pulls/{pull_number}/files'],
  content: ['get', '/repos/{owner}/{repo}/contents/{path}'],
  blob: ['get', '/repos/{owner}/{repo}/git/blobs/{file_sha}'],
  comments: ['get', '/repos/{owner}/{repo}/issues/{issue_number}/comments'],
  comment: ['post', '/repos/{owner}/{repo}/issues/{issue_number}/comments'],
  edit: ['patch', '/repos/{owner}/{repo}/issues/comments/{comment_id}'],
  remove: ['delete', '/repos/{owner}/{repo}/issues/comments/{comment_id}'],
} as const;
export type OperationName = keyof typeof OPERATIONS;

type Json = Readonly<Record<string, unknown>>;

/** One operation, ready to validate. */
export interface Operation {
  readonly name: OperationName;
  readonly method: string;
  /** Matches a path, with its parameters by name. */
  readonly path: RegExp;
  /** Complaints about the parameters of path and query; empty for none. */
  readonly parameters: (values: Json) => readonly string[];
  readonly body: (value: unknown) => readonly string[];
  readonly answer: (value: unknown) => readonly string[];
  readonly status: number;
  /** GitHub's own example of an answer. */
  readonly example: unknown;
}

const FILE = new URL('node_modules/@octokit/openapi/generated/api.github.com.json', import.meta.url);

/** GitHub's published description, as far as the operations need it. Its index would load all 400 MB. */
export function describedOperations(): readonly Operation[] {
  const whole = objectOf(JSON.parse(readFileSync(FILE, 'utf8')));
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, coerceTypes: false });
  const compile = (schema: unknown) => ajv.compile(objectOf(withNulls(withoutReferences(schema, whole))));
  return (Object.keys(OPERATIONS) as OperationName[]).map((name) => {
    const [method, template] = OPERATIONS[name];
    const described = objectOf(at(whole, ['paths', template, method]));
    const [status] = Object.keys(objectOf(described['responses']));
    const content = at(described, ['responses', status ?? '', 'content', 'application/json']);
    const answer = compile(at(content, ['schema']));
    const [example] = Object.values(objectOf(at(content, ['examples'])));
    const bodySchema = at(described, ['requestBody', 'content', 'application/json', 'schema']);
    const body = bodySchema === undefined ? undefined : compile(onlyKnown(bodySchema));
    return {
      name,
      method: method.toUpperCase(),
      path: new RegExp(`^${template.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
      parameters: parametersOf(described, whole, ajv),
      body: (value) =>
        body === undefined ? (value === undefined ? [] : ['no body is described']) : complaints(body, value),
      answer: (value) => complaints(answer, value),
      status: Number(status),
      example: at(withoutReferences(example, whole), ['value']),
    };
  });
}

function parametersOf(described: Json, whole: Json, ajv: Ajv): Operation['parameters'] {
  const parameters = listOf(withoutReferences(described['parameters'], whole)).map(objectOf);
  const validators = new Map(
    parameters.map(({ name, schema, required }) => [
      String(name),
      { isRequired: required === true, schema: objectOf(schema), validate: ajv.compile(objectOf(withNulls(schema))) },
    ]),
  );
  return (values) => [
    ...Object.keys(values).flatMap((name) => (validators.has(name) ? [] : [`unknown parameter ${name}`])),
    ...[...validators].flatMap(([name, { isRequired, schema, validate }]) => {
      if (values[name] === undefined) return isRequired ? [`${name} is missing`] : [];
      const value = schema['type'] === 'integer' ? Number(values[name]) : values[name];
      return complaints(validate, value).map((each) => `${name}: ${each}`);
    }),
  ];
}

function complaints(validate: ValidateFunction, value: unknown): readonly string[] {
  return validate(value) ? [] : (validate.errors ?? []).map((each) => `${each.instancePath} ${each.message}`);
}

/** What nobody described would be ignored by the server, and be a mistake of the gate. */
function onlyKnown(schema: unknown): unknown {
  const { properties, ...rest } = objectOf(schema);
  const known = objectOf(properties);
  const output = objectOf(known['output']);
  return {
    ...rest,
    properties: { ...known, output: { ...output, additionalProperties: false } },
    propertyNames: { enum: Object.keys(known) },
  };
}

/** The schema with everything in place that it refers to. None of those used refers to itself. */
function withoutReferences(schema: unknown, whole: Json): unknown {
  if (Array.isArray(schema)) return schema.map((each) => withoutReferences(each, whole));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref } = objectOf(schema);
  if (typeof $ref === 'string') return withoutReferences(at(whole, $ref.split('/').slice(1)), whole);
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withoutReferences(value, whole)]));
}

/** OpenAPI 3.0 writes `nullable`, which says nothing to a validator where there is an `enum` or an `allOf`. */
function withNulls(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withNulls);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { nullable, example, examples, ...rest } = objectOf(schema);
  const inside = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, withNulls(value)]));
  return nullable === true ? { anyOf: [inside, { type: 'null' }] } : inside;
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inside, key) => (inside === undefined ? undefined : objectOf(inside)[key]), value);
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
