import type { GateConfig } from '../config.ts';
import { isSharedVersion, PATCHING_VERSION, type Sdk, sdkIn, sdksWithout } from '../dbos/sdk.ts';
import { isNewerThanKnown, NEWEST_KNOWN_MIGRATION } from '../dbos/trust.ts';
import { fullName } from '../dbos/workflow-name.ts';
import type { Poll } from '../hold/hold.ts';
import { counted, joined, type Message, msg, namesOf, trusted } from '../message.ts';
import { serverCheck } from '../postgres/tls.ts';
import type { DatabaseConfig } from '../postgres/url.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import { explainFormerNames } from '../rules/former-names.ts';
import type { Blocker } from '../rules/index.ts';
import type { SnapshotIndex } from '../rules/snapshot-index.ts';
import { suchAs } from '../rules/wording.ts';
import { NO_WORKFLOWS, summed, total } from '../status-counts.ts';
import { spanText } from '../time.ts';
import { namesOfVersions, versionName } from './text.ts';

/** A system database without a write for this long is idle, or a copy. In milliseconds. */
const QUIET_DATABASE_MS = 24 * 60 * 60 * 1000;

/** A latest version that registered this long before the gate started is most often the old one. In milliseconds. */
const LAUNCHED_LONG_AGO_MS = 60 * 60 * 1000;

export function configurationWarnings(config: GateConfig): readonly Message[] {
  return [outlastsJob(config), withoutSettling(config)].filter((warning) => warning !== undefined);
}

/** What a person should know of the connection, before anything connects. Nothing of the URL is shown. */
export function connectionWarnings(database: DatabaseConfig): readonly Message[] {
  if (serverCheck(database) !== 'none') return [];
  return [
    msg`The database connection leaves this machine, and \`sslmode=${trusted(database.tlsMode)}\` does not verify the server. Anyone on the network between could answer in its place, and make the gate report \`drained\`. Set \`sslmode=verify-full\` in \`database-url\`. If no public CA signed the certificate, pass the CA as \`tls-ca\`.`,
  ];
}

/** A secret that is shorter than this stands in texts by chance. In characters. */
const LONG_ENOUGH = 4;

/**
 * Where outputs hold a masked secret: the runner then does not set an output of the job (`FinalizeJob` in its source).
 *
 * @param names The outputs that hold one, or can.
 * @param shortestLength The length of the shortest secret, in characters.
 */
export function maskedOutputs(names: readonly string[], shortestLength: number | undefined): readonly Message[] {
  if (names.length === 0 && (shortestLength === undefined || shortestLength >= LONG_ENOUGH)) return [];
  const where =
    names.length > 0
      ? msg`appears by chance in these outputs, or could: ${trusted(names.map((name) => `\`${name}\``).join(', '))}`
      : msg`has fewer than ${LONG_ENOUGH} characters, so it could appear by chance in any output`;
  return [
    msg`A secret of this run ${where}. GitHub does not pass outputs that contain a secret to other jobs: they get an empty string. The steps of this job still get the value. Most often it is the database password: use a longer one that is not part of a word or a number.`,
  ];
}

/** What a preflight warns of its role. */
export function accessWarnings({ snapshot: { access } }: Evaluation): readonly Message[] {
  if (access === undefined || access.writable.length === 0) return [];
  const can = access.superuser ? trusted('is a superuser') : msg`can write ${namesOf(access.writable)}`;
  return [
    msg`The role ${access.role} ${can}. The gate only reads. Give it a role of its own, with the grants in docs/grants.sql, and store the URL of that role.`,
  ];
}

/** What a person should know besides the verdict. None of it blocks. */
export function warningsOf(evaluation: Evaluation): readonly Message[] {
  const { index, state, gate, snapshot } = evaluation;
  // What a role may not read seems not to be there, and so does what another application owns.
  const isHidden = gate.some(({ kind }) => kind === 'application-not-seen') || snapshot.access?.problems.length;
  if (index === undefined || (snapshot.access !== undefined && isHidden)) return [];
  const sdk = sdkIn(state.serializations);
  return [
    formerNames(evaluation),
    newerSchema(evaluation),
    nothingRegistered(index, sdk),
    withoutParents(index, sdk),
    ...sharedVersions(evaluation, index),
    passed(evaluation),
    emptyVersion(index, sdk),
    ...evaluation.targets.map(failedWorkflows),
    stranded(evaluation),
    quietDatabase(evaluation, index),
  ].filter((warning) => warning !== undefined);
}

/** In `wait` with `latest`: the version that stays is not one that has just been launched. */
export function launchWarnings(config: GateConfig, { evaluation, forecast }: Poll): readonly Message[] {
  const { index, state } = evaluation;
  const { startedAt } = forecast.history;
  if (config.mode !== 'wait' || config.targets.kind !== 'all-but-latest') return [];
  const times = (state.kept ?? []).flatMap((version) => index?.registrations.get(version)?.timestamp ?? []);
  if (startedAt === undefined || times.length === 0) return [];
  const agoMs = startedAt - Math.max(...times);
  if (agoMs <= LAUNCHED_LONG_AGO_MS) return [];
  return [
    msg`The latest version, ${namesOf(state.kept ?? [])}, was registered ${trusted(spanText(agoMs))} before the gate started. Has the new version been launched? In a deploy, name the version that you keep in \`keep-version\`.`,
  ];
}

