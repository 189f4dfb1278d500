import type { Check } from './check.ts';

/** Whose check run it is. */
export interface CheckSubject {
  /** The name of the check run. */
  readonly name: string;
  /** The commit that it stands on. */
  readonly sha: string;
  /** Names the targets. It tells check runs of the gate from all others, and those about other targets. */
  readonly externalId: string;
}

/** A check run as GitHub has it. */
export interface ExistingCheck {
  readonly id: number;
  readonly externalId: string | null;
  readonly isCompleted: boolean;
  /** Null where it is not completed. */
  readonly conclusion: string | null;
  /** In epoch milliseconds; undefined where GitHub has no time. */
  readonly startedAt: number | undefined;
}

/** GitHub's API for check runs, as far as the gate uses it. Each call throws `ApiFailure` where GitHub refuses. */
export interface ChecksApi {
  /** The check runs of that name on the commit: of each check suite, the newest of each app. */
  list(subject: CheckSubject, signal: AbortSignal): Promise<readonly ExistingCheck[]>;
  create(subject: CheckSubject, check: Check, signal: AbortSignal): Promise<ExistingCheck>;
  /** Returns what became of it: GitHub leaves the state of a completed one as it is, and answers as if all was well. */
  update(id: number, check: Check, signal: AbortSignal): Promise<ExistingCheck>;
}

/** An answer of GitHub that is a refusal. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  readonly status: number;
  /** When to ask again, in milliseconds from now, where GitHub says so. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, message: string, retryAfterMs: number | undefined) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}
