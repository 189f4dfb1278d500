import { describe, expect, test } from 'vitest';
import { plain } from '../../../../src/report/text.ts';
import type { Inventory } from '../../../../src/review/inventory/inventory.ts';
import type { ChangedFile } from '../../../../src/review/judge/changed-file.ts';
import { judge } from '../../../../src/review/judge/index.ts';
import { inventoryOf } from '../../../review/inventory.ts';
import type { InFlight } from '../../../review/table.ts';
import { changedFile, sourceFunction, sourceWorkflow } from './definitions.ts';

const OLD = ['a', 'b', 'c'];
const NEW = ['a', 'c'];
const SHARED = 'PATCHING_ENABLED';

const work = (rest: Partial<InFlight> = {}): InFlight => ({
  workflow: 'checkOut',
  recorded: ['a', 'b'],
  count: 2,
  ...rest,
});
const before = sourceWorkflow('checkOut', OLD);
const after = sourceWorkflow('checkOut', NEW);

function review(files: readonly ChangedFile[], inventory: Inventory, sameVersion = false) {
  const result = judge(files, inventory, { sameVersion });
  return {
    ...result,
    texts: result.findings.map(({ message }) => plain(message)),
    limits: result.limits.map(plain),
    probable: result.findings.map(({ probable }) => probable && plain(probable)),
  };
}

test("says it as the issue's example does", () => {
  const names = { workflows: [sourceWorkflow('checkOut', ['chargeCard', 'reserveStock', 'ship'])] };
  const now = { workflows: [sourceWorkflow('checkOut', ['chargeCard', 'ship'])] };
  const inFlight = [work({ recorded: ['chargeCard', 'reserveStock'] }), work({ recorded: ['chargeCard'], count: 1 })];
  expect(review([changedFile(names, now)], inventoryOf(inFlight)).texts).toEqual([
    '3 "checkOut" are in flight on "1.0.0" and finish on the old code. They cannot be forked onto this change: 2 have run "reserveStock", which it removes. Retire "1.0.0" behind the gate.',
  ]);
});

test('says it of one', () => {
  const { texts } = review(
    [changedFile({ workflows: [before] }, { workflows: [after] })],
    inventoryOf([work({ count: 1 })]),
  );
  expect(texts).toEqual([
    '1 "checkOut" is in flight on "1.0.0" and finishes on the old code. It cannot be forked onto this change: it has run "b", which the change removes. Retire "1.0.0" behind the gate.',
  ]);
});

test('counts only the versions that it breaks, and lists all of them', () => {
  const inFlight = [work(), work({ version: '1.1.0', count: 1 }), work({ version: '0.9.0', recorded: ['a'] })];
  const {
    findings,
    texts,
    inFlight: all,
  } = review([changedFile({ workflows: [before] }, { workflows: [after] })], inventoryOf(inFlight));
  expect(texts[0]).toContain('3 "checkOut" are in flight on "1.0.0", "1.1.0" and finish');
  expect(texts[0]).toContain('all have run "b"');
  expect(findings[0]?.versions).toHaveLength(3);
  expect(all).toBe(5);
});

test('of shared and other versions, the shared ones count', () => {
  const inFlight = [work(), work({ version: SHARED, count: 1 })];
  const { findings, texts } = review(
    [changedFile({ workflows: [before] }, { workflows: [after] })],
    inventoryOf(inFlight),
  );
  expect(findings).toMatchObject([{ severity: 'error' }]);
  expect(texts[0]).toContain(`1 "checkOut" is in flight on "${SHARED}", which deploys share`);
});

test.each([
  ['forth', ['a', 'b', 'c', 'd'], ['b', 'a', 'c', 'd']],
  ['far forth', ['a', 'b', 'c', 'd'], ['b', 'c', 'a', 'd']],
  ['back', ['a', 'b', 'c', 'd'], ['c', 'a', 'b', 'd']],
])('says once that a call moves: %s', (_title, old, now) => {
  const file = changedFile(
    { workflows: [sourceWorkflow('checkOut', old)] },
    { workflows: [sourceWorkflow('checkOut', now)] },
  );
  const { texts } = review([file], inventoryOf([work({ recorded: old })]));
  expect(texts).toEqual([expect.stringContaining('moves')]);
  expect(texts[0]).not.toContain('It also');
});

