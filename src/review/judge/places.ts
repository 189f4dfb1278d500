import { isSharedVersion } from '../../dbos/sdk.ts';
import type { Inventory, InventoryApplication, InventoryWorkflow } from '../inventory/inventory.ts';
import type { WorkflowName } from '../source/definition.ts';
import { keyOf } from './definitions.ts';
import { inFlightOf } from './executions.ts';

/** A workflow in flight: one version of one application. */
export interface Place {
  readonly application: string | null;
  /** Null is work without a version. */
  readonly version: string | null;
  readonly workflow: InventoryWorkflow;
  readonly inFlight: number;
  /**
   * The new code takes it over without anybody's act: deploys share the version, or it has none and the latest version
   * takes it.
   */
  readonly takesNewCode: boolean;
}

export interface Schedule {
  readonly schedule: string;
  readonly isPaused: boolean;
}

/** The inventory, by the names of workflows. */
export interface Places {
  /** Where a workflow is in flight. With an application: there, and in rows without an owner. */
  of(workflow: WorkflowName, application: string | undefined): readonly Place[];
  /** All workflows in flight. With an application: there, and in rows without an owner. */
  all(application: string | undefined): readonly Place[];
  /** What starts it by its name. */
  schedulesOf(
    workflow: WorkflowName,
    application: string | undefined,
  ): readonly (Schedule & { application: string | null })[];
}

/** Returns the inventory by the names of workflows. */
export function placesIn(inventory: Inventory, sameVersion: boolean): Places {
  const places = inventory.applications.flatMap((each) => placesOf(each, sameVersion));
  const placesBy = Map.groupBy(places, ({ workflow }) => keyOf(workflow));
  const schedules = inventory.applications.flatMap(({ application, schedules }) =>
    schedules.map((schedule) => ({ ...schedule, application })),
  );
  const schedulesBy = Map.groupBy(schedules, (schedule) => keyOf(schedule));
  const isOf = (application: string | undefined) => (each: { readonly application: string | null }) =>
    application === undefined || each.application === null || each.application === application;
  return {
    of: (workflow, application) => (placesBy.get(keyOf(workflow)) ?? []).filter(isOf(application)),
    all: (application) => places.filter(isOf(application)),
    schedulesOf: (workflow, application) => (schedulesBy.get(keyOf(workflow)) ?? []).filter(isOf(application)),
  };
}

function placesOf({ application, versions }: InventoryApplication, sameVersion: boolean): readonly Place[] {
  return versions.flatMap(({ version, workflows }) =>
    workflows.map((workflow) => ({
      application,
      version,
      workflow,
      inFlight: inFlightOf(workflow),
      takesNewCode: version === null || sameVersion || isSharedVersion(version),
    })),
  );
}
