import type { Poll } from '../hold/hold.ts';
import { msg, number, trusted } from '../message.ts';
import { blockersOf, blockersOfAll } from '../rules/decide.ts';
import { type Blocker, explainBlocker } from '../rules/index.ts';
import { describeActivity, nextStepFor, workflowNamed } from './activity-text.ts';
import { blocksTarget, canFork, isLive } from './blocking.ts';
import type { Diagnoses, Diagnosis } from './diagnosis.ts';
import { type Explanations, outlook } from './forecast-text.ts';
import { versionName } from './text.ts';

/** The summary explains more. */
const EXPLAINED_TARGETS = 5;
const EXPLAINED_STUCK = 3;

/**
 * What a person who reads the log can do, and what happens otherwise. Each key stays the same for as long as its message
 * holds: the log says it once.
 */
export function adviceOf(poll: Poll, diagnoses: Diagnoses): Explanations {
  return [
    ...expected(poll, diagnoses),
    ...silence(poll, diagnoses),
    ...blockers(poll),
    ...stuckWork(poll),
    ...traffic(poll),
  ];
}

function expected({ forecast }: Poll, { worst, worstOf }: Diagnoses): Explanations {
  if (worst === undefined) return [];
  const { kind, cause, ifNothing, nextStep } = worst;
  const { waits, notBefore } = forecast.total;
  // The line itself has the estimate of what only moves.
  if (kind === 'slow' && (waits.length === 0 || isQuiet(worst))) return [];
  const which = `${kind} ${cause} ${worstOf}`;
  const key = `${which} ${kind === 'slow' ? (notBefore ?? waits[0]?.until) : forecast.total.states.stuck > 0}`;
  const then = { key, message: msg`If you do nothing: ${ifNothing}` };
  return nextStep === undefined ? [then] : [then, { key: `next ${which}`, message: nextStep }];
}

/** Before it counts as stuck, only a person can see why nothing moves. */
function silence({ forecast }: Poll, { worst, worstOf }: Diagnoses): Explanations {
  const all = forecast.total.quietMs === undefined ? trusted('') : trusted('Nothing moves. ');
  if (worst !== undefined && isQuiet(worst)) {
    return [{ key: `quiet ${worstOf}`, message: msg`${all}${worst.nextStep ?? trusted('')}` }];
  }
  const isKnown = worst?.cause === 'stuck' || worst?.cause === 'stalled';
  if (forecast.total.quietMs === undefined || isKnown) return [];
  return [{ key: 'quiet', message: msg`${all}Check whether a process of this version still runs.` }];
}

/** What moves has a next step only where it has not moved for long. */
function isQuiet({ cause, nextStep }: Diagnosis): boolean {
  return cause === 'moving' && nextStep !== undefined;
}

/** What blocks the whole gate, or else what blocks the first few targets. Work in flight is in every line. */
function blockers({ evaluation }: Poll): Explanations {
  const ofAll = blockersOfAll(evaluation);
  if (ofAll.length > 0) {
    return ofAll.map((blocker) => ({ key: blocker.kind, message: explainBlocker(blocker) }));
  }
  return evaluation.targets.slice(0, EXPLAINED_TARGETS).flatMap(({ version, blockers: all }) =>
    all
      .filter(({ kind }) => kind !== 'in-flight')
      .map((blocker) => ({
        key: `${blocker.kind} ${version}`,
        message: msg`${versionName(version)}: ${explainBlocker(blocker)}`,
      })),
  );
}

/** The kind of the first blocker that the log explains. */
export function explainedBlocker({ evaluation }: Poll): Blocker['kind'] | undefined {
  return blockersOf(evaluation).find(({ kind }) => kind !== 'in-flight')?.kind;
}

/** What is stuck, and the next step for each. Workflows that are stuck in the same way are one. */
function stuckWork({ evaluation, forecast }: Poll): Explanations {
  const { statuses, history } = forecast;
  const { observedAt } = evaluation.snapshot;
  const isDead = forecast.total.withoutProcess.length > 0;
  const live = new Set(evaluation.targets.filter(isLive).map(({ version }) => version));
  const stuck = (history.detailScan?.workflows ?? []).flatMap((workflow) => {
    const status = statuses.get(workflow.id);
    // A parent can move as soon as its child does.
    const isCause = status?.state === 'stuck' && status.activity.kind !== 'child';
    return isCause && blocksTarget(workflow, evaluation) ? [{ workflow, status }] : [];
  });
  const alike = Map.groupBy(stuck, ({ workflow: { name, className, queue }, status }) =>
    JSON.stringify([status.activity.kind, name, className, status.activity.kind === 'queued' ? queue : null]),
  );
  return [...alike].slice(0, EXPLAINED_STUCK).flatMap(([key, group]) => {
    const [first] = group;
    if (first === undefined) return [];
    const { workflow, status } = first;
    const more = trusted(group.length > 1 ? ` and ${number(group.length - 1)} more` : '');
    const isOneExecutor = group.every((each) => each.workflow.executor === workflow.executor);
    // Without a process, there is one next step for all. To fork work of a live version would hit live work.
    const step = nextStepFor(status, isOneExecutor ? workflow.executor : null, canFork(evaluation));
    const isUnhelped = isDead || live.has(workflow.version);
    const next = isUnhelped ? trusted('') : msg` Next: ${step}.`;
    const what = msg`${workflowNamed(workflow)}${more}: ${describeActivity(status, observedAt)}`;
    return [{ key: `stuck ${key} ${isUnhelped}`, message: msg`Stuck: ${what}.${next}` }];
  });
}

/** What still arrives. */
function traffic({ forecast }: Poll): Explanations {
  return outlook(forecast.total, forecast.newTopLevel);
}
