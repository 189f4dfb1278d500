import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Poll } from '../../src/hold/hold.ts';
import type { Inventory } from '../../src/review/inventory/inventory.ts';
import { readInventory } from '../../src/review/inventory/read.ts';
import { holdOn, withoutLimit } from '../support/holding.ts';
import { chosenReleases } from './chosen.ts';
import type { Application } from './driver.ts';
import { roundsOf, type Scenario, scenariosOf } from './scenarios.ts';
import { type World, worldsOf } from './world.ts';

const POLL_MS = 20_000;

/** How far apart the clocks are that one compares here, and how long a start takes at most, in milliseconds. */
const TOLERANCE_MS = 30_000;

const idOf = ({ title }: Scenario, before?: number) =>
  `${title.replaceAll(' ', '-')}${before === undefined ? '' : `-before-${before}`}`;

/** A name, whose last character can be a `*` for any text. */
const matching = (name: string) => (name.endsWith('*') ? expect.stringMatching(`^${name.slice(0, -1)}`) : name);

describe.each(chosenReleases())('$language.name $release.release', ({ language, release }) => {
  const createWorld = worldsOf(language);
  const { abilities, names } = release;
  let world: World;
  let old: Application;

  beforeAll(async () => {
    world = await createWorld(release);
    old = await world.launch('1.0.0', { executor: 'blue-1' });
    await world.launch('2.0.0', { executor: 'green-1' });
  });

  const rounds = roundsOf(scenariosOf(release));

  describe.each(rounds.map((scenarios, index) => ({ round: index + 1, scenarios })))(
    'round $round',
    ({ scenarios }) => {
      let poll: Poll | undefined;
      let inventory: Inventory | undefined;
      const begun = new Map<Scenario, number>();

      beforeAll(async () => {
        await Promise.all(scenarios.map(begin));
        poll = (await holdOn(world, { mode: 'check' })).last;
        const request = { application: undefined, pollTimeoutMs: 30_000 };
        inventory = await readInventory(world.config, request, withoutLimit);
      });

      afterAll(() => Promise.all(scenarios.map(end)));

      async function begin(scenario: Scenario) {
        const { before = [], start, status, steps } = scenario;
        for (const [index, first] of before.entries()) {
          const id = idOf(scenario, index);
          await old.start({ ...first, id });
          await world.row(`SELECT FROM dbos.workflow_status WHERE workflow_uuid = $1 AND status = 'PENDING'`, id);
        }
        begun.set(scenario, Date.now());
        await old.start({ ...start, id: idOf(scenario) });
        await world.row(
          `SELECT FROM dbos.workflow_status w WHERE workflow_uuid = $1 AND status = $2
            AND (SELECT count(*) FROM dbos.operation_outputs o WHERE o.workflow_uuid = w.workflow_uuid) >= $3`,
          ...[idOf(scenario), status, steps.filter((step) => step !== null).length],
        );
        if (start.workflow === 'parent') {
          await world.row('SELECT FROM dbos.workflow_status WHERE workflow_uuid = $1', `${idOf(scenario)}-child`);
        }
      }

      async function end(scenario: Scenario) {
        const ids = [idOf(scenario), ...(scenario.before ?? []).map((_, index) => idOf(scenario, index))];
        if (scenario.start.workflow === 'parent') ids.push(`${idOf(scenario)}-child`);
        for (const id of ids) {
          await old.cancel({ id });
          await old.release({ id });
        }
      }

      describe.each(scenarios)('$title', (scenario) => {
        const id = idOf(scenario);

        test('leaves the rows that are expected of it', async () => {
          const name = names[scenario.start.workflow];
          const [row] = await world.query(
            `SELECT status, name, nullif(class_name, '') AS class, nullif(config_name, '') AS instance, application_version AS version, nullif(queue_name, '') AS queue
             FROM dbos.workflow_status WHERE workflow_uuid = $1`,
            [id],
          );
          expect(row).toEqual({
            status: scenario.status,
            name: name?.name,
            class: name?.className ?? null,
            instance: scenario.start.instance ?? null,
            version: '1.0.0',
            queue: scenario.start.queue === undefined ? null : `shop-${scenario.start.queue}`,
          });
          const steps = await world.query(
            'SELECT function_id AS number, function_name AS name FROM dbos.operation_outputs WHERE workflow_uuid = $1 ORDER BY 1',
            [id],
          );
          const expected = scenario.steps.flatMap((name, index) =>
            name === null ? [] : [{ number: index + abilities.firstStep, name: matching(name) }],
          );
          expect(steps).toEqual(expected);
        });

        test('is understood', () => {
          const { name, className } = names[scenario.start.workflow] ?? {};
          const groups = poll?.evaluation.index?.contents.groups.items;
          expect(groups).toContainEqual(expect.objectContaining({ name, className: className ?? null }));
          expect(poll?.forecast.statuses.get(id)?.activity).toMatchObject(scenario.activity(abilities));
          const bounds = poll?.forecast.total.earliestEnds.filter((bound) => bound.id === id) ?? [];
          const notBefore = scenario.notBefore(abilities);
          expect(bounds).toHaveLength(notBefore === undefined ? 0 : 1);
          for (const { until } of bounds) {
            const wanted = (begun.get(scenario) ?? 0) + (notBefore ?? 0);
            expect(Math.abs(until - wanted)).toBeLessThan(TOLERANCE_MS);
          }
        });

        test('is in the inventory of a review, with its steps', () => {
          const { name, className = null } = names[scenario.start.workflow] ?? {};
          const workflows = inventory?.applications.flatMap(({ versions }) =>
            versions.flatMap(({ version, workflows }) => (version === '1.0.0' ? workflows : [])),
          );
          const found = workflows?.find((workflow) => workflow.name === name && workflow.className === className);
          const recorded = [...(found?.steps ?? []), ...(found?.patches ?? [])].map((step) => step.name);
          const expected = scenario.steps.flatMap((step) => (step === null ? [] : [step.replace('DBOS.patch-', '')]));
          expect(recorded).toEqual(expect.arrayContaining(expected.map(matching)));
          expect(found?.stepsReadOf).toBe((found?.pending ?? 0) + (found?.enqueued ?? 0) + (found?.delayed ?? 0));
        });

        test('ends a hold that cannot reach its end, and no other', async () => {
          const others = scenarios.filter((other) => other !== scenario);
          const ignoreWorkflows = [...others.map(({ start }) => names[start.workflow]?.name ?? ''), 'held'];
          const single = ignoreWorkflows.filter((name) => name !== names[scenario.start.workflow]?.name);
          const { verdict } = await holdOn(world, {
            timeoutMs: 2 * POLL_MS,
            pollIntervalMs: POLL_MS,
            ignoreWorkflows: single,
          });
          expect(verdict).toBe(scenario.notBefore(abilities) === undefined ? 'timed-out' : 'cannot-drain');
        });
      });
    },
  );
});
