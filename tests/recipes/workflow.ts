import { parse } from 'yaml';
import { z } from 'zod';
import { actionOf, GATE, REVIEW } from './actions.ts';

const texts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const concurrency = z.union([z.string(), z.looseObject({ group: z.string() })]);
const permissions = z.union([z.string(), z.record(z.string(), z.string())]);

const step = z.looseObject({
  id: z.string().optional(),
  name: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  shell: z.string().optional(),
  with: texts.optional(),
  env: texts.optional(),
});

const job = z.looseObject({
  steps: z.array(step).default([]),
  uses: z.string().optional(),
  outputs: z.record(z.string(), z.string()).default({}),
  env: texts.default({}),
  strategy: z.unknown().optional(),
  concurrency: concurrency.optional(),
  permissions: permissions.optional(),
  'timeout-minutes': z.union([z.number(), z.string()]).optional(),
});

const workflow = z.looseObject({
  on: z.unknown().optional(),
  defaults: z.object({ run: z.object({ shell: z.string().optional() }) }).optional(),
  permissions: permissions.optional(),
  concurrency: concurrency.optional(),
  env: texts.default({}),
  jobs: z.record(z.string(), job),
});

export type Workflow = z.infer<typeof workflow>;
export type Job = z.infer<typeof job>;
export type Step = z.infer<typeof step>;

/**
 * Reads a workflow as far as the laws of recipes look at it.
 *
 * @throws for YAML that is no workflow
 */
export function parseWorkflow(text: string): Workflow {
  return workflow.parse(parse(text));
}

/** The names of the events that start a workflow. */
export function triggersOf({ on }: Pick<Workflow, 'on'>): readonly string[] {
  if (typeof on === 'string') return [on];
  if (Array.isArray(on)) return on.map(String);
  return typeof on === 'object' && on !== null ? Object.keys(on) : [];
}

export function isGate({ uses }: Pick<Step, 'uses'>): boolean {
  return uses !== undefined && actionOf(uses) === GATE;
}

export function isReview({ uses }: Pick<Step, 'uses'>): boolean {
  return uses !== undefined && actionOf(uses) === REVIEW;
}

/** Whether a step judges versions: `preflight` judges none. */
export function isJudging(step: Step): boolean {
  return isGate(step) && step.with?.['mode'] !== 'preflight';
}

/** Whether a step takes something away, by its name. */
export function isTeardown({ name = '' }: Pick<Step, 'name'>): boolean {
  return /^Tear down\b/.test(name);
}

/** Whether a step brings the new version up, or moves traffic, by its name. */
export function isDeploy({ name = '' }: Pick<Step, 'name'>): boolean {
  return /^(Launch|Deploy|Shift)\b/.test(name);
}
