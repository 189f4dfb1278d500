import type { GateConfig } from '../config.ts';
import type { HoldParts, Poll } from '../hold/hold.ts';
import type { Outage } from '../hold/outage.ts';
import { msg } from '../message.ts';
import { TROUBLESHOOTING } from '../run-context.ts';
import { blockingGroups, inFlightOnAll } from './blocking.ts';
import { type Diagnoses, type Diagnosis, diagnosesOf } from './diagnosis.ts';
import { countsOf, courseOf, isSameList } from './fingerprint.ts';
import { headingOf, moreAt } from './help.ts';
import { adviceOf, explainedBlocker } from './log-advice.ts';
import {
  type Counted,
  failureLine,
  lockWaitLine,
  otherServerLine,
  pollLine,
  recoveryLine,
  replacementLine,
} from './log-lines.ts';
import { describeDatabase, describePlace, groupLines, openingOf, type Place } from './log-opening.ts';
import { plain } from './text.ts';
import { configurationWarnings, formerNames, patternWarnings } from './warnings.ts';

/** The longest time without a line, in milliseconds. Advice comes at most that often while the diagnosis is the same. */
const HEARTBEAT_MS = 60_000;
/** Near the end, polls come faster than a person reads: then lines that bring other counts alone are so far apart. */
const COUNTS_EVERY_MS = 5000;
/** In a long hold, they are apart by this share of the time since it started, and by a minute at most. */
const COUNTS_SHARE = 1 / 20;
/** Shorter waits for a lock deserve no line, in milliseconds. */
const SHOWN_WAIT_MS = 1000;
/** The most lines of advice at once. */
const ADVICE_LINES = 3;

/** Where the log goes: the runner's commands, or a terminal. */
export interface LogSink {
  line(text: string): void;
  group(title: string, lines: readonly string[]): void;
  /** Shows a line until the next one comes: where a line can be written again. */
  status?(text: string): void;
}

/** A line of a poll that was written. */
interface Shown extends Counted {
  readonly endedMs: number;
  readonly course: readonly unknown[];
  readonly tally: readonly unknown[];
}

/** Writes what the gate waits for, and returns callbacks that log its polls: what changed, or one line a minute. */
export function startLog(
  sink: LogSink,
  config: GateConfig,
  place: Place,
  page = TROUBLESHOOTING,
): Pick<HoldParts, 'onPoll' | 'onFailedPoll'> {
  let previous: Poll | undefined;
  let before: Shown | undefined;
  let outage: Outage | undefined;
  /** The line before says nothing about what follows: a line is due. */
  let isInterrupted = false;
  const more = pointer(page);
  const advise = adviser(sink, more);
  sink.line(plain(openingOf(config)));
  for (const warning of configurationWarnings(config)) sink.line(plain(msg`Note: ${warning}`));

  return {
    onPoll(poll) {
      if (outage !== undefined) {
        sink.line(recoveryLine(outage, poll));
        isInterrupted = true;
      } else if (isOtherServer(poll, previous)) {
        sink.line(otherServerLine(poll));
        isInterrupted = true;
      }
      outage = undefined;
      if (previous === undefined) introduce(sink, config, place, poll);
      if (poll.evaluation.snapshot.lockWaitMs >= SHOWN_WAIT_MS) sink.line(lockWaitLine(poll));
      if (isKeptReplaced(poll, previous)) sink.line(replacementLine(poll));
      previous = poll;
      if (config.mode === 'preflight') return;
      const diagnoses = diagnosesOf(poll, config);
      const { worst } = diagnoses;
      const shown = shownAt(poll, worst);
      if (poll.decides || isInterrupted || isDue(config, shown, before)) {
        sink.line(pollLine(config, poll, diagnoses, before));
        before = shown;
        isInterrupted = false;
      } else {
        sink.status?.(pollLine(config, poll, diagnoses, before));
      }
      // The annotations explain the deciding poll. They follow in the log at once.
      if (!poll.decides) advise(poll, diagnoses);
    },
    onFailedPoll(failed) {
      sink.line(failureLine(config, failed, outage, more));
      outage = failed.outage;
    },
  };
}