/**
 * Patterns of `ignore-workflows` that matched nothing, most often a typo or the name as another SDK writes it. A poll
 * reads the names of what is in flight, and of what started on a target since the poll before.
 */
export function patternWarnings({ ignoreWorkflows }: GateConfig, { index, state }: Evaluation): readonly Message[] {
  const unmatched = [...new Set(ignoreWorkflows)].filter((pattern) => !state.matchedPatterns.has(pattern));
  if (index === undefined || unmatched.length === 0) return [];
  const these = unmatched.length === 1 ? 'This pattern' : 'These patterns';
  return [
    msg`${trusted(these)} in \`ignore-workflows\` matched nothing that any poll saw in flight or starting: ${namesOf(unmatched)}. A pattern without a dot matches the whole name of a workflow. One with a dot matches the name, or \`class.name\`.`,
  ];
}

type Warning = Message | undefined;

/** The other applications that may be former names of this one. */
export function formerNames({ otherApplications, index }: Evaluation): Warning {
  const formers = otherApplications.filter(({ mayBeFormerName }) => mayBeFormerName);
  const isRegistered = index?.registered.some(({ application }) => application !== null) ?? false;
  return formers.length === 0 ? undefined : explainFormerNames(formers, isRegistered);
}

function outlastsJob({ mode, timeoutMs, longestRunMs }: GateConfig): Warning {
  if (mode !== 'wait' || timeoutMs <= longestRunMs) return undefined;
  return msg`\`timeout\` is longer than six hours. GitHub stops a job on its own runners then, without a verdict.`;
}

function withoutSettling({ settleMs }: GateConfig): Warning {
  if (settleMs > 0) return undefined;
  return msg`\`settle\` is \`0s\`, so a single poll decides. Short workflows that start and finish between polls go unnoticed.`;
}

function newerSchema({ snapshot: { database } }: Evaluation): Warning {
  if (!isNewerThanKnown(database)) return undefined;
  return msg`The schema (migration ${trusted(`${database.migration}`)}) is newer than this release of dbos-drain-gate knows (${trusted(`${NEWEST_KNOWN_MIGRATION}`)}). So each settle window starts with a scan of all rows for unknown statuses. Check for a newer release.`;
}

function nothingRegistered({ contents, registered }: SnapshotIndex, sdk: Sdk | undefined): Warning {
  if (contents.newestWriteAt === undefined) {
    const row = trusted(registered.length > 0 ? 'a workflow' : 'a row');
    return msg`These DBOS tables have never held ${row}. Is this the right database, and the right \`schema\`?`;
  }
  if (registered.length > 0) return undefined;
  return msg`No application version is registered here (${trusted(sdksWithout('registers', sdk))} register none), so the gate does not know the latest version. It cannot notice that a version to retire is still the latest, or still receives new work.`;
}

function withoutParents({ contents }: SnapshotIndex, sdk: Sdk | undefined): Warning {
  if (contents.newestRoots?.showsParents !== false) return undefined;
  return msg`This schema (of ${trusted(sdksWithout('registers', sdk))}) does not show which workflows are children. The gate cannot notice that a version which is no longer the latest still receives new work.`;
}