describe('gone', () => {
  const gone = [changedFile({ workflows: [before] }, {}, { oldText: 'x\n'.repeat(40), text: 'x\n'.repeat(5) })];

  test.each<[title: string, inFlight: InFlight[], schedules: string[], severity: string | undefined, says: string]>([
    [
      'finishes on its version',
      [work()],
      [],
      'notice',
      'They cannot be forked onto this change, which deletes them. Retire "1.0.0"',
    ],
    ['has nothing in flight', [], [], undefined, ''],
    ['is enqueued on its version', [work({ status: 'enqueued' })], [], 'notice', 'finish on the old code'],
    [
      'is enqueued on a shared version',
      [work({ status: 'enqueued', version: SHARED })],
      [],
      'error',
      `2 on "${SHARED}" that a queue starts`,
    ],
    [
      'is delayed on a shared version',
      [work({ status: 'delayed', version: SHARED })],
      [],
      'error',
      `2 on "${SHARED}" that a queue starts`,
    ],
    [
      'runs on a shared version',
      [work({ version: SHARED })],
      [],
      'error',
      `2 on "${SHARED}" that the next recovery takes`,
    ],
    ['waits without a version', [work({ status: 'enqueued', version: null })], [], 'error', '2 without a version'],
    ['is scheduled', [], ['checkOut'], 'error', 'Still called by the old name: the schedule "schedule-1".'],
    ['is scheduled under another name', [], ['shipOut'], undefined, ''],
  ])('a deleted workflow %s', (_, inFlight, schedules, severity, says) => {
    const inventory = inventoryOf(inFlight, { schedules: schedules.map((name) => ({ name })) });
    const { findings, texts } = review(gone, inventory);
    expect(findings.map((finding) => finding.severity)).toEqual(severity === undefined ? [] : [severity]);
    if (severity !== undefined) expect(findings[0]?.kind).toBe('workflow-deleted');
    expect(texts.join()).toContain(says);
  });

  test('a paused schedule calls nothing', () => {
    const inventory = inventoryOf([], { schedules: [{ name: 'checkOut' }] });
    const paused = inventory.applications.map((each) => {
      return { ...each, schedules: each.schedules.map((schedule) => ({ ...schedule, isPaused: true })) };
    });
    expect(review(gone, { ...inventory, applications: paused }).findings).toEqual([]);
  });

  test('is annotated where its text was, or in the deleted file at the old line', () => {
    const inventory = inventoryOf([work()]);
    const deleted = changedFile({ workflows: [before] }, undefined, { oldPath: 'src/old.ts' });
    expect(review([deleted], inventory).findings).toMatchObject([{ path: 'src/old.ts', line: 9 }]);
    expect(review(gone, inventory).findings).toMatchObject([{ path: 'src/orders.ts', line: 6 }]);
  });

  test('a workflow that moved to another file is not gone', () => {
    const moved = [
      changedFile({ workflows: [before] }, undefined),
      changedFile(undefined, { workflows: [before] }, { path: 'b.ts' }),
    ];
    expect(review(moved, inventoryOf([work()]))).toMatchObject({ findings: [], changedWorkflows: [], limits: [] });
  });

  test('a workflow that moved is compared', () => {
    const moved = [
      changedFile({ workflows: [before] }, undefined),
      changedFile(undefined, { workflows: [after] }, { path: 'b.ts' }),
    ];
    expect(review(moved, inventoryOf([work()])).findings).toMatchObject([{ kind: 'step-removed', path: 'b.ts' }]);
  });

  test('a new name with the same text is a new name', () => {
    const renamed = { ...before, workflow: { name: 'buy', className: null } };
    const files = [changedFile({ workflows: [before] }, { workflows: [renamed] })];
    const notice = review(files, inventoryOf([work()]));
    expect(notice.findings).toMatchObject([
      { kind: 'workflow-renamed', severity: 'notice', workflow: { name: 'checkOut' } },
    ]);
    expect(notice.texts[0]).toContain('which renames them to "buy"');
    const error = review(files, inventoryOf([work({ version: SHARED })]));
    expect(error.texts[0]).toContain(
      `This change renames "checkOut" to "buy". Still called by the old name: 2 on "${SHARED}" that the next recovery takes`,
    );
    expect(error.texts[0]).toContain('Register it under the old name until nothing calls that.');
  });

  test('a workflow that a broken text may still have is missed, and no finding', () => {
    const files = [changedFile({ workflows: [before] }, { hasErrors: true })];
    const { findings, missed, limits } = review(files, inventoryOf([work()]));
    expect([findings, missed]).toEqual([[], [{ name: 'checkOut', className: null }]]);
    expect(review(files, inventoryOf([])).missed).toEqual([]);
    const cut = [changedFile({ workflows: [before] }, { isCut: true })];
    expect(review(cut, inventoryOf([work()]))).toMatchObject({ findings: [], missed: [{ name: 'checkOut' }] });
    expect(limits).toEqual(['Text that the grammar does not know: "src/orders.ts". A workflow there can be missed.']);
  });

  test('a workflow that no old text has is not compared, and missed where a broken text may have had it', () => {
    const of = (old: Parameters<typeof changedFile>[0]) =>
      review([changedFile(old, { workflows: [before] })], inventoryOf([work()]));
    const said = 'Not compared, since no changed file had them before: "checkOut".';
    expect(of({})).toMatchObject({ missed: [], limits: [said] });
    expect(of(undefined)).toMatchObject({ missed: [], limits: [said] });
    expect(of({ isCut: true })).toMatchObject({ missed: [{ name: 'checkOut' }], limits: [] });
    const accepted = changedFile({ isCut: true }, { workflows: [{ ...before, accepted: 'nothing changes' }] });
    expect(review([accepted], inventoryOf([work()]))).toMatchObject({ missed: [], limits: [] });
    expect(of({ workflows: [before], isCut: true })).toMatchObject({ missed: [], limits: [] });
    expect(review([changedFile({}, { workflows: [before] })], inventoryOf([])).limits).toEqual([]);
  });

  test('schedules that were not read are a limit', () => {
    const { limits } = review(gone, { ...inventoryOf([work()]), schedulesRead: false });
    expect(limits.join()).toContain('The inventory has no schedules');
  });
});