function shownAt(poll: Poll, diagnosis: Diagnosis | undefined): Shown {
  return {
    endedMs: poll.time.ended,
    inFlight: inFlightOnAll(poll.evaluation.targets),
    course: [diagnosis?.kind, ...courseOf(poll)],
    tally: countsOf(poll),
  };
}

function isDue({ pollIntervalMs }: GateConfig, shown: Shown, before: Shown | undefined): boolean {
  if (before === undefined || !isSameList(shown.course, before.course)) return true;
  const shortest = pollIntervalMs === undefined ? COUNTS_EVERY_MS : 0;
  const countsEveryMs = Math.min(HEARTBEAT_MS, Math.max(shortest, shown.endedMs * COUNTS_SHARE));
  const everyMs = isSameList(shown.tally, before.tally) ? HEARTBEAT_MS : countsEveryMs;
  return shown.endedMs - before.endedMs >= everyMs;
}

/** Returns where a heading of the page is, for the first time that it is asked for it; then undefined. */
type Pointer = (heading: string) => string | undefined;

function pointer(page: string): Pointer {
  const said = new Set<string>();
  return (heading) => {
    if (said.has(heading)) return undefined;
    said.add(heading);
    return moreAt(page, heading);
  };
}

/** Returns a function that writes what a person can do: each message once, a few a minute, at once where the diagnosis changes. */
function adviser(sink: LogSink, more: Pointer) {
  const said = new Set<string>();
  let before: string | undefined;
  let saidAt = Number.NEGATIVE_INFINITY;
  return (poll: Poll, diagnoses: Diagnoses) => {
    const { worst } = diagnoses;
    const now = worst && `${worst.kind} ${worst.cause}`;
    const { ended } = poll.time;
    if (now === before && ended - saidAt < HEARTBEAT_MS) return;
    const advice = adviceOf(poll, diagnoses).filter(({ key }) => !said.has(key));
    for (const { key, message } of advice.slice(0, ADVICE_LINES)) {
      sink.line(`  ${plain(message)}`);
      said.add(key);
    }
    const heading = headingOf(worst) ?? explainedBlocker(poll);
    const pointed = heading === undefined ? undefined : more(heading);
    if (pointed !== undefined) sink.line(`  ${pointed}`);
    before = now;
    saidAt = ended;
  };
}

/** What is said once, when a server has accepted the URL: a mistyped one can have the password where the host should be. */
function introduce(sink: LogSink, config: GateConfig, place: Place, { evaluation }: Poll): void {
  // A preflight shows all of it at its end.
  if (config.mode === 'preflight') return;
  sink.line(plain(describePlace(place, config.details)));
  sink.line(plain(describeDatabase(evaluation)));
  const renamed = formerNames(evaluation);
  if (renamed !== undefined) sink.line(plain(msg`Note: ${renamed}`));
  for (const warning of patternWarnings(config, evaluation)) sink.line(plain(msg`Note: ${warning}`));
  const groups = groupLines(blockingGroups(evaluation), evaluation.targets.length);
  if (groups.length > 0) sink.group('What is in flight, by workflow', groups);
}

function isOtherServer({ evaluation }: Poll, previous: Poll | undefined): boolean {
  const server = previous?.evaluation.snapshot.database.startedAt;
  const isCounted = evaluation.index !== undefined;
  return previous !== undefined && isCounted && evaluation.snapshot.database.startedAt !== server;
}

function isKeptReplaced({ evaluation }: Poll, previous: Poll | undefined): boolean {
  const kept = previous?.evaluation.state.kept ?? [];
  return previous !== undefined && (evaluation.state.kept ?? []).some((version) => !kept.includes(version));
}
