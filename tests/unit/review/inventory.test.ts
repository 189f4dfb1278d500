import { describe, expect, test } from 'vitest';
import { explain } from '../../../src/errors.ts';
import { buildInventory, type InventoryFacts } from '../../../src/review/inventory/build.ts';
import type { Inventory } from '../../../src/review/inventory/inventory.ts';
import { LARGEST_FILE, parseInventory } from '../../../src/review/inventory/parse.ts';

type Group = InventoryFacts['groups'][number];

const AT = Date.UTC(2026, 10, 27);

function group(particulars: Partial<Group> = {}): Group {
  const names = { application: 'shop', version: '1.0.0', name: 'checkOut', className: null };
  return { number: 1, ...names, pending: 1, enqueued: 0, delayed: 0, oldest: AT, whole: 1, ...particulars };
}

/** Builds an inventory from facts in which nothing is missing unless these say so. */
function built(particulars: Partial<InventoryFacts> = {}): Inventory {
  const { groups = [], steps = [], schedules = [] } = particulars;
  return buildInventory({
    observedAt: AT,
    application: undefined,
    groups,
    inFlight: groups.reduce((sum, { pending, enqueued, delayed }) => sum + pending + enqueued + delayed, 0),
    steps,
    stepNames: steps.length,
    latest: [],
    schedules,
    scheduleCount: schedules.length,
    schedulesRead: true,
    unknownStatuses: 0,
    ...particulars,
  });
}

function versionsOf(inventory: Inventory) {
  return inventory.applications.flatMap(({ application, versions }) =>
    versions.flatMap(({ version, workflows }) => workflows.map(({ name }) => [application, version, name])),
  );
}

describe('an inventory', () => {
  test('says how many executions recorded a step at least once, twice, and so on, and which took a patch', () => {
    const { applications } = built({
      groups: [group({ pending: 5, enqueued: 2, delayed: 1, whole: 8 })],
      steps: [
        {
          group: 1,
          name: 'pay',
          times: [
            [3, 1],
            [1, 4],
          ],
        },
        { group: 1, name: 'DBOS.patch-faster', times: [[1, 2]] },
        { group: 2, name: 'of another', times: [[1, 1]] },
      ],
    });
    expect(applications).toEqual([
      {
        application: 'shop',
        latest: null,
        versions: [
          {
            version: '1.0.0',
            workflows: [
              {
                name: 'checkOut',
                className: null,
                pending: 5,
                enqueued: 2,
                delayed: 1,
                oldest: '2026-11-27T00:00:00.000Z',
                stepsReadOf: 8,
                steps: [{ name: 'pay', executions: [5, 1, 1] }],
                patches: [{ name: 'faster', executions: 2 }],
              },
            ],
          },
        ],
        schedules: [],
      },
    ]);
  });

  test('sorts applications and versions, and puts those without one first', () => {
    const groups = [
      group({ application: 'shop', version: '2' }),
      group({ application: 'crm', version: '10' }),
      group({ application: 'shop', version: null }),
      group({ application: null, version: '1' }),
    ].map((each, index) => ({ ...each, number: index + 1 }));
    expect(versionsOf(built({ groups }))).toEqual([
      [null, '1', 'checkOut'],
      ['crm', '10', 'checkOut'],
      ['shop', null, 'checkOut'],
      ['shop', '2', 'checkOut'],
    ]);
  });

  test('has the latest version of an application: the newest that it or nobody owns', () => {
    const latest = [
      { application: 'shop', version: '2.0.0', timestamp: 5 },
      { application: 'crm', version: '7', timestamp: 9 },
      { application: null, version: 'old', timestamp: 6 },
    ];
    const { applications } = built({ latest });
    expect(applications.map((each) => [each.application, each.latest])).toEqual([
      [null, 'old'],
      ['crm', '7'],
      ['shop', 'old'],
    ]);
  });

  test("leaves out DBOS's own workflows, and does not count them as omitted", () => {
    const groups = ['temp_workflow-send-mail', '_dbos_debouncer_workflow', 'checkOut'].map((name, index) =>
      group({ name, number: index + 1 }),
    );
    const inventory = built({ groups });
    expect(versionsOf(inventory)).toEqual([['shop', '1.0.0', 'checkOut']]);
    expect(inventory.omitted).toEqual({ workflows: 0, steps: 0, schedules: 0, applications: 0 });
  });

  test('counts what was not read', () => {
    const schedules = [{ application: 'shop', schedule: 'tick', name: 'tick', className: null, isPaused: false }];
    const steps = [{ group: 1, name: 'pay', times: [[1, 1]] satisfies [number, number][] }];
    const read = { groups: [group()], steps, schedules };
    const { omitted } = built({ ...read, inFlight: 10, stepNames: 3, scheduleCount: 5, unknownStatuses: 2 });
    expect(omitted).toEqual({ workflows: 11, steps: 2, schedules: 4, applications: 0 });
  });

  test('has no more than fits into a file, the largest groups first, and counts the rest', () => {
    const long = '漢'.repeat(5000);
    const groups = Array.from({ length: 600 }, (_, index) =>
      group({ number: 600 - index, name: `${index} ${long}`, pending: index + 1 }),
    );
    const steps = groups.map(({ number }) => ({
      group: number,
      name: 'pay',
      times: [[1, 1]] satisfies [number, number][],
    }));
    const schedules = groups.map(({ name }) => ({
      application: 'shop',
      schedule: name,
      name,
      className: null,
      isPaused: false,
    }));
    const inventory = built({ groups, steps, schedules });
    const text = JSON.stringify(inventory);
    expect(Buffer.byteLength(text)).toBeLessThan(LARGEST_FILE);
    expect(parseInventory(text)).toEqual(inventory);
    const kept = inventory.applications[0]?.versions[0]?.workflows ?? [];
    expect(kept.length).toBeGreaterThan(100);
    expect(kept[0]?.pending).toBe(600);
    const all = (600 * 601) / 2;
    expect(inventory.omitted.workflows).toBe(all - kept.reduce((sum, { pending }) => sum + pending, 0));
    expect(inventory.omitted.steps).toBe(600 - kept.length);
    expect(inventory.omitted.schedules).toBe(600 - (inventory.applications[0]?.schedules.length ?? 0));
    expect(inventory.omitted.schedules).toBeGreaterThan(0);
  });
});