describe('registered elsewhere', () => {
  const registration = {
    importedName: 'checkOut',
    from: './orders',
    line: 3,
    workflow: { name: 'buy', className: null },
  };
  const main = { registrations: [registration] };
  const functions = (names: readonly string[]) => ({ functions: [sourceFunction('checkOut', names)] });

  test('a changed file that registers it gives it its name', () => {
    const files = [
      changedFile(functions(OLD), functions(NEW)),
      changedFile(main, main, { path: 'src/main.ts', oldPath: 'src/main.ts' }),
    ];
    const { findings, probable } = review(files, inventoryOf([work({ workflow: 'buy' })]));
    expect(findings).toMatchObject([{ kind: 'step-removed', path: 'src/orders.ts', workflow: { name: 'buy' } }]);
    expect(probable).toEqual(['The match is probable: "src/main.ts" registers it, and imports it from "./orders".']);
  });

  test('without that file, the name of the function decides', () => {
    const { findings, probable } = review([changedFile(functions(OLD), functions(NEW))], inventoryOf([work()]));
    expect(findings).toMatchObject([{ kind: 'step-removed', workflow: { name: 'checkOut' } }]);
    expect(probable).toEqual([
      'The match is probable: no changed file registers "checkOut", and only its name says which workflow it is.',
    ]);
  });

  test('a name that nothing in flight has is nothing', () => {
    const { findings, changedWorkflows } = review(
      [changedFile(functions(OLD), functions(NEW))],
      inventoryOf([work({ workflow: 'buy' })]),
    );
    expect([findings, changedWorkflows]).toEqual([[], []]);
  });

  test('a function that is known by a registration is not known by its name as well', () => {
    const files = [
      changedFile(functions(OLD), functions(NEW)),
      changedFile(main, main, { path: 'src/main.ts', oldPath: 'src/main.ts' }),
    ];
    const { findings } = review(files, inventoryOf([work({ workflow: 'buy' }), work()]));
    expect(findings.map(({ workflow }) => workflow.name)).toEqual(['buy']);
  });

  test('a function of the same name as a workflow is not that workflow', () => {
    const own = { workflows: [before] };
    const files = [
      changedFile(own, own, { path: 'a.ts', oldPath: 'a.ts' }),
      changedFile(functions(OLD), functions(NEW)),
    ];
    expect(review(files, inventoryOf([work()]))).toMatchObject({ findings: [], changedWorkflows: [] });
  });

  test('a registration that is gone is a workflow that is gone', () => {
    const files = [changedFile(main, {}, { path: 'src/main.ts', oldPath: 'src/main.ts' })];
    expect(review(files, inventoryOf([work({ workflow: 'buy' })])).findings).toMatchObject([
      { kind: 'workflow-deleted', line: 3 },
    ]);
  });

  test('a registration that moves to another file is not gone', () => {
    const files = [changedFile(main, {}), changedFile({}, main, { path: 'src/main.ts', oldPath: 'src/main.ts' })];
    expect(review(files, inventoryOf([work({ workflow: 'buy' })]))).toMatchObject({ findings: [], limits: [] });
  });

  test('a text that only one side has is a limit', () => {
    const own = { workflows: [sourceWorkflow('checkOut', OLD, { workflow: { name: 'buy', className: null } })] };
    const files = [changedFile(own, {}), changedFile({}, main, { path: 'src/main.ts', oldPath: 'src/main.ts' })];
    const { findings, limits } = review(files, inventoryOf([work({ workflow: 'buy' })]));
    expect(findings).toEqual([]);
    expect(limits.join()).toContain(
      'Not compared, since only one of two texts is in the change, or too many have the name: "buy".',
    );
  });

  test('Python finds the file by its module', () => {
    const python = { language: 'python', registrations: [{ ...registration, from: 'shop.orders' }] } as const;
    const files = [
      changedFile(functions(OLD), functions(NEW), { path: 'app/shop/orders.py', oldPath: 'app/shop/orders.py' }),
      changedFile(python, python, { path: 'app/main.py', oldPath: 'app/main.py' }),
    ];
    expect(review(files, inventoryOf([work({ workflow: 'buy' })])).findings).toHaveLength(1);
  });
});

