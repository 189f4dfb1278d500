/** What the gate does about a blocker: hold for it, fail for it, or only report it. `preflight` judges no version. */
export const MODES = ['wait', 'check', 'report', 'preflight'] as const;
export type Mode = (typeof MODES)[number];

/** What leaves the process about work in flight: ids too, or names and counts alone. */
export const DETAILS = ['full', 'names'] as const;

/** The shells around the gate: a step of GitHub Actions, and a command line. */
export type ShellKind = 'action' | 'command-line';

/** A job on a GitHub-hosted runner ends after six hours. */
export const HOSTED_JOB_LIMIT_MS = 6 * 60 * 60 * 1000;

/** The application versions to retire; none in `preflight`. */
export type TargetSelection =
  | { readonly kind: 'none' }
  | { readonly kind: 'named'; readonly versions: readonly string[] }
  | { readonly kind: 'all-but'; readonly keep: readonly string[] }
  | { readonly kind: 'all-but-latest' };

/** What a user can choose about the rule of retirement. Durations are in milliseconds. */
export interface GateConfig {
  readonly targets: TargetSelection;
  /** The long names among those to retire, whole: `targets` has what stands for them (`long-names.ts`). */
  readonly longNames: readonly string[];
  /** Consider only this application's rows, and rows without an owner. Undefined: there is one owner at most. */
  readonly application: string | undefined;
  readonly mode: Mode;
  readonly timeoutMs: number;
  /** How long a run can last where the gate runs: a job on a hosted runner, or what a timer takes. */
  readonly longestRunMs: number;
  readonly onTimeout: 'fail' | 'warn';
  /** Undefined where none is set: the gate then polls more often when the end is near. */
  readonly pollIntervalMs: number | undefined;
  readonly pollTimeoutMs: number;
  readonly settleMs: number;
  /** In `wait`, stop as soon as the hold certainly cannot succeed. */
  readonly failFast: boolean;
  /** A workflow without progress for this long is reported as stuck. */
  readonly stuckAfterMs: number;
  /** Workflows that never block, by name or, with a dot, by `class.name`; `*` stands for any text. */
  readonly ignoreWorkflows: readonly string[];
  readonly onUnknown: 'fail' | 'pass';
  /** `latest-only`: only the latest version blocks, and who started the newest workflows does not matter. */
  readonly onLive: 'block' | 'latest-only' | 'ignore';
  readonly onUnversioned: 'auto' | 'block' | 'ignore';
  readonly details: (typeof DETAILS)[number];
}

/** The versions that the configuration names, as targets or as versions to keep. */
export function namedVersions({ targets }: Pick<GateConfig, 'targets'>): readonly string[] {
  if (targets.kind === 'named') return targets.versions;
  return targets.kind === 'all-but' ? targets.keep : [];
}
