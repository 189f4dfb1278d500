import { expect, test } from 'vitest';
import { namesOnly } from '../../src/dbos/names-only.ts';
import { ReportableError, TransientError } from '../../src/errors.ts';
import { msg } from '../../src/message.ts';
import { explainFailure } from '../../src/postgres/errors.ts';
import { annotationsOf } from '../../src/report/annotations.ts';
import { runReportOf } from '../../src/report/model.ts';
import { outputsOf } from '../../src/report/outputs.ts';
import { summaryOf } from '../../src/report/summary.ts';
import { plain } from '../../src/report/text.ts';
import { DATABASE_EPOCH, openWriter, type Scene, type Script } from '../support/builders.ts';
import { databaseConfig } from '../support/databases.ts';
import { plainRequest, withoutLimit } from '../support/holding.ts';
import { fileOf, holdAndLog, hopeless, kitOf, rendered, stuck } from '../support/report-runs.ts';

/** What every id, executor, instance, connection and key holds in these tests, and no name does. */
const MARK = 'zqx';

const mark = (id: string) => `${MARK}-${id}`;

/** The scene with a mark in every id of it. */
function marked({ workflows, lastDelayed = [], writers = [], ...scene }: Scene): Scene {
  return {
    ...scene,
    ...(workflows && {
      workflows: {
        ...workflows,
        items: workflows.items.map(({ id, parent, ...workflow }) => {
          return {
            ...workflow,
            id: mark(id),
            parent: parent && mark(parent),
            executor: mark('vm'),
            instance: mark('blue'),
          };
        }),
      },
    }),
    lastDelayed: lastDelayed.map((workflow) => ({ ...workflow, id: mark(workflow.id), instance: mark('blue') })),
    writers,
  };
}

const writing = [
  openWriter('3/7', { pid: 424_242, connection: mark('transact') }),
  openWriter('3/8', { pid: 424_242, connection: mark('transact'), waits: true }),
  openWriter('-1/9', { pid: null, connection: null, prepared: mark('gid') }),
];

/** The ways for a run to show ids: each script, and its verdict. */
const runs: readonly [string, Script, object][] = [
  ['cannot-drain', ({ at }) => ({ ...marked(hopeless), observedAt: DATABASE_EPOCH + at }), {}],
  ['timed-out', () => marked(stuck), { timeoutMs: 60_000 }],
  ['in-flight', () => marked(stuck), { mode: 'check' }],
  ['in-flight', () => marked({ writers: writing }), { mode: 'check' }],
];

test.each(runs)(
  'shows no id in a run that ends %s, and without `details: names` does',
  async (verdict, script, changes) => {
    const shown = async (details: 'full' | 'names') => {
      const { run, lines } = await holdAndLog(script, { ...changes, details });
      const report = runReportOf(run);
      expect(report.verdict).toBe(verdict);
      const { values } = outputsOf(report, '/tmp/report.json');
      const kit = kitOf(run, '/tmp/gate');
      return JSON.stringify([
        lines,
        annotationsOf(report),
        fileOf(report),
        values,
        rendered(summaryOf(report, kit)),
        kit,
      ]);
    };
    expect(await shown('full')).toMatch(/zqx|424.?242/);
    expect(await shown('names')).not.toMatch(/zqx|424.?242|\\\\u|\\u0000/);
  },
);

test('names workflows by their names, and shows how to list them', async () => {
  const { run, lines } = await holdAndLog(() => marked(stuck), { timeoutMs: 60_000, details: 'names' });
  const report = runReportOf(run);
  expect(lines.join('\n')).toContain('Stuck: "ship": no step finished for 2h');
  expect(lines).toContain('System database: "shop", schema "dbos" (from the input `database-url`).');
  const text = rendered(summaryOf(report, kitOf(run, '/tmp/gate')));
  expect(text).toContain('With details: names, no ids are shown and there is no script');
  expect(text).toContain('SELECT workflow_uuid');
  expect(text).not.toContain('unblock.sh');
  expect(fileOf(report)).toMatchObject({ details: 'names', firstToUnblock: null, workflows: { items: { length: 3 } } });
});

test('tells a parent from its child by what stands for their ids', async () => {
  const ids = async (details: 'full' | 'names') => {
    const { run } = await holdAndLog(() => marked(stuck), { mode: 'check', details });
    return fileOf(runReportOf(run)).activities.items.map(({ message }) =>
      message.replaceAll(' (zqx-blue)', '').replace(/"zqx-(\w+)" \((.*?)\)/g, '$2'),
    );
  };
  expect(await ids('names')).toEqual(await ids('full'));
});

test('hides what a server says, which can quote a row, and keeps its own sentences', async () => {
  const database = databaseConfig('postgres://gate:secret@db.example.com/shop');
  const read = async (error: Error) =>
    namesOnly({ read: () => Promise.reject(error) }, database).read(plainRequest, withoutLimit);
  const said = Object.assign(new Error(`could not extend the file for "${mark('7')}"`), { code: '53100' });
  const full = explainFailure(said, database, true);
  expect(full).toBeInstanceOf(TransientError);
  expect(full.message).toContain(MARK);
  const hidden = await read(full).catch((error: unknown) => error);
  if (!(hidden instanceof TransientError)) throw new Error('It can be retried no more.');
  expect(hidden.connectedBefore).toBe(true);
  expect(plain(hidden.explanation)).toBe(
    'The server is out of resources (53100). It was "db.example.com", port 5432. It says: (a text that `details: names` hides). It may be out of memory or disk space.',
  );
  const gone = explainFailure(Object.assign(new Error('no'), { code: '42P01' }), database, true);
  await expect(read(gone)).rejects.toMatchObject({ name: 'TransientError', brief: true });
  const own = new ReportableError(msg`The table ${'queues'} is not there.`);
  await expect(read(own)).rejects.toBe(own);
});
