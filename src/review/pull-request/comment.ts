import { createHash } from 'node:crypto';
import { allPages } from '../../github/pages.ts';
import type { ReviewInputs } from '../inputs.ts';
import { commentLeft, foreignComment, ReviewProblem } from '../problems.ts';
import type { Comment, PullRequestApi } from './api.ts';
import { RequestProblem } from './problems.ts';
import type { Ask } from './requests.ts';

/** Who a job's token writes as. */
const JOB = 'github-actions[bot]';
/** What all requests are for: a token that can write comments can read them. */
const WRITES = 'pull-requests: write';
/** The pages of comments that are looked through. */
const PAGES = 30;

/** The first line of the comment, which no reader sees. Reviews of other paths or inventories have other ones. */
export function markerOf(inputs: Pick<ReviewInputs, 'application' | 'paths' | 'inventory'>): string {
  const parts = [inputs.application ?? null, inputs.paths.map(({ text }) => text), inputs.inventory ?? null];
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
  return `<!-- dbos-drain-gate review ${digest} -->`;
}

/** Which comment, and of which commit its text is. */
export interface Kept {
  readonly marker: string;
  readonly headSha: string;
}

/**
 * Keeps one comment with this text, or none where the text is undefined. A run of an older commit leaves the comment to
 * the newer one: GitHub has no condition for a write, so the head is asked for before each, and after the last.
 *
 * @throws ReviewProblem where GitHub refuses, where the token is not a job's, or where the pull request has a newer head
 */
export async function keepComment(
  api: PullRequestApi,
  ask: Ask,
  { marker, headSha }: Kept,
  text: string | undefined,
): Promise<void> {
  const body = text === undefined ? undefined : `${marker}\n${text}`;
  const own = await ownOf(api, ask, marker);
  if (own.length <= 1 && own[0]?.body === body) return;
  const isNewest = async (signal: AbortSignal) => (await api.pullRequest(signal)).headSha === headSha;
  let isTouched = false;
  const write: Write = async (request) => {
    const written = await ask(WRITES, async (signal) => {
      if (!(await isNewest(signal))) return undefined;
      isTouched = true;
      return { result: await request(signal) };
    });
    if (written === undefined) throw commentLeft();
    return written.result;
  };
  try {
    await replace(api, ask, write, { marker, own, body });
    if (!(await ask(WRITES, isNewest))) throw commentLeft();
  } catch (error) {
    const isLeft = error instanceof ReviewProblem && error.id === commentLeft().id;
    if (isLeft && isTouched) await disown(api, ask, marker, body);
    throw error;
  }
}

/** Makes a request that writes. @throws ReviewProblem where GitHub refuses, or where the pull request has a newer head */
type Write = <T>(request: (signal: AbortSignal) => Promise<T>) => Promise<T>;

interface Replacement {
  readonly marker: string;
  /** The comments that are there. */
  readonly own: readonly Comment[];
  readonly body: string | undefined;
}

async function replace(api: PullRequestApi, ask: Ask, write: Write, { marker, own, body }: Replacement): Promise<void> {
  const [kept, ...doubles] = own;
  // Two runs at once can each have written one.
  for (const { id } of body === undefined ? own : doubles) {
    await write((signal) => api.deleteComment(id, signal)).catch(unlessGone);
  }
  if (body === undefined || kept?.body === body) return;
  if (kept !== undefined) return write((signal) => api.updateComment(kept.id, body, signal));
  let isTried = false;
  const created = await write(async (signal) => {
    // The comment can be there although the answer never came.
    const [lost] = isTried ? await ownOf(api, ask, marker) : [];
    isTried = true;
    return lost ?? api.createComment(body, signal);
  });
  if (isOwn(created, marker)) return;
  await ask(WRITES, (signal) => api.deleteComment(created.id, signal)).catch(unlessGone);
  throw foreignComment(created.author?.login ?? '?');
}

const OUTDATED =
  'This review was of an older commit. The run of the newest commit replaces it. If that run has ended, run it again.';

/** What a newer run wrote between two requests can be lost: the text of the older run must not stand for it. */
async function disown(api: PullRequestApi, ask: Ask, marker: string, body: string | undefined): Promise<void> {
  const [now] = await ownOf(api, ask, marker);
  if (now?.body !== body) return;
  const note = `${marker}\n${OUTDATED}`;
  await ask(WRITES, async (signal) => {
    await (now === undefined ? api.createComment(note, signal) : api.updateComment(now.id, note, signal));
  });
}

/** Another run can have deleted it, or an attempt whose answer is lost. */
function unlessGone(error: unknown): void {
  if (!(error instanceof RequestProblem) || error.status !== 404) throw error;
}

async function ownOf(api: PullRequestApi, ask: Ask, marker: string): Promise<readonly Comment[]> {
  const comments = await allPages(async (page) => {
    const some = await ask(WRITES, (signal) => api.comments(page, signal));
    // Those of others are long, and not kept.
    return some.map((comment) => (isOwn(comment, marker) ? comment : undefined));
  }, PAGES);
  return comments.filter((comment) => comment !== undefined);
}

/** Anybody can copy the marker. A token that writes comments can edit those of others too, so who wrote it decides. */
function isOwn({ body, author }: Comment, marker: string): boolean {
  return author?.isBot === true && author.login === JOB && body.startsWith(marker);
}
