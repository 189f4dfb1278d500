import { type GateConfig, HOSTED_JOB_LIMIT_MS } from '../config.ts';
import { counted, type Message, msg, namesOf, trusted } from '../message.ts';
import { isNewerThanKnown, NEWEST_KNOWN_MIGRATION } from '../rules/9-trusted.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import type { SnapshotIndex } from '../rules/snapshot-index.ts';

/** DBOS's constant version of applications that use patching instead of versions. */
const PATCHING_VERSION = 'PATCHING_ENABLED';

/** A system database that nobody writes to for so long is idle, or a copy. In milliseconds. */
const QUIET_DATABASE_MS = 24 * 60 * 60 * 1000;

/** What a person should know before acting on the configuration alone. */
export function configurationWarnings(config: GateConfig): readonly Message[] {
  const warnings: Message[] = [];
  if (config.mode === 'wait' && config.timeoutMs > HOSTED_JOB_LIMIT_MS) {
    warnings.push(
      msg`\`timeout\` is longer than the six hours after which GitHub ends a job on its own runners: such a job ends without a verdict.`,
    );
  }
  if (config.settleMs === 0) {
    warnings.push(
      msg`\`settle\` is \`0s\`: one poll is believed, so short workflows that start and end between polls go unnoticed.`,
    );
  }
  return warnings;
}

/** What a person should know beside the verdict; none of it blocks. */
export function warningsOf(evaluation: Evaluation): readonly Message[] {
  const { index } = evaluation;
  if (index === undefined) return [];
  const polls = [newerSchema, nothingRegistered, patching, takenOut, nameless, failed, stranded, quiet];
  return polls.flatMap((poll) => poll(evaluation, index));
}

type Warnings = readonly Message[];

function newerSchema({ snapshot: { database } }: Evaluation): Warnings {
  if (!isNewerThanKnown(database)) return [];
  return [
    msg`The schema (migration ${trusted(`${database.migration}`)}) is newer than this release of dbos-drain-gate knows (${trusted(`${NEWEST_KNOWN_MIGRATION}`)}). Poll for a newer release.`,
  ];
}

function nothingRegistered(_judgement: Evaluation, index: SnapshotIndex): Warnings {
  if (index.contents.newestWriteAt === undefined) {
    const row = trusted(index.registered.length > 0 ? 'a workflow' : 'a row');
    return [
      msg`These DBOS tables have never held ${row}: is this the right database, and the right \`schema\`?`,
    ];
  }
  return index.registered.length > 0
    ? []
    : [
        msg`No application version is registered here (SDKs before TypeScript 4.10, Python 2.14, Java 0.8 and Go 0.15 register none), so the gate cannot tell the latest version: that a target is still the latest goes unnoticed.`,
      ];
}

function patching({ targets }: Evaluation): Warnings {
  return targets.some(({ version }) => version === PATCHING_VERSION)
    ? [
        msg`${PATCHING_VERSION} is the constant version of applications that use patching: every deployment carries it, so draining it means nothing.`,
      ]
    : [];
}

function takenOut({ skipped: versions }: Evaluation): Warnings {
  return versions.length > 0
    ? [msg`Never seen here, and taken out of the judgement by \`on-unknown: pass\`: ${namesOf(versions)}.`]
    : [];
}

function nameless(_judgement: Evaluation, index: SnapshotIndex): Warnings {
  const { pending = 0, enqueued = 0, delayed = 0 } = index.inFlight.get('') ?? {};
  const count = pending + enqueued + delayed;
  const [carry, them] = count === 1 ? ['carries', 'it'] : ['carry', 'them'];
  return count > 0
    ? [
        msg`${counted(count, 'workflow')} in flight ${trusted(carry)} an empty application version: no process will ever take ${trusted(them)}. Fork or cancel ${trusted(them)}.`,
      ]
    : [];
}

function failed({ targets }: Evaluation): Warnings {
  return targets.flatMap(({ version, failed }) => {
    if (failed === undefined) return [];
    const parts = [
      ...(failed.cancelled > 0 ? [`${failed.cancelled} cancelled`] : []),
      ...(failed.deadLettered > 0 ? [`${failed.deadLettered} dead-lettered`] : []),
    ];
    const noun = failed.cancelled + failed.deadLettered === 1 ? 'workflow' : 'workflows';
    return [
      msg`${version} has at least ${trusted(`${parts.join(' and ')} ${noun}`)}: to resume one, a process of that version is needed.`,
    ];
  });
}

function stranded({ targets }: Evaluation): Warnings {
  const ignoring = targets.filter(({ ignored }) => ignored > 0);
  const count = ignoring.reduce((sum, { ignored }) => sum + ignored, 0);
  const versions = namesOf(ignoring.map(({ version }) => version));
  return count > 0
    ? [
        msg`${counted(count, 'workflow')} matched by \`ignore-workflows\` will be stranded when ${versions} ${trusted(ignoring.length === 1 ? 'is' : 'are')} torn down.`,
      ]
    : [];
}

function quiet({ snapshot }: Evaluation, index: SnapshotIndex): Warnings {
  const writes = [index.contents.newestWriteAt, index.registered[0]?.timestamp].filter(
    (time) => time !== undefined,
  );
  const quietMs = snapshot.observedAt - Math.max(...writes);
  if (writes.length === 0 || quietMs <= QUIET_DATABASE_MS) return [];
  const days = counted(Math.floor(quietMs / QUIET_DATABASE_MS), 'day');
  return [
    msg`Nothing has been written to this system database for ${days}. A restored copy polls just like this: is it the live database?`,
  ];
}
