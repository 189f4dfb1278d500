import type { GateConfig } from '../config.ts';
import type { Poll } from '../hold/hold.ts';
import { counted, type Message, msg, namesOf, trusted } from '../message.ts';
import { durationText, spanText } from '../time.ts';
import type { Run } from './model.ts';
import type { RunReport, VersionReport } from './schema.ts';
import { namesOfVersions } from './text.ts';

/** The answer in a sentence that a person understands without knowing the gate, and the diagnosis. */
export function headlineOf(run: Run, seen: Seen): Message {
  const { diagnosis } = seen;
  const answer = answerOf(run, seen);
  return diagnosis === null ? answer : msg`${answer} ${diagnosis.reason}`;
}

type Seen = Pick<RunReport, 'inFlight' | 'versions' | 'otherApplications' | 'diagnosis' | 'blockers'>;

function answerOf({ verdict, config, waitedMs, last, failure }: Run, seen: Seen): Message {
  const targets = seen.versions;
  const inFlight = counted(seen.inFlight ?? 0, 'workflow');
  const waited = trusted(spanText(waitedMs));
  const unknownKept = last?.evaluation.gate.find((each) => each.kind === 'kept-version-unknown');
  const blocked = targets.filter(({ drained }) => !drained);
  const blockedNames = namesOfVersions(blocked);
  // The diagnosis names what matters most.
  const reasons = seen.diagnosis === null ? otherReasons(blocked) : trusted('');
  switch (verdict) {
    case 'drained':
      return msg`Safe to retire ${namesOfVersions(targets)}: nothing in flight, and nothing started for ${trusted(durationText(config?.settleMs ?? 0))}.`;
    case 'no-target':
      return config?.targets.kind === 'none'
        ? preflightHeadline(last)
        : noTargetHeadline(config, last, seen.otherApplications);
    case 'in-flight':
      return targets.length === 0
        ? msg`Nothing can be retired yet: unversioned or not yet visible work might need an old version.`
        : seen.inFlight === 0
          ? msg`Not safe to retire ${blockedNames}${reasons}.`
          : msg`Not safe to retire ${blockedNames}: ${inFlight} in flight${reasons}.`;
    case 'still-live':
      return msg`Not safe to retire ${blockedNames}: new work is still sent there.`;
    case 'cannot-drain':
      return msg`${blockedNames} cannot drain before the timeout: ${inFlight} in flight.`;
    case 'timed-out':
      return targets.length === 0
        ? msg`No answer after ${waited}: there is nothing to retire, but something that could become visible still blocks the gate.`
        : seen.inFlight === 0
          ? msg`Not drained after ${waited}: ${blockedNames}${reasons}.`
          : msg`Not drained after ${waited}: ${inFlight} still in flight on ${blockedNames}${reasons}.`;
    case 'unknown-version':
      return unknownKept !== undefined
        ? msg`No answer: a version to keep is not registered here: ${namesOf(unknownKept.versions)}.`
        : msg`No answer: ${trusted(
            config?.application === undefined
              ? 'this system database has never seen'
              : 'this application has never used',
          )} ${namesOfVersions(targets.filter(isUnknown))}.`;
    case 'cancelled':
      return targets.length === 0
        ? msg`Cancelled after ${waited}, before there was an answer.`
        : msg`Cancelled after ${waited}, before there was an answer: ${inFlight} in flight on ${namesOfVersions(targets)}.`;
    case 'error':
      if (config?.mode === 'preflight') return brokenPreflight(seen, failure !== undefined);
      return config === undefined
        ? msg`No answer: invalid inputs. The database was not contacted.`
        : msg`No answer: the gate could not read the database reliably. Do not tear anything down.`;
  }
}

function preflightHeadline(last: Poll | undefined): Message {
  const registered = last?.evaluation.index?.registered ?? [];
  const are = trusted(registered.length === 1 ? 'is' : 'are');
  const latest = registered[0] === undefined ? trusted('') : msg`, and the latest is ${registered[0].version}`;
  return msg`The gate can work here: it can read everything that it needs. ${counted(registered.length, 'version')} ${are} registered${latest}. No version was judged.`;
}

function brokenPreflight({ blockers }: Seen, isFailure: boolean): Message {
  const count = isFailure ? 1 : blockers.length;
  return msg`The gate cannot work here yet: ${counted(count, 'problem')} found. Solve ${trusted(count === 1 ? 'it' : 'them all')}, and run the preflight again.`;
}

/** What there is in place of a target, what that means, and what to do. */
function noTargetHeadline(
  config: GateConfig | undefined,
  last: Poll | undefined,
  applications: RunReport['otherApplications'],
): Message {
  const formers = applications.filter(({ mayBeFormerName }) => mayBeFormerName).map(({ name }) => name);
  if (formers.length > 0) {
    return msg`Nothing to retire under this name of the application, but work is in flight under what may be a former name: ${namesOf(formers)}.`;
  }
  const kept = namesOf(last?.evaluation.state.kept ?? []);
  const newer = [...(last?.evaluation.state.newer ?? [])];
  const others = newer.length === 0 ? trusted('') : msg` (and ${namesOf(newer)}, registered since the gate started)`;
  const found = msg`Nothing to retire: no version but ${kept}${others} is registered, in flight or recently started.`;
  if (config?.targets.kind !== 'all-but-latest') {
    return msg`${found} Is an old version still deployed? Then check \`database-url\`, \`schema\` and \`application\`.`;
  }
  return msg`${found} Has the new version launched, and is this the system database that it uses? Do not tear ${kept} down: it is the latest version. To keep a version that you know, name it in \`keep-version\` instead of latest.`;
}

function isUnknown({ blockers }: VersionReport): boolean {
  return blockers.some(({ kind }) => kind === 'unknown-version');
}

function otherReasons(blocked: readonly VersionReport[]): Message {
  const reasons = [...new Set(blocked.flatMap((version) => version.reasons))];
  return trusted(reasons.length > 0 ? `; ${reasons.join(', ')}` : '');
}
