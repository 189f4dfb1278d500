import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { ApiFailure } from '../../src/github/checks-api.ts';
import type { PlayedPullRequest } from '../support/pull-request.ts';
import { describedOperations, type Operation, type OperationName } from './description.ts';
import { doneWithPull, refusalOfPull } from './fake-pull-request.ts';

/* GitHub's API for check runs and pull requests. Requests and answers are held to its published description. */

export const TOKEN = 'ghs_0fTheTest7c2b9e4d1a6f8035zq9';
export const SHA = '0123456789abcdef0123456789abcdef01234567';
/** The app of a job's token. */
export const ACTIONS = 15368;

/** A check run as the server keeps it. */
export interface KeptCheck {
  readonly id: number;
  readonly name: string;
  readonly head_sha: string;
  readonly external_id: string | null;
  readonly status: string;
  readonly conclusion: string | null;
  readonly started_at: string;
  readonly completed_at: string | null;
  readonly output: { readonly title: string | null; readonly summary: string | null; readonly text: string | null };
  /** The app that made it. */
  readonly app: number;
  /** A run of a workflow has one of its own. */
  readonly suite: number;
  /** Made by the runner itself, for a job. */
  readonly isJob: boolean;
}

export interface Served {
  readonly operation: OperationName;
  readonly body: Readonly<Record<string, unknown>>;
  readonly at: number;
  readonly status: number;
}

export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** In place of an answer: undefined for nothing, `silence` for no answer at all, `half` for the start of one, `cut` for one that breaks off. */
export type Fault = (operation: OperationName, count: number) => Refusal | 'silence' | 'half' | 'cut' | undefined;

export interface FakeGithub {
  /** What `GITHUB_API_URL` is. */
  readonly url: string;
  readonly checks: KeptCheck[];
  readonly served: Served[];
  /** What is wrong with requests or with the server's own answers. Each test expects none. */
  readonly complaints: string[];
  fault: Fault;
  readonly repository: string;
  /** The pull request with the number 7; undefined where there is none. */
  pull: PlayedPullRequest | undefined;
  /** What the token is allowed, for pull requests. */
  permissions: readonly string[];
  add(check: Partial<KeptCheck>): KeptCheck;
}

let operations: readonly Operation[] | undefined;

