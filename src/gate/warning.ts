import { counted, namesOf, own, type Sentence, say } from '../sentence.ts';
import { type GateConfig, HOSTED_JOB_LIMIT_MS } from './config.ts';
import type { Judgement } from './judge.ts';
import type { Seen } from './seen.ts';
import { isNewerThanKnown, NEWEST_KNOWN_MIGRATION } from './trust.ts';

/** DBOS's constant version of applications that use patching instead of versions. */
const PATCHING_VERSION = 'PATCHING_ENABLED';

/** A system database that nobody writes to for so long is idle, or a copy. In milliseconds. */
const QUIET_DATABASE_MS = 24 * 60 * 60 * 1000;

/** What a person should know before acting on the configuration alone. */
export function configurationWarnings(config: GateConfig): readonly Sentence[] {
  const warnings: Sentence[] = [];
  if (config.mode === 'wait' && config.timeoutMs > HOSTED_JOB_LIMIT_MS) {
    warnings.push(
      say`\`timeout\` is longer than the six hours after which GitHub ends a job on its own runners: such a job ends without a verdict.`,
    );
  }
  if (config.settleMs === 0) {
    warnings.push(
      say`\`settle\` is \`0s\`: one look is believed, so short workflows that start and end between looks go unnoticed.`,
    );
  }
  return warnings;
}

/** What a person should know beside the verdict; none of it blocks. */
export function warningsOf(judgement: Judgement): readonly Sentence[] {
  const { seen } = judgement;
  if (seen === undefined) return [];
  const looks = [newerSchema, nothingRegistered, patching, takenOut, nameless, failed, stranded, quiet];
  return looks.flatMap((look) => look(judgement, seen));
}

type Warnings = readonly Sentence[];

function newerSchema({ observation: { database } }: Judgement): Warnings {
  if (!isNewerThanKnown(database)) return [];
  return [
    say`The schema (migration ${own(`${database.migration}`)}) is newer than this release of dbos-drain-gate knows (${own(`${NEWEST_KNOWN_MIGRATION}`)}). Look for a newer release.`,
  ];
}

function nothingRegistered(_judgement: Judgement, seen: Seen): Warnings {
  if (seen.contents.newestWriteAt === undefined) {
    const row = own(seen.registered.length > 0 ? 'a workflow' : 'a row');
    return [
      say`These DBOS tables have never held ${row}: is this the right database, and the right \`schema\`?`,
    ];
  }
  return seen.registered.length > 0
    ? []
    : [
        say`No application version is registered here (SDKs before TypeScript 4.10, Python 2.14, Java 0.8 and Go 0.15 register none), so the gate cannot tell the latest version: that a target is still the latest goes unnoticed.`,
      ];
}

function patching({ targets }: Judgement): Warnings {
  return targets.some(({ version }) => version === PATCHING_VERSION)
    ? [
        say`${PATCHING_VERSION} is the constant version of applications that use patching: every deployment carries it, so draining it means nothing.`,
      ]
    : [];
}

function takenOut({ targets }: Judgement): Warnings {
  const versions = targets.filter(({ judged }) => !judged).map(({ version }) => version);
  return versions.length > 0
    ? [say`Never seen here, and taken out of the judgement by \`on-unknown: pass\`: ${namesOf(versions)}.`]
    : [];
}

function nameless(_judgement: Judgement, seen: Seen): Warnings {
  const { pending = 0, enqueued = 0, delayed = 0 } = seen.inFlight.get('') ?? {};
  const count = pending + enqueued + delayed;
  const [carry, them] = count === 1 ? ['carries', 'it'] : ['carry', 'them'];
  return count > 0
    ? [
        say`${counted(count, 'workflow')} in flight ${own(carry)} an empty application version: no process will ever take ${own(them)}. Fork or cancel ${own(them)}.`,
      ]
    : [];
}

function failed({ targets }: Judgement): Warnings {
  return targets.flatMap(({ version, failed }) => {
    if (failed === undefined) return [];
    const parts = [
      ...(failed.cancelled > 0 ? [`${failed.cancelled} cancelled`] : []),
      ...(failed.deadLettered > 0 ? [`${failed.deadLettered} dead-lettered`] : []),
    ];
    const noun = failed.cancelled + failed.deadLettered === 1 ? 'workflow' : 'workflows';
    return [
      say`${version} has at least ${own(`${parts.join(' and ')} ${noun}`)}: to resume one, a process of that version is needed.`,
    ];
  });
}

function stranded({ targets }: Judgement): Warnings {
  const ignoring = targets.filter(({ ignored }) => ignored > 0);
  const count = ignoring.reduce((sum, { ignored }) => sum + ignored, 0);
  const versions = namesOf(ignoring.map(({ version }) => version));
  return count > 0
    ? [
        say`${counted(count, 'workflow')} matched by \`ignore-workflows\` will be stranded when ${versions} ${own(ignoring.length === 1 ? 'is' : 'are')} torn down.`,
      ]
    : [];
}

function quiet({ observation }: Judgement, seen: Seen): Warnings {
  const writes = [seen.contents.newestWriteAt, seen.registered[0]?.timestamp].filter(
    (time) => time !== undefined,
  );
  const quietMs = observation.observedAt - Math.max(...writes);
  if (writes.length === 0 || quietMs <= QUIET_DATABASE_MS) return [];
  const days = counted(Math.floor(quietMs / QUIET_DATABASE_MS), 'day');
  return [
    say`Nothing has been written to this system database for ${days}. A restored copy looks just like this: is it the live database?`,
  ];
}