/** Of the targets; a preflight has none, and looks at the latest version. */
function sharedVersions({ targets, snapshot }: Evaluation, { latest }: SnapshotIndex): readonly Message[] {
  const versions = snapshot.access === undefined ? targets.map(({ version }) => version) : [...latest];
  const shared = versions.flatMap((version) => (version !== null && isSharedVersion(version) ? [version] : []));
  return shared.map((version) =>
    version === PATCHING_VERSION
      ? msg`${version} is the constant version of applications that use patching. Every deployment has it, so draining it means nothing.`
      : msg`${version} is the version of applications whose sources DBOS cannot read. Every such deployment has it, so draining it means nothing. Give the application a version.`,
  );
}

function passed({ targets }: Evaluation): Warning {
  const versions = targets.filter(({ known, blockers }) => !known && !blockers.some(isUnknown));
  if (versions.length === 0) return undefined;
  return msg`Never seen here, and accepted because of \`on-unknown: pass\`: ${namesOfVersions(versions)}.`;
}

function isUnknown({ kind }: Blocker): boolean {
  return kind === 'unknown-version';
}

function emptyVersion({ inFlight }: SnapshotIndex, sdk: Sdk | undefined): Warning {
  const count = total(inFlight.get('') ?? NO_WORKFLOWS);
  if (count === 0) return undefined;
  const [have, are, them] = count === 1 ? ['has', 'is', 'it'] : ['have', 'are', 'them'];
  return msg`${counted(count, 'workflow')} in flight ${trusted(have)} an empty application version, and ${trusted(are)} queued or delayed. Only a process without a version picks ${trusted(them)} up${suchAs(sdk?.withoutVersion)}. If none is running, fork or cancel ${trusted(them)}.`;
}

function failedWorkflows({ version, failed }: Evaluation['targets'][number]): Warning {
  if (failed === undefined) return undefined;
  const { cancelled, deadLettered } = failed;
  const parts = Object.entries({ cancelled, 'dead-lettered': deadLettered })
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`);
  const noun = cancelled + deadLettered === 1 ? 'workflow' : 'workflows';
  return msg`${versionName(version)} has at least ${trusted(`${parts.join(' and ')} ${noun}`)}, originals of forks included. Only a process of that version can resume them. After the teardown, fork them to another version instead.`;
}

/** How many names of ignored workflows a warning has. */
const IGNORED_SHOWN = 5;

function stranded(evaluation: Evaluation): Warning {
  const { targets } = evaluation;
  const ignoring = targets.filter(({ ignored }) => ignored > 0);
  if (ignoring.length === 0) return undefined;
  const count = ignoring.reduce((sum, { ignored }) => sum + ignored, 0);
  const versions = namesOfVersions(ignoring);
  return msg`${counted(count, 'workflow')} matched by \`ignore-workflows\` will be stranded when ${versions} ${trusted(ignoring.length === 1 ? 'is' : 'are')} torn down: ${ignoredNames(evaluation, count)}.`;
}

/** `"Shop.process" (2), "Till.close" (1) and 4 more`: what is ignored on the targets, the most first. */
function ignoredNames({ index, targets }: Evaluation, count: number): Message {
  const versions = new Set<string | null>(targets.map(({ version }) => version));
  const ignored = (index?.contents.groups.items ?? []).filter((each) => each.ignored && versions.has(each.version));
  const groups = Map.groupBy(ignored, (each) => fullName(each) ?? '(no name)');
  const counts = [...groups].map(([name, alike]) => ({ name, count: total(summed(alike)) }));
  const shown = counts.toSorted((a, b) => b.count - a.count).slice(0, IGNORED_SHOWN);
  const left = count - shown.reduce((sum, each) => sum + each.count, 0);
  const named = joined(
    shown.map((each) => msg`${each.name} (${each.count})`),
    ', ',
  );
  // Of many groups, a poll reads the largest.
  return left > 0 ? msg`${named}${trusted(shown.length > 0 ? ' and ' : '')}${left} more` : named;
}

function quietDatabase({ snapshot }: Evaluation, { contents, registered }: SnapshotIndex): Warning {
  const writes = [contents.newestWriteAt, registered[0]?.timestamp].filter((time) => time !== undefined);
  const quietMs = snapshot.observedAt - Math.max(...writes);
  if (writes.length === 0 || quietMs <= QUIET_DATABASE_MS) return undefined;
  const days = counted(Math.floor(quietMs / QUIET_DATABASE_MS), 'day');
  return msg`Nothing has been written to this system database for ${days}. Is it the live database, or a restored copy?`;
}
