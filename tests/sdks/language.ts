import type { WorkflowName } from './protocol.ts';

/*
 * What the table has to know of a language: plain data, one file per language next to its application. Expectations that
 * differ by language or release are read from here.
 */

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Relative to the folder of the language, which is the default. */
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Language {
  /** Its folder in `tests/sdks/`, and its name in `npm run test:sdks`. */
  readonly id: string;
  /** `Python`. */
  readonly name: string;
  /** Each of these ends with exit code 0 where the toolchain is here. */
  readonly toolchain: readonly Command[];
  /** What to install where the toolchain is absent: `Python 3.11`. */
  readonly needs: string;
  /** The newest first. */
  readonly releases: readonly Release[];
  /**
   * How whatever is the newest release today is installed into `.installed/newest`, and launched. It is expected to do
   * what the first of `releases` does.
   */
  readonly newest: Pick<Release, 'install' | 'launch'>;
  /** Blue-green across releases, such as 2.30.0 under 3.4.0. */
  readonly pairs: readonly { readonly old: string; readonly new: string }[];
}

export interface Release {
  readonly release: string;
  /** Files and folders from which it is installed, relative to the folder of the language: manifests, locks, sources. */
  readonly sources: readonly string[];
  /**
   * Run one after the other when the sources have changed, in the folder of the language. They write into its folder
   * `.installed/`, and must install the same from the same sources.
   */
  readonly install: readonly Command[];
  /** Starts the application, which speaks `protocol.ts`. */
  readonly launch: Command;
  readonly abilities: Abilities;
  /** What it writes about each workflow of its application into `workflow_status`; `className` is null or empty without one. */
  readonly names: Readonly<Partial<Record<WorkflowName, Name>>>;
}

export interface Name {
  readonly name: string;
  readonly className: string | null;
}

/** What a release records, and what it does. */
export interface Abilities {
  /** In `dbos_migrations`, once it has launched on an empty database. */
  readonly migration: number;
  /** `serialization` of its workflows; null where there is no such column. */
  readonly serialization: string | null;
  /** The `function_id` of the first step of a workflow. */
  readonly firstStep: 0 | 1;
  /** `DBOS.sleep` records when it will be over. Otherwise it records an instant. */
  readonly recordsSleepEnds: boolean;
  /** So do the timers of `recv` and `getEvent`. */
  readonly recordsTimerEnds: boolean;
  /** There is a table `application_versions`, which a launch writes to. */
  readonly registersVersions: boolean;
  /** It writes `application_name`. */
  readonly writesOwner: boolean;
  /** It writes `parent_workflow_id`. */
  readonly recordsParents: boolean;
  /** The table `queues` has the limit of `serial`, and that of each partition of `partitioned`. */
  readonly recordsLimits: { readonly queue: boolean; readonly partition: boolean };
  /** The version of what its client enqueues without one: none, or that of the client's own program. */
  readonly clientVersion: 'none' | 'own';
  /** Which process takes a workflow that was enqueued without a version: one of the latest version, or any. */
  readonly takesUnversioned: 'latest' | 'any';
  /** It can enqueue with a delay (status DELAYED). */
  readonly delays: boolean;
  /** It can enqueue into partitions. */
  readonly partitions: boolean;
  /** A debounced workflow is DELAYED, or DBOS runs a workflow of its own that waits for it, or there is no debouncer. */
  readonly debounces: 'delayed' | 'by workflow' | 'no';
  /** Which process cancels a workflow whose deadline has passed: any of the application, or the one that runs it. */
  readonly cancelsOverdue: 'any' | 'executing';
  /** The version that a schedule starts workflows on: the latest, or that of the process that fires it. */
  readonly schedules: 'latest' | 'own' | 'no';
  /** It can promote a version. */
  readonly promotes: boolean;
  /** The version of a fork that names none. */
  readonly forks: 'inherits' | 'none';
  readonly rewinds: boolean;
  /** What the gate cannot know with this release, for the README: each a sentence. */
  readonly cannotTell: readonly string[];
}

/** Returns the release that is the newest today, whichever it is. It is installed again each time. */
export function newestOf({ releases: [known], newest }: Language): Release | undefined {
  return known && { ...known, release: NEWEST, sources: [], ...newest };
}

export const NEWEST = 'newest';

/** Whether the application has this workflow. */
export const has = ({ names }: Release, workflow: WorkflowName): boolean => names[workflow] !== undefined;
