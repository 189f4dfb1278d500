import { ReportableError, type ReportedFailure, reportedFailure } from '../errors.ts';
import { type RunContext, TROUBLESHOOTING, troubleshootingPage } from '../run-context.ts';
import type { Clock } from '../time.ts';
import { uncoveredIn } from './coverage.ts';
import type { ReviewInputs } from './inputs.ts';
import type { Inventory } from './inventory/inventory.ts';
import { readInventoryFile } from './inventory-file.ts';
import type { Review } from './judge/finding.ts';
import { judge } from './judge/index.ts';
import {
  noInventory,
  noToken,
  oldInventory,
  ReviewProblem,
  reviewCancelled,
  unreadInventory,
  workflowsMissed,
} from './problems.ts';
import type { PullRequestApi } from './pull-request/api.ts';
import { type Subject, subjectOf } from './pull-request/event.ts';
import { type Listing, listFiles } from './pull-request/listing.ts';
import type { PullRequestPlace } from './pull-request/octokit.ts';
import { type Ask, asker } from './pull-request/requests.ts';
import { readVersions } from './pull-request/versions.ts';
import { nameOf } from './report/words.ts';

/** All requests of a review together. In milliseconds. */
const REVIEW_MS = 5 * 60 * 1000;
/** An inventory is written every day at least, or after each deploy. In milliseconds. */
export const OLD_INVENTORY_MS = 24 * 60 * 60 * 1000;

/** How a review ended. */
export interface ReviewRun {
  readonly failOn: ReviewInputs['failOn'];
  /** The commit that is reviewed; undefined where the event has none. */
  readonly headSha: string | undefined;
  /** What the changes do to the work in flight; undefined where that could not be said. */
  readonly review: Review | undefined;
  /** When the work in flight was counted, in epoch milliseconds; undefined without an inventory. */
  readonly observedAt: number | undefined;
  /** The path of the inventory; empty where there is none. */
  readonly inventoryPath: string;
  /** How many files the pull request changes, and how many of them were read. */
  readonly files: { readonly changed: number; readonly read: number } | undefined;
  /** What is not as it should be: each has a heading in the documents. */
  readonly problems: readonly ReviewProblem[];
  /** What was not foreseen, or a wrong input: it fails the step. */
  readonly failure: ReportedFailure | undefined;
  /** A run for a merge queue reviews nothing, and passes. */
  readonly isMergeQueue: boolean;
  /** Lines of `paths` that matched nothing. */
  readonly unmatched: readonly string[];
  /** The page that explains problems: its address, or its path. */
  readonly page: string;
}

export interface ReviewParts {
  readonly token: string;
  readonly context: RunContext;
  readonly clock: Clock;
  /** The wall clock, in epoch milliseconds. */
  readonly today: () => number;
  readonly cancelled: AbortSignal;
  readonly load: (place: PullRequestPlace) => Promise<PullRequestApi>;
  readonly readDatabase: () => Promise<Inventory>;
}

export const EMPTY_RUN: ReviewRun = {
  ...{
    failOn: 'never',
    headSha: undefined,
    review: undefined,
    observedAt: undefined,
    inventoryPath: '',
    files: undefined,
  },
  ...{ problems: [], failure: undefined, isMergeQueue: false, unmatched: [], page: TROUBLESHOOTING },
};

/** A review that has ended, and how to reach the pull request again where there is one. */
export interface Reviewed {
  readonly run: ReviewRun;
  readonly api: PullRequestApi | undefined;
}

/** Reviews a pull request. It throws nothing that was foreseen. */
export async function runReview(inputs: ReviewInputs, parts: ReviewParts): Promise<Reviewed> {
  const subject = subjectOf(parts.context);
  const page = troubleshootingPage(parts.context.environment);
  const start = { ...EMPTY_RUN, failOn: inputs.failOn, page };
  if (subject.kind === 'merge-queue') return { run: { ...start, isMergeQueue: true }, api: undefined };
  if (subject.kind === 'none') return { run: { ...start, problems: [subject.problem] }, api: undefined };
  let run: ReviewRun = { ...start, headSha: subject.headSha, problems: subject.problems };
  const add = ({ problems = [], ...more }: Partial<ReviewRun>) => {
    run = { ...run, ...more, problems: [...run.problems, ...problems] };
  };
  let api: PullRequestApi | undefined;
  try {
    if (parts.token === '') throw noToken();
    const inventory = await inventoryOf(inputs, parts);
    const observedAt = Date.parse(inventory.observedAt);
    const ageMs = parts.today() - observedAt;
    const problems = ageMs > OLD_INVENTORY_MS ? [oldInventory(ageMs)] : [];
    add({ observedAt, inventoryPath: inputs.inventory ?? '', problems });
    api = await parts.load(subject.place);
    add(await changesOf(api, subject, inputs, inventory, parts));
  } catch (error) {
    add(error instanceof ReviewProblem ? { problems: [error] } : { failure: reportedFailure(error) });
  }
  return { run, api };
}

async function inventoryOf(
  inputs: ReviewInputs,
  { context, readDatabase, cancelled }: ReviewParts,
): Promise<Inventory> {
  if (inputs.inventory !== undefined) return readInventoryFile(inputs.inventory, context);
  if (inputs.database === undefined) throw noInventory(undefined, context);
  try {
    return await readDatabase();
  } catch (error) {
    if (cancelled.aborted) throw reviewCancelled();
    throw error instanceof ReportableError ? unreadInventory(error) : error;
  }
}

type Changes = Pick<ReviewRun, 'review' | 'files' | 'problems' | 'unmatched'>;

async function changesOf(
  api: PullRequestApi,
  { headSha }: Subject & { readonly kind: 'pull-request' },
  inputs: ReviewInputs,
  inventory: Inventory,
  { clock, cancelled, context }: ReviewParts,
): Promise<Changes> {
  const { listing, files, count, problems } = await clock.withTimeout(REVIEW_MS, async (overdue) => {
    const ask: Ask = asker({ clock, cancelled, overdue, context });
    const found: Listing = await listFiles(api, ask, headSha, inputs.paths);
    return { listing: found, ...(await readVersions(api, ask, found, headSha, clock.now)) };
  });
  const placed = files.map((file) => ({ ...file, application: file.application ?? inputs.application }));
  const review = judge(placed, inventory, { sameVersion: inputs.sameVersion });
  const limits = [...review.limits, ...listing.limits];
  return {
    review: { ...review, limits },
    files: { changed: listing.changed, read: count },
    problems: [...listing.problems, ...problems, ...uncoveredIn(placed, inventory), ...missedIn(review)],
    unmatched: listing.unmatched,
  };
}

function missedIn({ missed }: Review): readonly ReviewProblem[] {
  return missed.length === 0 ? [] : [workflowsMissed(missed.map(nameOf))];
}

/** What the step does: fails for what was not foreseen and, with `fail-on: error`, for an error or a gap. */
export function conclusionOf({ failOn, failure, problems, review }: ReviewRun): 'pass' | 'fail' {
  if (failure !== undefined) return 'fail';
  if (failOn === 'never') return 'pass';
  const hasError = review?.findings.some(({ severity }) => severity === 'error') ?? false;
  return hasError || problems.some(({ isIncomplete }) => isIncomplete) ? 'fail' : 'pass';
}
