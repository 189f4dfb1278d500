import { isGate, type Step, type Workflow } from './workflow.ts';

/**
 * The outputs of gates that a step's text comes from: through `env`, the outputs of other steps and jobs, and the
 * matrix. Steps that are not gates pass on what they read.
 */
export function outputsBehind(workflow: Workflow, jobId: string, step: Step): readonly string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  const follow = (id: string, text: string) => {
    const job = workflow.jobs[id];
    if (job === undefined || seen.has(`${id} ${text}`)) return;
    seen.add(`${id} ${text}`);
    for (const [, stepId, output = ''] of text.matchAll(/steps\.([\w-]+)\.outputs\.([\w-]+)/g)) {
      const origin = job.steps.find((each) => each.id === stepId);
      if (origin === undefined) continue;
      if (isGate(origin)) found.add(output);
      else follow(id, JSON.stringify(origin));
    }
    for (const [, other = '', output = ''] of text.matchAll(/needs\.([\w-]+)\.outputs\.([\w-]+)/g)) {
      follow(other, workflow.jobs[other]?.outputs[output] ?? '');
    }
    for (const [, name = ''] of text.matchAll(/\benv\.(\w+)/g)) follow(id, String(job.env[name] ?? workflow.env[name]));
    if (/\bmatrix\./.test(text)) follow(id, JSON.stringify(job.strategy) ?? '');
  };
  follow(jobId, JSON.stringify(step));
  // The job's variables reach the shell without a word in the step.
  for (const value of Object.values(workflow.jobs[jobId]?.env ?? {})) follow(jobId, String(value));
  return [...found];
}