describe('an inventory of very much', () => {
  const many = (count: number, bytes: number) =>
    Array.from({ length: count }, (_, index) => `${index} `.padEnd(bytes, '漢').slice(0, bytes));
  const schedule = { schedule: 's', name: 'n', className: null, isPaused: false };
  const cases: Readonly<Record<string, Partial<InventoryFacts>>> = {
    applications: {
      latest: many(300_000, 8).map((application) => ({ application, version: '1', timestamp: 1 })),
    },
    'versions of workflows': {
      groups: many(2000, 16_000).map((version, index) => group({ number: index + 1, version })),
    },
    // The newest version of no owner stands in each application.
    'applications with a long version of no owner': {
      groups: many(2000, 100).map((application, index) => group({ number: index + 1, application })),
      schedules: many(1000, 100).map((application) => ({ ...schedule, application })),
      latest: [{ application: null, version: 'v'.repeat(16_000), timestamp: 9 }],
    },
    'applications of schedules': { schedules: many(1000, 30_000).map((application) => ({ ...schedule, application })) },
    everything: {
      groups: many(2000, 5000).map((name, index) => group({ number: index + 1, name, version: name })),
      schedules: many(1000, 9000).map((name) => ({ ...schedule, application: name, name })),
      latest: many(20_000, 500).map((application) => ({ application, version: '1', timestamp: 1 })),
    },
  };

  test.each(Object.entries(cases))('%s is written so that it can be read, and counts what is omitted', (_, facts) => {
    const inventory = built(facts);
    const text = `${JSON.stringify(inventory)}\n`;
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LARGEST_FILE);
    expect(parseInventory(text)).toEqual(inventory);
    const { workflows, schedules, applications } = inventory.omitted;
    expect(workflows + schedules + applications).toBeGreaterThan(0);
    const named = inventory.applications.filter(({ application }) => application !== null).length;
    if (facts.groups === undefined && facts.schedules === undefined) {
      expect(named + applications).toBe(facts.latest?.length);
    }
  });
});

describe('the file of an inventory', () => {
  const inventory = built({ groups: [group()] });

  test('is read as it was written', () => {
    expect(parseInventory(JSON.stringify(inventory))).toEqual(inventory);
  });

  test.each([
    ['what is no JSON', '{', 'inventory-not-json'],
    ['an empty file', '', 'inventory-not-json'],
    ['other JSON', '[]', 'inventory-invalid'],
    ['no value', 'null', 'inventory-invalid'],
    ['one without a part', JSON.stringify({ ...inventory, omitted: undefined }), 'inventory-invalid'],
    ['one with another part', JSON.stringify({ ...inventory, ids: ['a'] }), 'inventory-invalid'],
    ['a count that is none', JSON.stringify(inventory).replace('"pending":1', '"pending":-1'), 'inventory-invalid'],
    ['a newer format', JSON.stringify({ ...inventory, format: 2 }), 'inventory-of-another-release'],
    ['an older format', JSON.stringify({ ...inventory, format: 0 }), 'inventory-of-another-release'],
    ['a huge file', ' '.repeat(LARGEST_FILE + 1), 'inventory-too-large'],
    ['deep nesting', '['.repeat(1_000_000), 'inventory-not-json'],
    ['deep nesting that is JSON', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'inventory-invalid'],
  ])('is refused for %s', (_, text, id) => {
    expect(() => parseInventory(text)).toThrow(expect.objectContaining({ id }));
  });

  test('shows nothing of it as trusted text in an error', () => {
    const hostile = JSON.stringify(inventory).replace('"applications":[{', '"applications":[{"::error::":1,');
    try {
      parseInventory(hostile);
    } catch (error) {
      const trusted = explain(error).filter((part) => typeof part === 'string');
      expect(trusted.join('')).toContain('is not an inventory that this release can read');
      expect(trusted.join('')).not.toContain('::error');
      return;
    }
    throw new Error('It was read.');
  });
});
