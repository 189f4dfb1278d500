import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../../src/config.ts';
import { ReportableError } from '../../../src/errors.ts';
import { msg } from '../../../src/message.ts';
import { annotationsOf } from '../../../src/report/annotations.ts';
import { runReportOf } from '../../../src/report/model.ts';
import { outputsOf } from '../../../src/report/outputs.ts';
import { summaryOf } from '../../../src/report/summary.ts';
import { DATABASE_EPOCH, inFlight, registration, type Script } from '../../support/builders.ts';
import { busy, fileOf, HOUR, holdAndLog, hopeless, kitOf, stuck } from '../../support/report-runs.ts';

/*
 * What seven typical runs publish, in the files beside this test: a reviewer sees a change of the product in the diff.
 * `npx vitest run --update` writes them.
 */

interface TypicalRun {
  readonly script: Script;
  readonly changes?: Partial<GateConfig>;
}

const RUNS: Readonly<Record<string, TypicalRun>> = {
  drained: {
    script: ({ at }) => (at < 60_000 ? busy : at < 90_000 ? { inFlight: [inFlight('1.0.0', { pending: 1 })] } : {}),
  },
  'in-flight': { script: () => busy, changes: { mode: 'check' } },
  'timed-out': { script: () => stuck, changes: { timeoutMs: 120_000 } },
  'cannot-drain': { script: () => hopeless },
  error: {
    script: ({ number }) => {
      if (number < 3) return busy;
      throw new ReportableError(msg`There is no database ${'shop'} on this server.`);
    },
  },
  'unknown-version': {
    script: () => ({}),
    changes: { mode: 'check', targets: { kind: 'named', versions: ['1.0.1'] } },
  },
  'no-target': {
    script: () => ({ registrations: [registration('2.0.0', DATABASE_EPOCH - 2 * HOUR)] }),
    changes: { targets: { kind: 'all-but-latest' } },
  },
};

describe.each(Object.entries(RUNS))('a run that ends as %s', async (name, { script, changes = {} }) => {
  const timed: Script = (poll) => ({ observedAt: DATABASE_EPOCH + poll.at, ...script(poll) });
  const { run, lines } = await holdAndLog(timed, changes);
  const report = runReportOf(run);

  test('publishes what it is known to', async () => {
    expect(report.verdict).toBe(name);
    const file = (what: string) => `./typical-runs/${name}/${what}`;
    const folder = '/tmp/dbos-drain-gate';
    const annotations = annotationsOf(report).map(({ level, title, message }) => `${level}: ${title}\n${message}\n`);
    const { values } = outputsOf(report, `${folder}/report.json`);
    await expect(summaryOf(report, kitOf(run, folder))).toMatchFileSnapshot(file('summary.md'));
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(file('log.txt'));
    await expect(annotations.join('\n')).toMatchFileSnapshot(file('annotations.txt'));
    await expect(json(values)).toMatchFileSnapshot(file('outputs.json'));
    await expect(json(fileOf(report))).toMatchFileSnapshot(file('report.json'));
  });
});

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
