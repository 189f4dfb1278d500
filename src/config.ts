/** What the gate does with a blocker: hold for it, fail for it, or only tell of it. */
export const MODES = ['wait', 'check', 'report'] as const;
export type Mode = (typeof MODES)[number];

/** A job on a GitHub-hosted runner ends after six hours. */
export const HOSTED_JOB_LIMIT_MS = 6 * 60 * 60 * 1000;

/** Which application versions are to be retired. */
export type TargetSelection =
  | { readonly kind: 'named'; readonly versions: readonly string[] }
  | { readonly kind: 'all-but'; readonly keep: readonly string[] }
  | { readonly kind: 'all-but-latest' };

/**
 * Everything the rule of retirement depends on that a user can choose. Durations are in milliseconds.
 * How to reach the database is not part of it: see `DatabaseConfig`.
 */
export interface GateConfig {
  readonly targets: TargetSelection;
  /** Only this application's rows, and those that no application owns. Absent: there may be one owner at most. */
  readonly application: string | undefined;
  readonly mode: Mode;
  readonly timeoutMs: number;
  readonly onTimeout: 'fail' | 'warn';
  readonly pollIntervalMs: number;
  readonly pollTimeoutMs: number;
  readonly settleMs: number;
  /** In `wait`, end as soon as it is certain that the hold cannot succeed. */
  readonly failFast: boolean;
  /** Without progress for so long, a workflow is called stuck. */
  readonly stuckAfterMs: number;
  /** Workflow names that never block; `*` stands for any text. */
  readonly ignoreWorkflows: readonly string[];
  readonly onUnknown: 'fail' | 'pass';
  readonly onLive: 'block' | 'ignore';
  readonly onUnversioned: 'auto' | 'block' | 'ignore';
}

/** The versions that the configuration names, as targets or as versions to keep. */
export function namedVersions(config: Pick<GateConfig, 'targets'>): readonly string[] {
  switch (config.targets.kind) {
    case 'named':
      return config.targets.versions;
    case 'all-but':
      return config.targets.keep;
    case 'all-but-latest':
      return [];
  }
}