/** Starts the API for one test. */
export async function fakeGithub(fault: Fault = () => undefined, repository = 'octo-org/shop'): Promise<FakeGithub> {
  operations ??= describedOperations();
  const server = createServer((request, response) => void answer(fake, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fake: FakeGithub = {
    // As on GitHub Enterprise Server, whose API has a path.
    url: `http://127.0.0.1:${port}/api/v3`,
    checks: [],
    served: [],
    complaints: [],
    fault,
    repository,
    pull: undefined,
    permissions: ['contents: read', 'pull-requests: read'],
    add: (check) => {
      const number = fake.checks.length;
      const kept = { ...EMPTY, id: 1000 + number, suite: number, started_at: new Date().toISOString(), ...check };
      fake.checks.push(kept);
      return kept;
    },
  };
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return fake;
}

const EMPTY = {
  name: 'drain production',
  head_sha: SHA,
  external_id: null,
  status: 'in_progress',
  conclusion: null,
  completed_at: null,
  output: { title: null, summary: null, text: null },
  app: ACTIONS,
  isJob: false,
};

async function answer(fake: FakeGithub, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    void response
      .writeHead(status, status === 204 ? headers : { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(body));
  const url = new URL(request.url ?? '', 'http://fake');
  const route = url.pathname.replace(/^\/api\/v3/, '');
  const found = (operations ?? []).flatMap((each) => {
    const match = each.method === request.method ? each.path.exec(route) : null;
    return match === null ? [] : [{ operation: each, path: decoded(match.groups ?? {}) }];
  })[0];
  const raw = await text(request);
  if (found === undefined) {
    fake.complaints.push(`no such operation: ${request.method} ${route}`);
    return send(404, { message: 'Not Found' });
  }
  const { operation, path } = found;
  const body = raw === '' ? undefined : JSON.parse(raw);
  const query = Object.fromEntries(url.searchParams);
  fake.complaints.push(
    ...[...operation.parameters({ ...path, ...query }), ...operation.body(body)].map(
      (each) => `${operation.name}: ${each}`,
    ),
  );
  const count = fake.served.filter((each) => each.operation === operation.name).length;
  const fault = fake.fault(operation.name, count);
  const refusal = fault ?? refusalOf(fake, operation.name, { ...path, ...query }, body, request);
  const served = { operation: operation.name, body: body ?? {}, at: performance.now() };
  if (refusal === 'silence' || refusal === 'half' || refusal === 'cut') {
    if (refusal !== 'silence') response.writeHead(200, { 'content-type': 'application/json' }).write('{');
    if (refusal === 'cut') response.socket?.end();
    return void fake.served.push({ ...served, status: 0 });
  }
  if (refusal !== undefined) {
    fake.served.push({ ...served, status: refusal.status });
    return send(refusal.status, { message: refusal.message }, refusal.headers);
  }
  const obeyed = await obey(fake, operation, { ...path, ...query }, body);
  if (obeyed instanceof ApiFailure) {
    fake.served.push({ ...served, status: obeyed.status });
    return send(obeyed.status, { message: obeyed.message });
  }
  const { answered } = obeyed;
  // Only GitHub sets it, and the description of answers does not have it.
  const isStale = JSON.stringify(answered)?.includes('"stale"') ?? false;
  if (!isStale)
    fake.complaints.push(...operation.answer(answered).map((each) => `the fake's own ${operation.name}: ${each}`));
  fake.served.push({ ...served, status: operation.status });
  send(operation.status, answered);
}

type Values = Readonly<Record<string, string | undefined>>;

/** Obeys a request. Returns its answer, or why there is nothing to obey it on. */
async function obey(
  fake: FakeGithub,
  operation: Operation,
  values: Values,
  body: Readonly<Record<string, unknown>> | undefined,
): Promise<{ readonly answered: unknown } | ApiFailure> {
  if (fake.pull === undefined || !isOfPull(operation.name)) {
    return { answered: done(fake, operation.name, values, body) };
  }
  try {
    return { answered: await doneWithPull(fake.pull, operation, values, body) };
  } catch (error) {
    if (error instanceof ApiFailure) return error;
    throw error;
  }
}

const OF_CHECKS: readonly OperationName[] = ['list', 'create', 'update'];
const isOfPull = (operation: OperationName) => !OF_CHECKS.includes(operation);

/** Rules that the description lacks, each with its source. */
function refusalOf(
  fake: FakeGithub,
  operation: OperationName,
  path: Values,
  body: Readonly<Record<string, unknown>> | undefined,
  request: IncomingMessage,
): Refusal | undefined {
  // GitHub Docs, "Troubleshooting the REST API": a token that is not valid.
  if (request.headers.authorization !== `token ${TOKEN}`) return { status: 401, message: 'Bad credentials' };
  // GitHub Docs, "Troubleshooting the REST API": 404 for a repository that the token cannot see.
  if (`${path['owner']}/${path['repo']}` !== fake.repository) return { status: 404, message: 'Not Found' };
  if (isOfPull(operation)) {
    if (fake.pull === undefined) return { status: 404, message: 'Not Found' };
    return refusalOfPull(operation, path, body, fake.permissions);
  }
  const sha = String(body?.['head_sha'] ?? path['ref'] ?? SHA);
  // rust-lang/homu issue 141: the words for a commit that is not there.
  if (sha !== SHA) return { status: 422, message: `No commit found for SHA: ${sha}` };
  const output = { title: '', summary: '', text: '', ...(body?.['output'] as object | undefined) };
  for (const field of ['summary', 'text'] as const) {
    // github/docs issue 35252: bytes, where the description says characters.
    if (Buffer.byteLength(output[field]) > 65_535) {
      return { status: 422, message: `${field} exceeds a maximum bytesize of 65535` };
    }
  }
  // devops-thiago/ThrillhouseBot pull request 503: a title has 255 characters at most.
  if (output.title.length > 255) return { status: 422, message: 'title is too long (maximum is 255 characters)' };
  if (operation !== 'update') return undefined;
  const check = fake.checks.find(({ id }) => id === Number(path['check_run_id']));
  if (check === undefined) return { status: 404, message: 'Not Found' };
  // OP5dev/TF-via-PR issue 538.
  if (check.app !== ACTIONS) {
    return {
      status: 403,
      message: `Invalid app_id \`${ACTIONS}\` - check run can only be modified by the GitHub App that created it.`,
    };
  }
  // LouisBrunner/checks-action issue 369, and GitHub's changelog of 2025-02-12.
  if (check.isJob) {
    return {
      status: 403,
      message: 'Check run status and conclusions can only be updated internally by GitHub Actions',
    };
  }
  return undefined;
}

/** Obeys a request, and returns its answer. */
function done(fake: FakeGithub, operation: OperationName, path: Values, body: unknown): unknown {
  const given = { ...(body as object | undefined) } as Partial<KeptCheck>;
  if (operation === 'list') return listed(fake, path);
  const now = new Date().toISOString();
  const completed = given.status === 'completed' ? { completed_at: now } : {};
  const output = { ...EMPTY.output, ...given.output };
  if (operation === 'create') return asAnswer(fake.add({ ...given, ...completed, output }));
  const index = fake.checks.findIndex(({ id }) => id === Number(path['check_run_id']));
  const before = fake.checks[index];
  if (before === undefined) throw new Error('refused before');
  // tektoncd/pipelines-as-code issue 998, taskcluster/taskcluster issue 5085: what is completed stays as it is, and the
  // answer is that of a success.
  const after = before.status === 'completed' ? before : { ...before, ...given, ...completed, output };
  fake.checks[index] = after;
  return asAnswer(after);
}

/** A page, the oldest first: mmnto-ai/totem pull request 2884 saw that the order means nothing. */
function listed({ checks }: FakeGithub, path: Values): unknown {
  const named = checks.filter(({ name, head_sha }) => name === path['check_name'] && head_sha === path['ref']);
  // lewagon/wait-on-check-action pull request 156: `latest` is that of each check suite.
  const isNewest = (check: KeptCheck) =>
    !named.some(({ id, app, suite }) => app === check.app && suite === check.suite && id > check.id);
  const all = path['filter'] === 'all' ? named : named.filter(isNewest);
  const [page, size] = [Number(path['page'] ?? 1), Number(path['per_page'] ?? 30)];
  return { total_count: all.length, check_runs: all.slice((page - 1) * size, page * size).map(asAnswer) };
}

function asAnswer({ app, suite, isJob: _, ...check }: KeptCheck): object {
  const url = `https://github.com/octo-org/shop/runs/${check.id}`;
  return {
    ...check,
    node_id: `CR_${check.id}`,
    url,
    html_url: url,
    details_url: url,
    check_suite: { id: suite },
    output: { ...check.output, annotations_count: 0, annotations_url: `${url}/annotations` },
    pull_requests: [],
    app: {
      id: app,
      slug: app === ACTIONS ? 'github-actions' : 'another',
      node_id: 'A_1',
      owner: OWNER,
      name: 'GitHub Actions',
      description: null,
      external_url: url,
      html_url: url,
      created_at: check.started_at,
      updated_at: check.started_at,
      permissions: {},
      events: [],
    },
  };
}

const at = 'https://api.github.com/users/github';
const OWNER = {
  ...{ login: 'github', id: 1, node_id: 'U_1', avatar_url: at, gravatar_id: null, url: at, html_url: at },
  ...{ followers_url: at, following_url: at, gists_url: at, starred_url: at, subscriptions_url: at },
  ...{ organizations_url: at, repos_url: at, events_url: at, received_events_url: at, type: 'Organization' },
  site_admin: false,
};

function decoded(groups: Values): Values {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value ?? '')]));
}
