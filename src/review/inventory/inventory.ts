import { z } from 'zod';

/*
 * The file between the two halves of the review: what was in flight when it was written. It holds names and counts, and
 * no id, input or output of a workflow, since every pull request can read it.
 */

/** The format of the file. Every change of its shape gets another one. */
export const FORMAT = 1;

const name = z.string();
const count = z.int().nonnegative();

const recordedStep = z.strictObject({
  /** `operation_outputs.function_name`. */
  name,
  /**
   * How many executions recorded it at least once, at least twice, and so on. It ends where none did, or after
   * `MOST_OCCURRENCES`.
   */
  executions: z.array(count).min(1),
});

const inventoryWorkflow = z.strictObject({
  name,
  className: name.nullable(),
  pending: count,
  enqueued: count,
  delayed: count,
  /** When the oldest of them was created, ISO 8601. */
  oldest: z.iso.datetime(),
  /** Of how many executions all steps were read. Below the count in flight, `steps` and `patches` are lower bounds. */
  stepsReadOf: count,
  /**
   * The steps that executions in flight have recorded, patch markers excluded. A step is recorded when it finishes. The
   * timer of a `DBOS.recv` or `DBOS.getEvent` that still waits is there already, as `DBOS.sleep`.
   */
  steps: z.array(recordedStep),
  /** The patches whose markers executions in flight have recorded, without DBOS's prefix. */
  patches: z.array(z.strictObject({ name, executions: count })),
});

const inventoryVersion = z.strictObject({
  /** Null for work that carries no version: the latest one takes it. */
  version: name.nullable(),
  workflows: z.array(inventoryWorkflow),
});

const inventoryApplication = z.strictObject({
  /** Null for rows without an owner. */
  application: name.nullable(),
  /** The latest version; null where none is registered. */
  latest: name.nullable(),
  versions: z.array(inventoryVersion),
  /** What the schedules in the database start. Decorators in code that are schedules are not in the database. */
  schedules: z.array(z.strictObject({ schedule: name, name, className: name.nullable(), isPaused: z.boolean() })),
});

export const inventorySchema = z.strictObject({
  format: z.literal(FORMAT),
  /** Database time, ISO 8601. */
  observedAt: z.iso.datetime(),
  /** The one that was asked for: the file has its rows, and those without an owner. Null where it has all. */
  application: name.nullable(),
  applications: z.array(inventoryApplication),
  /** False where the role is not allowed to read the schedules: then `schedules` is empty everywhere. */
  schedulesRead: z.boolean(),
  /**
   * What is not in the file: executions in flight, names of steps and patches, schedules, and registrations of
   * applications. All zero where it is whole.
   */
  omitted: z.strictObject({ workflows: count, steps: count, schedules: count, applications: count }),
});

/** How many occurrences of a step in one execution are told apart. */
export const MOST_OCCURRENCES = 20;

export type Inventory = z.infer<typeof inventorySchema>;
export type InventoryApplication = z.infer<typeof inventoryApplication>;
export type InventoryWorkflow = z.infer<typeof inventoryWorkflow>;
