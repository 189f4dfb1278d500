import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { inventoryOf } from '../tests/review/inventory.ts';
import { filesOf, versionsOf } from '../tests/review/review.ts';
import { CHANGES } from '../tests/review/typescript/changes.ts';
import { HEAD, type PlayedPullRequest, playedApi, pullRequest } from '../tests/support/pull-request.ts';
import { runAction } from '../tests/support/runner.ts';

const CHANGE = 'removes a step that work has run, with a version for each deploy';
const FILE = 'orders.ts';
const SHOP = new URL('../tests/review/typescript/shop/', import.meta.url);
const REVIEW = new URL('../review', import.meta.url).pathname;
const NUMBER = 7;

/** An annotation at a line of a changed file, and the lines of both versions. */
export interface AnnotatedChange {
  readonly file: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly level: string;
  readonly title: string;
  readonly message: string;
  /** In the new version, from 1. */
  readonly line: number;
}

/**
 * Lets the built review read a pull request of the tests' sample shop, which removes a step.
 *
 * @throws when it prints anything but one annotation at a line
 */
export async function reviewedChange(): Promise<AnnotatedChange> {
  const change = CHANGES.find(({ title }) => title === CHANGE);
  if (change === undefined) throw new Error(`The table of changes has none with this title: ${CHANGE}`);
  const { before, after } = versionsOf(
    filesOf(SHOP, (name) => name.endsWith('.ts')),
    change,
  );
  const commands = await review(
    { ...inventoryOf(change.inFlight), observedAt: new Date().toISOString() },
    pullRequest({ before, after }),
  );
  const [command, ...others] = commands.filter(({ properties }) => properties['file'] === FILE);
  if (command === undefined || others.length > 0) throw new Error(`The review printed ${commands.length} annotations.`);
  const linesOf = (text = '') => text.split('\n');
  return {
    ...{ file: FILE, before: linesOf(before[FILE]), after: linesOf(after[FILE]), level: command.name },
    ...{ title: command.properties['title'] ?? '', message: command.data, line: Number(command.properties['line']) },
  };
}

async function review(inventory: object, pull: PlayedPullRequest) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-review-'));
  const file = path.join(folder, 'inventory.json');
  writeFileSync(file, JSON.stringify(inventory));
  await using api = await serve(pull);
  try {
    const run = await runAction({
      action: REVIEW,
      inputs: { inventory: file, 'github-token': 'of-the-picture' },
      env: { GITHUB_API_URL: api.url, GITHUB_REPOSITORY: 'owner/shop' },
      event: { name: 'pull_request', payload: { pull_request: { number: NUMBER, head: { sha: HEAD } } } },
    }).finished;
    return run.commands.filter(({ name }) => name === 'error' || name === 'warning' || name === 'notice');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Serves the pull request as GitHub's API does, as far as a review reads it. */
async function serve(pull: PlayedPullRequest): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://api');
    const answer = await answerTo(pull, pathname.replace('/repos/owner/shop/', ''), searchParams.get('ref') ?? '');
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answerTo(pull: PlayedPullRequest, route: string, ref: string): Promise<unknown> {
  const api = playedApi(pull);
  const { signal } = new AbortController();
  if (route === `pulls/${NUMBER}/files`) {
    const files = await api.files(1, signal);
    return files.map(({ path: filename, status, sha }) => ({ filename, status, sha }));
  }
  if (route.startsWith('compare/')) return { merge_base_commit: { sha: await api.mergeBase('', '', signal) } };
  if (!route.startsWith('contents/')) {
    const { headSha, baseSha, changedFiles } = await api.pullRequest(signal);
    return { head: { sha: headSha }, base: { sha: baseSha }, changed_files: changedFiles };
  }
  const content = await api.content(decodeURIComponent(route.slice('contents/'.length)), ref, signal);
  if (content.kind !== 'file') return { type: content.kind };
  const text = Buffer.from(content.bytes ?? []).toString('base64');
  return { type: 'file', sha: content.sha, size: content.size, encoding: 'base64', content: text };
}
