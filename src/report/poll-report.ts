import type { Poll } from '../hold/hold.ts';
import { joined, type Message, msg, namesOf, trusted } from '../message.ts';
import { blockersOf, blockersOfAll } from '../rules/decide.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import { explainBlocker, shortNames } from '../rules/index.ts';
import { summed } from '../status-counts.ts';
import { describeActivity, nextStepFor, workflowNamed } from './activity-text.ts';
import { blocksTarget, inFlightOnAll } from './blocking.ts';
import { type Explanations, forecastParts, outlook } from './forecast-text.ts';

/** The log explains only so many. The summary explains more. */
const EXPLAINED_TARGETS = 5;
const EXPLAINED_STUCK = 3;

export type PollReport = ReturnType<typeof pollReportOf>;

/** What one poll found, as the log shows it. Pure, and cheap: it is computed at every poll. */
export function pollReportOf(poll: Poll) {
  const { evaluation, forecast, time, decides } = poll;
  const { snapshot, targets, drained } = evaluation;
  return {
    decides,
    endedMs: time.ended,
    drained,
    inFlight: inFlightOnAll(targets),
    counts: summed(targets),
    targets,
    settledForMs: settledFor(evaluation),
    /** Short names of what else than work in flight blocks. */
    reasons: shortNames(blockersOf(evaluation)),
    forecast: forecastParts(forecast.total, snapshot.observedAt),
    explanations: [...explainedBlockers(evaluation), ...expectations(poll)],
    fingerprint: fingerprintOf(poll),
  };
}

/** What the first poll found, before it is evaluated: server, registrations, kept versions and targets. */
export function describeDatabase({ snapshot, index, gate, targets, state }: Evaluation): Message {
  const { serverVersion, migration } = snapshot.database;
  const server = describeServer(serverVersion, migration ?? null);
  if (index === undefined) return msg`${server}.`;
  const [newest] = index.registered;
  const { registrations } = index.contents;
  const registered =
    newest === undefined || registrations === undefined
      ? trusted('no version is registered')
      : msg`${registrations.total} registered, the latest is ${newest.version}`;
  const parts = [msg`${server}. Versions: ${registered}`];
  if (state.kept !== undefined) parts.push(msg`kept: ${namesOf(state.kept)}`);
  if (state.kept !== undefined && gate.length === 0) {
    const retired = namesOf(targets.map(({ version }) => version));
    parts.push(targets.length > 0 ? msg`to retire: ${retired}` : trusted('nothing to retire'));
  }
  return msg`${joined(parts, '; ')}.`;
}

/** `PostgreSQL 18.4, DBOS migration 123`. */
export function describeServer(serverVersion: string, migration: number | null): Message {
  const dbos = migration === null ? '' : `, DBOS migration ${migration}`;
  return trusted(`PostgreSQL ${serverVersion}${dbos}`);
}

/** How long everything has been idle, in milliseconds; undefined while something is not. */
function settledFor({ gate, noTargets, targets }: Evaluation): number | undefined {
  const all = noTargets === undefined ? targets : [noTargets];
  const settled = all.map(({ settledForMs }) => settledForMs).filter((ms) => ms !== undefined);
  if (gate.length > 0 || settled.length < all.length) return undefined;
  return settled.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

/** Two polls between which nothing happened that deserves a line have the same. */
function fingerprintOf({ evaluation, forecast }: Poll): string {
  const { trend, states, withoutProcess } = forecast.total;
  return JSON.stringify([
    trend === 'not-converging',
    trend === 'stalled',
    states.stuck,
    withoutProcess.length,
    blockersOfAll(evaluation).map(({ kind }) => kind),
    evaluation.unversioned,
    evaluation.targets.map(({ version, pending, enqueued, delayed, unknownStatus, ...target }) => [
      ...[version, pending, enqueued, delayed, unknownStatus],
      target.settledForMs !== undefined,
      target.drained,
      target.blockers.map(({ kind }) => kind),
    ]),
  ]);
}

/** What blocks the whole gate, or else what blocks the first few targets. */
function explainedBlockers(evaluation: Evaluation): Explanations {
  const ofAll = blockersOfAll(evaluation);
  if (ofAll.length > 0) {
    return ofAll.map((blocker) => ({ key: blocker.kind, message: explainBlocker(blocker) }));
  }
  return evaluation.targets.slice(0, EXPLAINED_TARGETS).flatMap(({ version, blockers }) =>
    blockers.map((blocker) => ({
      key: `${blocker.kind} ${version}`,
      message: msg`${version}: ${explainBlocker(blocker)}`,
    })),
  );
}

/** Whether the drain converges, when it can finish at the earliest, and what is stuck. */
function expectations({ evaluation, forecast }: Poll): Explanations {
  const { observedAt } = evaluation.snapshot;
  const { total, newTopLevel, statuses, history } = forecast;
  const scanned = history.detailScan?.workflows ?? [];
  const stuck = scanned.flatMap((workflow) => {
    const status = statuses.get(workflow.id);
    return status?.state === 'stuck' && blocksTarget(workflow, evaluation) ? [{ workflow, status }] : [];
  });
  return [
    ...outlook(total, newTopLevel, observedAt),
    ...stuck.slice(0, EXPLAINED_STUCK).map(({ workflow, status }) => ({
      key: `stuck ${workflow.id}`,
      message: msg`Stuck: ${workflowNamed(workflow)}: ${describeActivity(status, observedAt)}. Next: ${trusted(nextStepFor(status))}.`,
    })),
  ];
}
