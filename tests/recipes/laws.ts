import { durationMs } from '../../src/time.ts';
import { ACTIONS, actionOf } from './actions.ts';
import { outputsBehind } from './origins.ts';
import { silentFailures } from './silence.ts';
import {
  isDeploy,
  isGate,
  isJudging,
  isTeardown,
  type Job,
  parseWorkflow,
  type Step,
  triggersOf,
  type Workflow,
} from './workflow.ts';

/*
 * The laws of recipes, as far as a machine can check them: nothing is torn down but what `drained-versions` names; a
 * deploy names the version that it keeps; a held drain blocks no deploy.
 */

type Problems = readonly string[];
type NamedJob = Job & { readonly id: string };

const HOSTED_MINUTES = 360;

/** Commands that end a version. */
const TAKES_AWAY = new RegExp(
  [
    'kubectl [^\\n]*\\b(delete|scale [^\\n]*--replicas[= ]0)',
    'helm [^\\n]*\\b(uninstall|delete)\\b',
    'docker [^\\n]* (stop|rm|down|kill)\\b',
    'gcloud run [^\\n]*\\bdelete\\b',
    'kubectl patch [^\\n]*"replicas\\\\*": *0',
    'aws ecs (delete-service|stop-task|continue-service-deployment)',
    '--desired-count[= ]0\\b',
    'systemctl [^\\n]*\\b(stop|disable)\\b',
    'flux delete',
    'argocd app delete',
  ].join('|'),
);

/** Whether a shell text ends a version. */
export function takesAway(shell: string): boolean {
  return TAKES_AWAY.test(shell.replaceAll('\\\n', ' '));
}