describe('applications', () => {
  const shop = inventoryOf([work()], { application: 'shop' });
  const desk = inventoryOf([work({ count: 1 })], { application: 'desk' });
  const both = { ...shop, applications: [...shop.applications, ...desk.applications] };
  const file = (application: string | undefined) =>
    changedFile({ workflows: [before] }, { workflows: [after] }, { application });

  test('several that have the name are one finding, which says so', () => {
    const { findings, texts } = review([file(undefined)], both);
    expect(findings).toMatchObject([{ application: 'shop' }]);
    expect(texts[0]).toContain(
      'The application "desk" has one in flight, too. `paths` says which application a file belongs to.',
    );
  });

  test('a file of an application is compared with that one only', () => {
    const { findings, texts } = review([file('desk')], both);
    expect(findings).toMatchObject([{ application: 'desk' }]);
    expect(texts[0]).not.toContain('shop');
    expect(review([file('other')], both).findings).toEqual([]);
  });

  test('rows without an owner can be of any application', () => {
    expect(review([file('shop')], inventoryOf([work()], { application: null })).findings).toMatchObject([
      { application: null },
    ]);
  });

  test('two applications with one name are two workflows', () => {
    const second = changedFile(
      { workflows: [before] },
      {},
      { application: 'desk', path: 'desk.ts', oldPath: 'desk.ts' },
    );
    expect(review([file('shop'), second], both).findings.map(({ kind }) => kind)).toEqual([
      'step-removed',
      'workflow-deleted',
    ]);
  });
});

test.each<
  [title: string, old: readonly string[], now: readonly string[], recorded: readonly string[], isSaid: boolean]
>([
  ['a condition that recorded work took', ['a', 'if b'], ['a', 'if b', 'n'], ['a', 'b'], true],
  ['a condition before recorded work', ['if a', 'b'], ['if a', 'b', 'n'], ['b'], true],
  ['a loop before recorded work', ['for a', 'b'], ['for a', 'b', 'n'], ['b'], true],
  ['a condition behind all recorded work', ['a', 'if b', 'c'], ['a', 'if b', 'c', 'n'], ['a'], false],
  ['a condition that is beside a finding', ['if a', 'b', 'c'], ['if a', 'c'], ['a', 'b'], false],
])('says that conditions were not followed only where it matters: %s', (_title, old, now, recorded, isSaid) => {
  const file = changedFile(
    { workflows: [sourceWorkflow('checkOut', old)] },
    { workflows: [sourceWorkflow('checkOut', now)] },
  );
  const { limits } = review([file], inventoryOf([work({ recorded })]));
  expect(limits.join().includes('Whether conditions and loops decide as before')).toBe(isSaid);
});

