import { createHash } from 'node:crypto';
import { allPages } from '../../github/pages.ts';
import type { ReviewInputs } from '../inputs.ts';
import { foreignComment } from '../problems.ts';
import type { Comment, PullRequestApi } from './api.ts';
import { RequestProblem } from './problems.ts';
import type { Ask } from './requests.ts';

/** Who a job's token writes as. */
const JOB = 'github-actions[bot]';
/** The pages of comments that are looked through. */
const PAGES = 30;

/** The first line of the comment, which no reader sees. Reviews of other paths or inventories have other ones. */
export function markerOf(inputs: Pick<ReviewInputs, 'application' | 'paths' | 'inventory'>): string {
  const parts = [inputs.application ?? null, inputs.paths.map(({ text }) => text), inputs.inventory ?? null];
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
  return `<!-- dbos-drain-gate review ${digest} -->`;
}

/**
 * Keeps one comment with this text, or none where the text is undefined.
 *
 * @throws ReviewProblem where GitHub refuses, or where the token is not a job's
 */
export async function keepComment(
  api: PullRequestApi,
  ask: Ask,
  marker: string,
  text: string | undefined,
): Promise<void> {
  const write = <T>(request: (signal: AbortSignal) => Promise<T>) => ask('pull-requests: write', request);
  const remove = ({ id }: Comment) => write((signal) => api.deleteComment(id, signal)).catch(unlessGone);
  const [kept, ...doubles] = await ownOf(api, ask, marker);
  // Two runs at once can each have written one.
  for (const comment of text === undefined && kept !== undefined ? [kept, ...doubles] : doubles) await remove(comment);
  if (text === undefined) return;
  const body = `${marker}\n${text}`;
  if (kept !== undefined) {
    if (kept.body !== body) await write((signal) => api.updateComment(kept.id, body, signal));
    return;
  }
  let isTried = false;
  const created = await write(async (signal) => {
    // The comment can be there although the answer never came.
    const [lost] = isTried ? await ownOf(api, ask, marker) : [];
    isTried = true;
    return lost ?? api.createComment(body, signal);
  });
  if (isOwn(created, marker)) return;
  await remove(created);
  throw foreignComment(created.author?.login ?? '?');
}

/** Another run can have deleted it, or an attempt whose answer is lost. */
function unlessGone(error: unknown): void {
  if (!(error instanceof RequestProblem) || error.status !== 404) throw error;
}

async function ownOf(api: PullRequestApi, ask: Ask, marker: string): Promise<readonly Comment[]> {
  const comments = await allPages(async (page) => {
    const some = await ask('pull-requests: read', (signal) => api.comments(page, signal));
    // Those of others are long, and not kept.
    return some.map((comment) => (isOwn(comment, marker) ? comment : undefined));
  }, PAGES);
  return comments.filter((comment) => comment !== undefined);
}

/** Anybody can copy the marker. A token that writes comments can edit those of others too, so who wrote it decides. */
function isOwn({ body, author }: Comment, marker: string): boolean {
  return author?.isBot === true && author.login === JOB && body.startsWith(marker);
}