/** Whether a shell text has a pipe. GitHub sets `pipefail` only where the shell is named: `shell: bash`. */
function hasPipe(shell: string): boolean {
  return /(?<!\|)\|(?!\|)/.test(shell.replaceAll(/'[^']*'/g, ''));
}

/** What a workflow of a recipe does against the laws, one line a problem. */
export function problemsOfLaws(text: string): Problems {
  const workflow = parseWorkflow(text);
  const jobs = Object.entries(workflow.jobs).map(([id, job]) => ({ ...job, id }));
  return [
    ...jobs.flatMap((job) => job.steps.filter(isTeardown).flatMap((step) => problemsOfTeardown(workflow, job, step))),
    ...jobs.flatMap((job) =>
      job.steps.flatMap((step) => problemsOfStep(workflow, step).map((each) => `${job.id}: ${each}`)),
    ),
    ...jobs.flatMap((job) => problemsOfJob(workflow, job).map((each) => `${job.id}: ${each}`)),
    ...problemsOfPermissions(workflow, jobs),
    ...unguardedMatrices(jobs),
  ];
}

function problemsOfTeardown(workflow: Workflow, job: NamedJob, step: Step): Problems {
  const outputs = outputsBehind(workflow, job.id, step);
  const ofThisJob = outputsBehind({ ...workflow, jobs: { [job.id]: job } }, job.id, step);
  const isFresh = ofThisJob.includes('drained-versions') || outputs.includes('observed-at');
  const where = `${job.id}: "${step.name}"`;
  return [
    ...(outputs.includes('drained-versions') ? [] : [`${where} does not take its versions from drained-versions.`]),
    ...(isFresh ? [] : [`${where} can run again by itself, and does not look at observed-at.`]),
    ...outputs
      .filter((name) => name === 'draining-versions' || name === 'versions')
      .map((name) => `${where} reads ${name}, which names versions that have not drained.`),
  ];
}

function problemsOfStep(workflow: Workflow, step: Step): Problems {
  const { uses, run = '', with: inputs = {} } = step;
  const tag = uses === undefined || uses.startsWith('./') ? undefined : ACTIONS[actionOf(uses)];
  const isKnown = uses === undefined || uses.startsWith('./') || uses === `${actionOf(uses)}@${tag}`;
  const triggers = triggersOf(workflow);
  const isSweep = triggers.every((each) => each === 'schedule' || each === 'workflow_dispatch');
  return [
    ...(isKnown ? [] : [`${uses} is not in tests/recipes/actions.ts with this tag.`]),
    ...(run.includes('${{') ? ['a run step contains an expression. Pass it through env.'] : []),
    ...(hasPipe(run) && (step.shell ?? workflow.defaults?.run.shell) !== 'bash'
      ? [`"${step.name}" has a pipe that hides a failure. Set defaults.run.shell to bash.`]
      : []),
    ...silentFailures(run).map((each) => `"${step.name}": ${each}`),
    ...(takesAway(run) && !isTeardown(step) ? [`"${step.name}" ends something, and is not named "Tear down …".`] : []),
    ...(isGate(step) && inputs['keep-version'] === 'latest' && !isSweep
      ? [`keep-version is latest in a workflow that ${triggers.join(', ')} starts. A deploy names its version.`]
      : []),
  ];
}

function problemsOfJob(workflow: Workflow, job: NamedJob): Problems {
  const { steps } = job;
  const holds = steps.some((step) => isJudging(step) || isTeardown(step));
  const minutes = job['timeout-minutes'];
  const needed = steps.filter(isJudging).reduce((sum, step) => sum + longestMinutes(step), 0);
  return [
    ...(steps.length > 0 && minutes === undefined ? ['the job has no timeout-minutes.'] : []),
    ...(typeof minutes === 'number' && minutes <= needed ? [`${minutes} minutes end before its gates can.`] : []),
    ...(typeof minutes === 'number' && minutes > HOSTED_MINUTES ? ['a hosted runner ends it after six hours.'] : []),
    ...(holds && steps.some(isDeploy) ? ['a deploy and a gate or teardown share the job.'] : []),
    ...(holds ? problemsOfConcurrency(workflow, job) : []),
  ];
}

/** What a gate takes at most: its timeout, then the settle window twice, for an open transaction. */
function longestMinutes({ with: inputs = {} }: Step): number {
  const settle = durationMs(String(inputs['settle'] ?? '30s')) ?? 0;
  const isWait = (inputs['mode'] ?? 'wait') === 'wait';
  const timeout = isWait ? (durationMs(String(inputs['timeout'] ?? '30m')) ?? 0) : 0;
  return (timeout + 2 * settle) / 60_000;
}

function problemsOfConcurrency(workflow: Workflow, job: NamedJob): Problems {
  const deploys = Object.values(workflow.jobs).filter(({ steps }) => steps.some(isDeploy));
  const concurrency = job.concurrency ?? (deploys.length === 0 ? workflow.concurrency : undefined);
  if (concurrency === undefined) return ['a gate or teardown has no concurrency of its own.'];
  // Where nothing follows the gate, a newer run can take its place.
  const isFollowed = Object.values(workflow.jobs).some(({ steps }) => steps.some(isTeardown)) || deploys.length > 0;
  if (typeof concurrency === 'string' || (isFollowed && concurrency['cancel-in-progress'] !== false)) {
    return ['its concurrency does not say cancel-in-progress: false.'];
  }
  const groups = [...deploys.map((each) => each.concurrency), workflow.concurrency]
    .filter((each) => each !== concurrency)
    .map((each) => (typeof each === 'object' ? each.group : each));
  return groups.includes(concurrency.group) ? ['it shares its concurrency group with the deploy.'] : [];
}

function problemsOfPermissions(workflow: Workflow, jobs: readonly NamedJob[]): Problems {
  const top = workflow.permissions;
  const isLeast = typeof top === 'object' && (Object.keys(top).length === 0 || jobs.length === 1);
  return [
    ...(isLeast ? [] : ['permissions at the top are not {}.']),
    ...jobs.flatMap((job) => {
      const granted = job.permissions ?? top ?? {};
      if (typeof granted === 'string') return [`${job.id}: permissions are ${granted}.`];
      const checksOut = job.steps.some(({ uses = '' }) => actionOf(uses) === 'actions/checkout');
      return checksOut && granted['contents'] === undefined ? [`${job.id}: checkout needs contents: read.`] : [];
    }),
  ];
}

/** An empty matrix fails, and an output with a masked value arrives empty. */
function unguardedMatrices(jobs: readonly NamedJob[]): Problems {
  return jobs
    .filter(({ strategy }) => /fromJSON/i.test(JSON.stringify(strategy) ?? ''))
    .filter((job) => !/contains\([^)]*, '"'\)/.test(String(job['if'] ?? '')))
    .map(({ id }) => `${id}: an empty matrix fails. Guard it with if: contains(needs.….outputs.…, '"').`);
}