test('steps that were not read can stand behind a condition', () => {
  const file = changedFile(
    { workflows: [sourceWorkflow('checkOut', ['a', 'if b', 'c'])] },
    { workflows: [sourceWorkflow('checkOut', ['a', 'if b', 'c', 'n'])] },
  );
  const inventory = inventoryOf([work({ recorded: ['a'] })]);
  const partly = inventory.applications.map((application) => ({
    ...application,
    versions: application.versions.map((version) => ({
      ...version,
      workflows: version.workflows.map((workflow) => ({ ...workflow, stepsReadOf: 1 })),
    })),
  }));
  expect(review([file], { ...inventory, applications: partly }).limits.join()).toContain('decide as before');
});

describe('accepted', () => {
  const files = (accepted: string | undefined) => [
    changedFile({ workflows: [before] }, { workflows: [{ ...after, accepted }] }),
  ];

  test('a reason turns the finding off, and is counted', () => {
    const { findings, accepted } = review(files('they end tonight'), inventoryOf([work()]));
    expect(findings).toEqual([]);
    expect(accepted).toMatchObject([{ kind: 'step-removed', reason: 'they end tonight' }]);
  });

  test('a comment without a reason accepts nothing', () => {
    const { findings, texts } = review(files(' '), inventoryOf([work()]));
    expect(findings).toHaveLength(1);
    expect(texts[0]).toContain('Its comment `drain-gate: accept` has no reason: write one.');
  });

  // What is deleted has no body, and its file can be gone, too.
  test.each([
    ['checkOut nothing of it is left', 'nothing of it is left', undefined],
    ['checkOut: nothing of it is left', 'nothing of it is left', undefined],
    ['checkOut', undefined, undefined],
    ['checkOutAgain is retired', undefined, undefined],
    ['retired', undefined, undefined],
    ['checkOut of another application', undefined, 'mail'],
  ])('a deleted workflow, by %j in another changed file: %j', (comment, reason, application) => {
    const deleted = changedFile({ workflows: [before] }, undefined);
    const other = changedFile(
      {},
      { accepted: [comment] },
      { path: 'src/main.ts', oldPath: 'src/main.ts', application },
    );
    const { findings, accepted } = review([deleted, other], inventoryOf([work()]));
    expect(accepted.map((each) => each.reason)).toEqual(reason === undefined ? [] : [reason]);
    expect(findings).toHaveLength(reason === undefined ? 1 : 0);
    if (comment === 'checkOut') expect(JSON.stringify(findings)).toContain('has no reason: write one');
  });
});

