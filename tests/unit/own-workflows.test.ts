import { describe, expect, test } from 'vitest';
import { ownWorkOf } from '../../src/dbos/own-workflows.ts';
import { describeActivity, workflowNamed } from '../../src/report/activity-text.ts';
import { groupLines } from '../../src/report/log-opening.ts';
import { runReportOf } from '../../src/report/model.ts';
import { summaryOf } from '../../src/report/summary.ts';
import { plain } from '../../src/report/text.ts';
import { config, DATABASE_EPOCH, inFlight, runAgainst, workflowDetail } from '../support/builders.ts';

describe("a workflow of DBOS's own", () => {
  test.each([
    ['temp_workflow-step-charge', 'step'],
    ['temp_workflow-transaction-save', 'step'],
    ['temp_workflow-send', 'message'],
    ['temp_workflow-send-client', 'message'],
    ['<temp>.charge', 'step'],
    ['<temp>.temp_send_workflow', 'message'],
    ['_dbos_debouncer_workflow', 'debouncer'],
    ['debouncerWorkflow', undefined],
    ['sendMail', undefined],
    ['temp_workflow', undefined],
    ['checkout.<temp>', undefined],
    [null, undefined],
  ] as const)('is known by its name: %s', (name, own) => {
    expect(ownWorkOf({ name, className: '' })).toBe(own);
  });

  test('is named for what it is where one workflow is shown', () => {
    const named = (name: string) => plain(workflowNamed(workflowDetail({ id: 'w-1', name })));
    expect(named('<temp>.charge')).toBe(`"w-1" ("<temp>.charge", DBOS's own: a step called outside a workflow)`);
    expect(named('temp_workflow-send')).toContain("DBOS's own: a message sent outside a workflow");
    expect(named('checkout')).toBe('"w-1" ("checkout")');
  });

  test('is named for what it is where workflows are counted', async () => {
    const group = {
      version: '1.0.0',
      name: '_dbos_debouncer_workflow',
      className: '',
      queue: null,
      ...{ pending: 2, enqueued: 0, delayed: 0, ignored: false, oldestCreatedAt: DATABASE_EPOCH },
    };
    const run = await runAgainst(config({ mode: 'check' }), () => ({
      inFlight: [inFlight('1.0.0', { pending: 2 })],
      groups: { items: [group], omitted: 0, omittedUnversioned: 0 },
    }));
    const report = runReportOf(run);
    expect(groupLines(report.groups, 1)).toEqual([`- "_dbos_debouncer_workflow" (DBOS's own: a debouncer): 2 pending`]);
    expect(summaryOf(report)).toContain("DBOS's own: a debouncer");
  });
});

test("DBOS's own queue is named for what it is, and no other one", () => {
  const text = (queue: string) =>
    plain(
      describeActivity(
        {
          state: 'stuck',
          activity: {
            kind: 'queued',
            queue,
            moves: false,
            movedAt: DATABASE_EPOCH,
            running: 0,
            limit: null,
            inPartition: false,
            rateLimited: false,
          },
          progressAt: DATABASE_EPOCH,
          deadline: null,
          sdk: undefined,
        },
        DATABASE_EPOCH + 60_000,
      ),
    );
  expect(text('_dbos_internal_queue')).toContain(`(DBOS's own: for schedules, forks and resumed workflows)`);
  expect(text('mail')).not.toContain("DBOS's own");
});
