import type { GateConfig } from '../config.ts';
import { counted, type Message, msg, namesOf, trusted } from '../message.ts';
import { durationText } from '../time.ts';
import type { Run } from './model.ts';
import type { RunReport, VersionReport } from './schema.ts';

/** The answer in a sentence that a person understands without knowing the gate. */
export function headlineOf(
  { verdict, config, waitedMs, last }: Run,
  seen: Pick<RunReport, 'inFlight' | 'versions'>,
): Message {
  const targets = seen.versions.filter(({ skipped }) => !skipped);
  const inFlight = counted(seen.inFlight, 'workflow');
  const waited = trusted(durationText(waitedMs));
  const unknownKept = last?.evaluation.gate.find((each) => each.kind === 'kept-version-unknown');
  const blocked = targets.filter(({ drained }) => !drained);
  const blockedNames = namesOfAll(blocked);
  switch (verdict) {
    case 'drained':
      return drained(config, targets);
    case 'in-flight':
      return targets.length === 0
        ? msg`Not safe to retire anything: work without a version, or work that is about to appear, could need a version that is not seen yet.`
        : msg`Not safe to retire ${blockedNames}: ${inFlight} in flight${otherReasons(blocked)}.`;
    case 'still-live':
      return msg`Not safe to retire ${blockedNames}: new work is still sent there, because it is the latest version.`;
    case 'cannot-drain':
      return msg`Cannot drain before the timeout: ${inFlight} in flight on ${blockedNames}, and not all can end by then.`;
    case 'timed-out':
      return msg`Not drained after ${waited}: ${inFlight} still in flight on ${blockedNames}${otherReasons(blocked)}.`;
    case 'unknown-version':
      return unknownKept !== undefined
        ? msg`No answer: a version to keep is not known here: ${namesOf(unknownKept.versions)}.`
        : msg`No answer: this system database has never seen ${namesOfAll(targets.filter(({ known }) => !known))}.`;
    case 'cancelled':
      return targets.length === 0
        ? msg`Cancelled after ${waited}, before there was an answer.`
        : msg`Cancelled after ${waited}, before there was an answer: ${inFlight} in flight on ${namesOfAll(targets)}.`;
    case 'error':
      return config === undefined
        ? msg`No answer: the inputs are not right, and nothing was looked at.`
        : msg`No answer: the gate could not poll, or could not trust what it saw. Do not tear anything down.`;
  }
}

function drained(config: GateConfig | undefined, targets: readonly VersionReport[]): Message {
  if (config === undefined || targets.length === 0) {
    return config?.targets.kind === 'named'
      ? msg`Nothing to retire: none of these versions has ever been seen here.`
      : msg`Nothing to retire: no other version has work in flight here.`;
  }
  const settle = trusted(durationText(config.settleMs));
  return msg`Safe to retire ${namesOfAll(targets)}: nothing in flight, and nothing started for ${settle}.`;
}

function namesOfAll(versions: readonly VersionReport[]): Message {
  return namesOf(versions.map(({ version }) => version));
}

function otherReasons(blocked: readonly VersionReport[]): Message {
  const reasons = [...new Set(blocked.flatMap((version) => version.reasons))];
  return trusted(reasons.length > 0 ? `; ${reasons.join(', ')}` : '');
}