describe('suggestions', () => {
  const text = (lines: readonly string[], first = 'await DBOS.launch();') =>
    [first, ...Array.from({ length: 8 }, () => ''), ...lines].join('\n');
  const suggested = (
    old: readonly string[],
    now: readonly string[],
    language: 'javascript' | 'python' = 'javascript',
    version = SHARED,
  ) => {
    const names = (lines: readonly string[]) => lines.map((line) => /(\w+)\(/.exec(line)?.[1] ?? 'x');
    const file = changedFile(
      { language, workflows: [sourceWorkflow('checkOut', names(old))] },
      { language, workflows: [sourceWorkflow('checkOut', names(now))] },
      { oldText: text(old), text: text(now) },
    );
    const recorded = names(old);
    return judge([file], inventoryOf([work({ recorded, version })]), { sameVersion: false }).findings[0]?.suggestion;
  };

  test('put an added call behind a patch', () => {
    expect(
      suggested(['  await a();', '  await b();'], ['  await a();', "  await n(order, 'x)');", '  await b();']),
    ).toBe(["  if (await DBOS.patch('add-n')) {", "    await n(order, 'x)');", '  }'].join('\n'));
  });

  test('bring a removed call back for those before the patch', () => {
    expect(suggested(['  await a();', '  await b(1);', '  await c();'], ['  await a();', '  await c();'])).toBe(
      ["  if (!(await DBOS.patch('remove-b'))) {", '    await b(1);', '  }'].join('\n'),
    );
  });

  test("are in the file's own language", () => {
    expect(suggested(['    a()', '    b()'], ['    a()', '    n()', '    b()'], 'python')).toBe(
      ['    if DBOS.patch("add-n"):', '        n()'].join('\n'),
    );
  });

  test.each([
    ['a call whose result is used', '  const stock = await n();'],
    ['part of a longer statement', '  await n().then(send);'],
    ['a call over several lines', '  await n('],
    ['two calls on one line', '  await n(); await m();'],
  ])('are not made of %s', (_, line) => {
    expect(suggested(['  await a();', '  await b();'], ['  await a();', line, '  await b();'])).toBeUndefined();
  });

  test('are not made where DBOS has another name', () => {
    const lines = ['  await n();', '  await a();'];
    const file = changedFile(
      { workflows: [sourceWorkflow('checkOut', ['a'])] },
      { workflows: [sourceWorkflow('checkOut', ['n', 'a'])] },
      { text: text(lines, 'await Durable.launch();') },
    );
    const inventory = inventoryOf([work({ recorded: ['a'], version: SHARED })]);
    expect(review([file], inventory).findings).toMatchObject([{ kind: 'step-before', suggestion: undefined }]);
  });

  test('are not made where a call of another file comes with the change', () => {
    const lines = ['  await b();', '  await a();'];
    const file = changedFile(
      { workflows: [sourceWorkflow('checkOut', ['b', 'a'], { line: 9 })] },
      { workflows: [sourceWorkflow('checkOut', ['other hold', 'a'])] },
      { oldText: text(lines) },
    );
    const inventory = inventoryOf([work({ recorded: ['b', 'a'], version: SHARED })]);
    const { findings, limits } = review([file], inventory);
    expect(findings).toMatchObject([{ kind: 'step-removed', suggestion: undefined }]);
    expect(limits).toContainEqual(expect.stringContaining('Added or removed calls of other files: "hold"'));
  });

  test('are not made in front of a wait: a patch breaks who is in it', () => {
    const file = changedFile(
      { workflows: [sourceWorkflow('checkOut', ['a', 'DBOS.recv'])] },
      { workflows: [sourceWorkflow('checkOut', ['a', 'n', 'DBOS.recv'])] },
      { text: text(['  await a();', '  await n();', "  await DBOS.recv('x');"]) },
    );
    const inventory = inventoryOf([work({ recorded: ['a', 'DBOS.recv', 'DBOS.sleep'], version: SHARED })]);
    expect(review([file], inventory).findings).toMatchObject([{ kind: 'step-before', suggestion: undefined }]);
  });

  test('are not made of two changes, and not of a call in a loop', () => {
    const lines = (...names: readonly string[]) => names.map((name) => `  await ${name}();`);
    expect(suggested(lines('a', 'b'), lines('n', 'a', 'm', 'b'))).toBeUndefined();
    const file = changedFile(
      { workflows: [sourceWorkflow('checkOut', ['a'])] },
      { workflows: [sourceWorkflow('checkOut', ['for n', 'a'])] },
      { text: text(lines('n', 'a')) },
    );
    const [finding] = review([file], inventoryOf([work({ recorded: ['a'], version: SHARED })])).findings;
    expect(finding).toMatchObject({ kind: 'step-before', suggestion: undefined });
  });

  test('are not made where patches are off: each deploy has its version, in TypeScript', () => {
    const lines = [['  await a();'], ['  await n();', '  await a();']] as const;
    expect(suggested(...lines, 'javascript', '1.0.0')).toBeUndefined();
    expect(suggested(...lines, 'python', '1.0.0')).toBeDefined();
  });
});

test('is annotated on what is added, and for what is removed on the workflow', () => {
  const of = (names: readonly string[]) => {
    const file = changedFile({ workflows: [before] }, { workflows: [sourceWorkflow('checkOut', names)] });
    return review([file], inventoryOf([work({ recorded: OLD })])).findings;
  };
  expect(of(['a', 'n', 'b', 'c'])).toMatchObject([{ kind: 'step-before', line: 11 }]);
  expect(of(['a', 'c'])).toMatchObject([{ kind: 'step-removed', line: 9 }]);
});

test('errors come first, then what breaks the most', () => {
  const names = ['one', 'two', 'three'];
  const of = (calls: readonly string[]) => ({ workflows: names.map((name) => sourceWorkflow(name, calls)) });
  const inFlight = [
    work({ workflow: 'one', count: 9 }),
    work({ workflow: 'two', count: 10 }),
    work({ workflow: 'three', version: SHARED, count: 1 }),
  ];
  const { findings } = review([changedFile(of(OLD), of(NEW))], inventoryOf(inFlight));
  expect(findings.map(({ workflow }) => workflow.name)).toEqual(['three', 'two', 'one']);
});

test('counts that are lower bounds, and what the inventory omits, are limits', () => {
  const inventory = inventoryOf([work()]);
  const partly = inventory.applications.map((each) => ({
    ...each,
    versions: each.versions.map((version) => ({
      ...version,
      workflows: version.workflows.map((workflow) => ({ ...workflow, pending: 5 })),
    })),
  }));
  const { texts, limits } = review([changedFile({ workflows: [before] }, { workflows: [after] })], {
    ...inventory,
    applications: partly,
    omitted: { workflows: 3, steps: 0, schedules: 1, applications: 0 },
  });
  expect(texts[0]).toContain('at least 2 have run "b"');
  expect(limits).toEqual([
    'The inventory has the steps of some executions only, so counts are lower bounds, for "checkOut".',
    'The inventory omits 3 executions, 1 schedule. Nothing here is about these.',
  ]);
});

test('one of several workflows of a name that is gone is a limit: which of them is in flight is not known', () => {
  const [shop, crm] = ['shop.ts', 'crm.ts'].map((path) => ({ path, oldPath: path }));
  const files = [
    changedFile({ workflows: [before] }, { workflows: [before] }, shop),
    changedFile({ workflows: [before] }, undefined, crm),
  ];
  expect(review(files, inventoryOf([work()])).limits.join()).toContain('too many have the name: "checkOut"');
  expect(review(files, inventoryOf([])).limits).toEqual([]);
});

test('what the inventory omits is a limit where a function can be one of the omitted workflows', () => {
  const inventory = { ...inventoryOf([]), omitted: { workflows: 3, steps: 0, schedules: 0, applications: 2 } };
  const limitsOf = (functions: readonly (typeof before)[]) =>
    review([changedFile({ functions }, { functions })], inventory).limits;
  expect(limitsOf([before])).toEqual([
    'The inventory omits 3 executions, 2 applications. Nothing here is about these.',
  ]);
  expect(limitsOf([])).toEqual([]);
});

test('what could not be followed is said once, and of work in flight only', () => {
  const notFollowed = [{ line: 12, why: 'dispatch', name: 'handlers' } as const];
  const of = (name: string, calls: readonly string[]) => sourceWorkflow(name, calls, { notFollowed });
  const files = [
    changedFile(
      { workflows: [of('checkOut', OLD), of('idle', OLD)] },
      { workflows: [of('checkOut', NEW), of('idle', NEW)] },
    ),
  ];
  expect(review(files, inventoryOf([work()])).limits).toEqual([
    'Calls by a computed name were not followed ("handlers"), in "checkOut".',
  ]);
});

test('texts in which everything is uncertain take no time', () => {
  const calls = (count: number) =>
    Array.from({ length: 3000 }, (_, index) => [`if s${index % count}`, 'patch x', '+y for z']).flat();
  const of = (names: readonly string[]) => ({ workflows: [sourceWorkflow('checkOut', names)] });
  const files = [changedFile(of(calls(1)), of(calls(3)))];
  const recorded = ['s0', 's1', 's2', 'z', 'DBOS.patch-x'];
  const { findings, limits } = review(files, inventoryOf([work({ recorded }), work({ recorded, version: SHARED })]));
  expect(findings.length + limits.length).toBeGreaterThan(0);
});

test('names that many files define take no time', () => {
  const many = Array.from({ length: 3000 }, () => before);
  const other = Array.from({ length: 3000 }, () => sourceWorkflow('checkOut', NEW));
  const registration = {
    importedName: 'checkOut',
    from: './orders',
    line: 3,
    workflow: { name: 'buy', className: null },
  };
  const registrations = Array.from({ length: 3000 }, () => registration);
  const files = [
    changedFile({ workflows: many }, {}),
    changedFile({ registrations }, { workflows: other, registrations }, { path: 'b.ts', oldPath: 'b.ts' }),
  ];
  const { findings, limits } = review(files, inventoryOf([work(), work({ workflow: 'buy' })]));
  expect(findings.map(({ workflow }) => workflow.name)).toEqual(['checkOut']);
  expect(limits.join()).toContain('too many have the name');
});

test('texts without end are a limit, and take no time', () => {
  const calls = Array.from({ length: 20_000 }, (_, index) => `s${index % 7}`);
  const files = [
    changedFile(
      { workflows: [sourceWorkflow('checkOut', calls)] },
      { workflows: [sourceWorkflow('checkOut', calls.toReversed())] },
    ),
  ];
  expect(review(files, inventoryOf([work()])).limits).toContain('Too long to compare: "checkOut".');
});
