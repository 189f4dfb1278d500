import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../../src/config.ts';
import { diagnosesOf } from '../../../src/report/diagnosis.ts';
import { outputsOf } from '../../../src/report/outputs.ts';
import type { RunReport } from '../../../src/report/schema.ts';
import { plain } from '../../../src/report/text.ts';
import {
  config,
  DATABASE_EPOCH,
  facts,
  holdAgainst,
  inFlight,
  openWriter,
  registration,
  type Scene,
  type Script,
  started,
  whole,
  workflowDetail,
} from '../../support/builders.ts';
import {
  busy,
  fifteenAndASleeper,
  HOUR,
  hopeless,
  IDLE,
  killed,
  reportAgainst,
  stuck,
  timed,
} from '../../support/report-runs.ts';

const MINUTE = 60_000;

/** Kind, cause and what happens if nobody acts, of the worst version. */
async function diagnosisOf(script: Script, changes: Partial<GateConfig> = {}) {
  const { diagnosis } = await reportAgainst(timed(script), { timeoutMs: 2 * MINUTE, ...changes });
  return diagnosis === null ? [] : [diagnosis.kind, plain(diagnosis.reason), plain(diagnosis.ifNothing)];
}

describe('the diagnosis', () => {
  test('is slow where the drain moves, with the moment when it ends', async () => {
    const halfway: Script = ({ at }) => ({ inFlight: [inFlight('1.0.0', { pending: 30 - Math.floor(at / 10_000) })] });
    expect(await diagnosisOf(halfway)).toEqual([
      'slow',
      expect.stringMatching(/^Slow: about 3m left \(.*\)\.$/),
      'all 18 finish by about 00:05:00 UTC.',
    ]);
  });

  test('is never where one sleeps past the timeout, and says when the others finish', async () => {
    expect(await diagnosisOf(fifteenAndASleeper, { timeoutMs: HOUR, failFast: false, pollIntervalMs: 10_000 })).toEqual(
      [
        'never',
        'Never: 1 workflow sleeps until 02:00 UTC, after the timeout at 01:00:00 UTC.',
        'it sleeps until 02:00 UTC.',
      ],
    );
    const { polls } = await holdAgainst(config({ timeoutMs: HOUR, failFast: false }), timed(fifteenAndASleeper));
    const at = polls.find(({ time }) => time.ended === 150_000);
    const worst = at && diagnosesOf(at, config({ timeoutMs: HOUR })).worst;
    expect(worst && plain(worst.reason)).toBe(
      'Never: 1 of 9 workflows sleeps until 02:00 UTC, after the timeout at 01:00 UTC.',
    );
    expect(worst && plain(worst.ifNothing)).toMatch(
      /^8 of 9 finish by about 00:0\d:\d\d UTC; 1 sleeps until 02:00 UTC\.$/,
    );
  });

  test('is never where no process runs, without an estimate, whatever sleeps', async () => {
    const report = await reportAgainst(() => killed, { timeoutMs: 3 * HOUR, mode: 'check' });
    expect(report.diagnosis?.kind).toBe('never');
    expect(plain(report.headline)).toContain('Never: no process of "1.0.0" seems to be running.');
    expect(report.forecast).toMatchObject({ secondsLeft: null, noProcessSeen: true });
    expect(plain(report.diagnosis?.ifNothing ?? [])).toContain('What sleeps does not wake.');
  });

  test('is never where a delay has passed and nobody acts on it', async () => {
    const overdue = (minutes: number, ...others: readonly ReturnType<typeof workflowDetail>[]): Scene => ({
      inFlight: [inFlight('1.0.0', { pending: others.length, delayed: 1 })],
      workflows: {
        items: [
          workflowDetail({ ...IDLE, id: 'due', status: 'DELAYED', delayUntil: DATABASE_EPOCH - minutes * MINUTE }),
          ...others,
        ],
        ...whole,
      },
    });
    const check = { mode: 'check' } as const;
    expect(await diagnosisOf(() => overdue(5), check)).toEqual([
      'never',
      expect.stringContaining('no process'),
      expect.any(String),
    ]);
    // A process of the version has just finished a step.
    const atWork = workflowDetail({ id: 'at work', updatedAt: DATABASE_EPOCH - 5000 });
    expect((await diagnosisOf(() => overdue(5, atWork), check))[0]).toBe('stuck');
    expect((await diagnosisOf(() => overdue(0.5), check))[0]).toBe('slow');
  });

  test('is stuck where all that is left is stuck, and nothing is estimated for what sleeps beside it', async () => {
    const scene = {
      ...killed,
      inFlight: [inFlight('1.0.0', { pending: 2 })],
      workflows: { items: killed.workflows?.items.slice(0, 2) ?? [], ...whole },
    };
    const report = await reportAgainst(() => scene, { mode: 'check' });
    expect(report.diagnosis?.kind).toBe('stuck');
    expect(plain(report.diagnosis?.reason ?? [])).toBe(
      'Stuck: 1 of 2 workflows made no progress for over 15m. "silent" ("checkout"): no step finished for 2h: either a long step, or its process is gone.',
    );
    expect(report.forecast?.secondsLeft).toBeNull();
    expect(plain(report.diagnosis?.ifNothing ?? [])).toBe(
      'the stuck workflow stays in flight until somebody acts. Nothing else has finished recently.',
    );
  });

  test.each<[string, Script, Partial<GateConfig>, string, string]>([
    [
      'the target is the latest version',
      () => ({ ...busy, registrations: [registration('1.0.0', 1)] }),
      { mode: 'check' },
      'stuck',
      'Stuck: this is still the latest version, so new work goes to it.',
    ],
    [
      'work starts in its settle window',
      ({ number }) => ({ started: number > 1 ? [started('1.0.0', 0, 1)] : [] }),
      { timeoutMs: 7000 },
      'stuck',
      'Stuck: traffic has not moved, and new work is still being started.',
    ],
    [
      'a transaction that writes is open',
      () => ({ writers: [openWriter()] }),
      {},
      'slow',
      'Slow: nothing is in flight, but 1 transaction that could write workflows is still open.',
    ],
    [
      'that transaction is prepared',
      () => ({ writers: [openWriter('3/7', { pid: null, prepared: 'x' })] }),
      {},
      'stuck',
      'Stuck: nothing is in flight, but 1 transaction that could write workflows is still open.',
    ],
    [
      'unversioned work is in flight',
      () => ({ inFlight: [inFlight(null, { enqueued: 2 })] }),
      { mode: 'check', onUnversioned: 'block' },
      'slow',
      'Slow: 2 workflows without a version wait to be picked up, and "1.0.0" could take them.',
    ],
    [
      'as much arrives as finishes',
      ({ number }) => ({
        inFlight: [inFlight('1.0.0', { pending: 50 })],
        started: number > 1 ? [started('1.0.0', 0, 9)] : [],
      }),
      {},
      'stuck',
      'Stuck: traffic has not moved, and new work arrives as fast as work finishes.',
    ],
  ])('says what it is where %s', async (_what, script, changes, kind, reason) => {
    expect((await diagnosisOf(script, changes)).slice(0, 2)).toEqual([kind, reason]);
  });

  test.each<[string, Script, Partial<GateConfig>, RunReport['verdict']]>([
    ['it has drained', () => ({}), {}, 'drained'],
    ['the name is a typo', () => busy, { targets: { kind: 'named', versions: ['1.0.1'] } }, 'unknown-version'],
    ['the database cannot be trusted', () => ({ ...busy, database: facts({ standby: true }) }), {}, 'error'],
    [
      'there is nothing to retire',
      () => ({ registrations: [registration('2.0.0', 2)] }),
      { targets: { kind: 'all-but', keep: ['2.0.0'] }, mode: 'check' },
      'no-target',
    ],
  ])('is none where %s', async (_what, script, changes, verdict) => {
    const report = await reportAgainst(script, changes);
    expect(report).toMatchObject({ verdict, diagnosis: null });
    expect(outputsOf(report, '').values).toMatchObject({ diagnosis: '', 'not-before': '' });
  });

  test('is that of the version which is worst off, and each has its own', async () => {
    const both = {
      ...stuck,
      registrations: [registration('1.0.0', 1), registration('1.1.0', 1), registration('2.0.0', 2)],
      inFlight: [...(stuck.inFlight ?? []), inFlight('1.1.0', { pending: 9 })],
      workflows: {
        ...whole,
        items: [...(stuck.workflows?.items ?? []), workflowDetail({ id: 'moves', version: '1.1.0' })],
      },
    };
    const targets = { kind: 'named', versions: ['1.0.0', '1.1.0'] } as const;
    const report = await reportAgainst(() => both, { mode: 'check', targets });
    expect(report.diagnosis?.brief).toBe('never ("1.0.0"): no process of this version seems to be running');
    expect(plain(report.headline)).toContain('Never ("1.0.0"): no process of "1.0.0" seems to be running.');
    expect(report.versions.map(({ version, diagnosis }) => [version, diagnosis?.kind])).toEqual([
      ['1.0.0', 'never'],
      ['1.1.0', 'slow'],
    ]);
  });

  test('is in the outputs, with the reason and the earliest end', async () => {
    const { values } = outputsOf(await reportAgainst(timed(() => hopeless)), '');
    expect(values).toMatchObject({
      verdict: 'cannot-drain',
      diagnosis: 'never',
      reason:
        '"1.0.0" cannot drain before the timeout: 3 workflows in flight. Never: 2 of 3 workflows are delayed until 05:00 UTC, after the timeout at 00:30 UTC.',
      'not-before': '2026-01-01T05:00:00.000Z',
    });
  });

  test('decides no verdict: what no process seems to run is held until the timeout', async () => {
    const { verdict, last } = await holdAgainst(config({ timeoutMs: MINUTE, failFast: false }), () => killed);
    expect(last && diagnosesOf(last, config()).worst?.kind).toBe('never');
    expect(verdict).toBe('timed-out');
  });
});
