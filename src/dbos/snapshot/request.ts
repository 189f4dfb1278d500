/** Which versions' rows a poll counts. Unversioned rows are always counted. */
export type VersionSelection = { readonly only: readonly string[] } | { readonly except: readonly string[] };

/** What the rules need from one poll, in addition to what every poll reads. */
export interface RuleRequest {
  readonly selection: VersionSelection;
  /** Versions whose registrations the poll reads in any case, in addition to the newest ones. */
  readonly registrationsOf: readonly string[];
  /** Where the previous poll's `started.fromHere` starts. */
  readonly startedSince: number | undefined;
  /** Versions to search for in all rows of any status. It is a full scan, so once per version and run. */
  readonly searchHistoryFor: readonly string[];
  /** Read unknown statuses even where that takes a full scan. */
  readonly scanStatuses: boolean;
  /** Count cancelled and dead-lettered workflows. */
  readonly countFailed: boolean;
}

/** What the forecast needs from one poll. */
export interface ForecastRequest {
  /**
   * Read the details of the oldest 10,000 workflows, not of a few. It costs one page per workflow, and about five more
   * per running one, so once per minute at most.
   */
  readonly detailScan: boolean;
  /** Name the workflows that were created since then, by the database's clock. Undefined: none. */
  readonly namesSince: number | undefined;
}

export interface SnapshotRequest extends RuleRequest, ForecastRequest {}
