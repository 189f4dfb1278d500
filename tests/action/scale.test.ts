// @module-tag exhaustive
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readReport } from '../support/report-file.ts';
import { runAction } from '../support/runner.ts';
import { systemDatabases } from '../support/system-databases.ts';

const databases = systemDatabases();

const WORKFLOWS = 200_000;
const NAMES = 5000;
const VERSIONS = 300;
/** GitHub's limits: bytes of a step's summary and of a job's outputs, annotations per level, characters of one. */
const LIMITS = { summary: 1024 * 1024, outputs: 1_000_000, annotations: 10, annotation: 4096 };

test('counts 200,000 workflows with 5,000 names on 300 versions exactly, in bounded memory and below every limit', async () => {
  const database = await databases.create();
  await database.query(`
    INSERT INTO dbos.workflow_status (workflow_uuid, status, name, class_name, queue_name, executor_id,
                                      application_version, application_name, created_at, updated_at)
    SELECT 'workflow-' || n, (ARRAY['PENDING', 'ENQUEUED', 'DELAYED'])[1 + n % 3],
           'a workflow with a name of some length ' || n % ${NAMES}, 'Class', 'queue-' || n % 7, 'executor-' || n % 11,
           'version-' || n % ${VERSIONS}, 'shop', 1700000000000 + n, 1700000000000 + n
      FROM generate_series(0, ${WORKFLOWS - 1}) n`);
  await database.register(
    ...Array.from({ length: VERSIONS }, (_, index) => ({ version: `version-${index}`, owner: 'shop' })),
    { version: 'the-latest', owner: 'shop' },
  );
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-scale-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { outputs, summary, annotations, report, stderr, exitCode } = await runAction({
    inputs: {
      'database-url': database.url,
      'keep-version': 'latest',
      mode: 'check',
      'ignore-workflows': 'a workflow with a name of some length 42',
    },
    // A poll returns only what is shown, so a heap of 48 MiB is enough.
    env: { NODE_OPTIONS: '--max-old-space-size=48' },
    folder,
  }).finished;
  expect([exitCode, stderr, outputs['verdict']]).toEqual([1, '', 'in-flight']);

  const { versions, inFlight, groups, workflows } = readReport(report);
  const ignored = WORKFLOWS / NAMES;
  expect([inFlight, outputs['in-flight']]).toEqual([WORKFLOWS - ignored, String(WORKFLOWS - ignored)]);
  expect(versions).toHaveLength(VERSIONS);
  const [exact] = await database.query(`
    SELECT json_object_agg(version, json_build_array(pending, enqueued, delayed, ignored)) AS counts FROM (
      SELECT application_version AS version,
             count(*) FILTER (WHERE status = 'PENDING' AND name NOT LIKE '% 42') AS pending,
             count(*) FILTER (WHERE status = 'ENQUEUED' AND name NOT LIKE '% 42') AS enqueued,
             count(*) FILTER (WHERE status = 'DELAYED' AND name NOT LIKE '% 42') AS delayed,
             count(*) FILTER (WHERE name LIKE '% 42') AS ignored
        FROM dbos.workflow_status GROUP BY application_version) v`);
  expect(Object.fromEntries(versions.map((v) => [v.version, [v.pending, v.enqueued, v.delayed, v.ignored]]))).toEqual(
    exact?.['counts'],
  );
  expect(groups.items.length + groups.omitted).toBeGreaterThan(NAMES);
  expect(workflows.items.length + workflows.omitted).toBe(WORKFLOWS - ignored);

  expect(Buffer.byteLength(summary)).toBeLessThan(LIMITS.summary);
  expect(summary).toContain(`199,960`);
  expect(statSync(path.join(folder, 'output')).size).toBeLessThan(LIMITS.outputs);
  for (const level of ['error', 'warning', 'notice'] as const) {
    expect(annotations.filter((each) => each.level === level).length).toBeLessThanOrEqual(LIMITS.annotations);
  }
  for (const { message } of annotations) expect(message.length).toBeLessThanOrEqual(LIMITS.annotation);
});
