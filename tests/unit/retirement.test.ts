import { describe, expect, test } from 'vitest';
import { type GateConfig, MODES } from '../../src/config.ts';
import { plain } from '../../src/report/text.ts';
import { warningsOf } from '../../src/report/warnings.ts';
import { blockersOf } from '../../src/rules/decide.ts';
import { explainBlocker, verdictOf } from '../../src/rules/index.ts';
import { conclusionOf } from '../../src/rules/verdict.ts';
import {
  config,
  DATABASE_EPOCH,
  facts,
  holdAgainst,
  inFlight,
  openWriter,
  registration,
  type Scene,
  started,
  twoRegistered,
} from '../support/builders.ts';

/* The rule of retirement, point by point: each test fails when its rule is taken out. */

const check = config({ mode: 'check' });

/** The answer of `check`, and the kinds of the blockers that stand in the last poll. */
async function checked(scene: Scene, changes = {}, history: readonly string[] = []) {
  const { verdict, last } = await holdAgainst({ ...check, ...changes }, () => scene, { history });
  const kinds = last === undefined ? [] : blockersOf(last.evaluation).map(({ kind }) => kind);
  return { verdict, kinds: [...new Set(kinds)] };
}

test('a registered version with nothing in flight, which is not the latest, has drained', async () => {
  expect(await checked({})).toEqual({ verdict: 'drained', kinds: [] });
});

describe('rule 1: a target is known', () => {
  const stranger = { targets: { kind: 'named', versions: ['1.0.1'] } } as const;

  test('fails for a version that the database has never seen', async () => {
    expect(await checked({}, stranger)).toEqual({ verdict: 'unknown-version', kinds: ['unknown-version'] });
  });

  test('ends a hold for it at once', async () => {
    const { verdict, waitedMs } = await holdAgainst(config(stranger), () => ({}));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'unknown-version', waitedMs: 0 });
  });

  test('takes a version for known that only the history carries', async () => {
    expect((await checked({}, stranger, ['1.0.1'])).kinds).not.toContain('unknown-version');
  });

  test('searches the history once a version, and not for a registered one', async () => {
    const { requests } = await holdAgainst(
      config({ targets: { kind: 'named', versions: ['1.0.0', '0.9.0'] } }),
      ({ number }) => ({ inFlight: number < 5 ? [inFlight('1.0.0', { pending: 1 })] : [] }),
      { history: ['0.9.0'] },
    );
    expect(requests.flatMap(({ searchHistoryFor }) => searchHistoryFor)).toEqual(['0.9.0']);
  });

  test.each(['fail', 'pass'] as const)(
    'takes a version whose search did not finish for unknown (on-unknown: %s)',
    async (onUnknown) => {
      const history = { searchedFor: ['1.0.1'], found: [], complete: false };
      const { verdict, last } = await holdAgainst({ ...check, ...stranger, onUnknown }, ({ number }) =>
        number === 2 ? { history } : {},
      );
      expect(verdict).toBe('unknown-version');
      expect(last?.evaluation.targets[0]?.blockers[0]).toMatchObject({ searched: 'timed-out' });
    },
  );

  test('still knows a version whose last row was garbage-collected during the hold', async () => {
    const { verdict } = await holdAgainst(config({ onUnversioned: 'ignore' }), ({ number }) => ({
      registrations: [registration('2.0.0', 2)],
      inFlight: number === 1 ? [inFlight('1.0.0', { pending: 1 })] : [],
    }));
    expect(verdict).toBe('drained');
  });

  describe('with on-unknown: pass an unknown version', () => {
    const pass = { targets: { kind: 'named', versions: ['1.0.1'] }, onUnknown: 'pass' } as const;
    const claimable = { inFlight: [inFlight(null, { enqueued: 1 })] };

    test('is a target that passes, after the settle window', async () => {
      const targets = { kind: 'named', versions: ['1.0.0', '1.0.1'] } as const;
      const { verdict, waitedMs, last } = await holdAgainst({ ...check, targets, onUnknown: 'pass' }, () => ({}));
      expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 10_000 });
      expect(last?.evaluation.targets.map(({ version, known, drained }) => [version, known, drained])).toEqual([
        ['1.0.0', true, true],
        ['1.0.1', false, true],
      ]);
    });

    test('waits for transactions that are writing, like any other target', async () => {
      const writers = [{ transaction: '3/7', pid: 42, connection: 'shop', waits: false, prepared: null }];
      expect((await checked({ writers }, pass)).kinds).toEqual(['open-transaction']);
    });

    test('blocks when work shows up on it, though that makes it known', async () => {
      const { verdict } = await holdAgainst({ ...check, ...pass }, ({ number }) => ({
        inFlight: number < 3 ? [] : [inFlight('1.0.1', { pending: 1 })],
      }));
      expect(verdict).toBe('in-flight');
    });

    // It is torn down now, and an SDK that registers no version could run there.
    test('blocks while unversioned work could be claimed by its processes', async () => {
      expect(await checked(claimable, pass)).toEqual({ verdict: 'in-flight', kinds: ['unversioned'] });
      expect((await checked(claimable, { ...pass, onUnversioned: 'ignore' })).verdict).toBe('drained');
    });
  });

  test.each(['1.0.0 ', 'V1', ' v 1'])(
    'fails for %j, all but a known version, with on-unknown: pass as well',
    async (version) => {
      const changes = { targets: { kind: 'named', versions: [version] }, onUnknown: 'pass' } as const;
      const registrations = [...twoRegistered, registration('v1', 0)];
      expect((await checked({ registrations }, changes)).verdict).toBe('unknown-version');
    },
  );

  test.each(['v1.0.0', 'refs/tags/1.0.0', '1.0.0, 0.9.0', 'undefined', '{{ version }}'])(
    'fails for %j with on-unknown: pass, and for that alone where the known version is a target as well',
    async (version) => {
      const changes = { onUnknown: 'pass', targets: { kind: 'named', versions: ['1.0.0', version] } } as const;
      expect(await checked({}, changes)).toEqual({ verdict: 'unknown-version', kinds: ['unknown-version'] });
    },
  );

  test.each(['undefined', 'v1.0.0'])('knows %j where some row carries it', async (version) => {
    const changes = { targets: { kind: 'named', versions: [version] } } as const;
    expect((await checked({}, changes, [version])).kinds).not.toContain('unknown-version');
  });

  test('finds the version that was meant in the history too', async () => {
    const changes = { targets: { kind: 'named', versions: ['RELEASE'] }, onUnknown: 'pass' } as const;
    expect((await checked({}, changes, ['release'])).verdict).toBe('unknown-version');
  });
});

describe('rule 2: nothing is in flight', () => {
  test.each(['pending', 'enqueued', 'delayed'] as const)('one %s workflow blocks', async (status) => {
    const scene = { inFlight: [inFlight('1.0.0', { [status]: 1 })] };
    expect(await checked(scene)).toEqual({ verdict: 'in-flight', kinds: ['in-flight'] });
  });

  test('work on another version does not block', async () => {
    expect((await checked({ inFlight: [inFlight('2.0.0', { pending: 9 })] })).verdict).toBe('drained');
  });

  test('ignored work does not block', async () => {
    expect((await checked({ inFlight: [inFlight('1.0.0', { ignored: 3 })] })).verdict).toBe('drained');
  });

  test('every target counts', async () => {
    const targets = { kind: 'named', versions: ['0.9.0', '1.0.0'] } as const;
    const registrations = [registration('0.9.0', 0), ...twoRegistered];
    const scene = { registrations, inFlight: [inFlight('0.9.0', { pending: 1 })] };
    expect((await checked(scene, { targets })).verdict).toBe('in-flight');
  });
});

describe('rule 3: nothing starts during the settle window', () => {
  test('a workflow that began and ended between two polls blocks', async () => {
    const { verdict, last } = await holdAgainst(check, ({ number }) => ({
      started: number === 2 ? [started('1.0.0', 1, 1)] : [],
    }));
    expect(verdict).toBe('in-flight');
    expect(last?.evaluation.targets[0]?.blockers).toEqual([{ kind: 'still-starting', atLeast: 1, schedules: [] }]);
  });

  test('rows created before the window do not block, however their clocks are off', async () => {
    expect((await checked({ started: [started('1.0.0', 40, 40)] })).verdict).toBe('drained');
  });

  test('another row in the place of one that was deleted blocks', async () => {
    const { verdict } = await holdAgainst(check, ({ number }) => ({
      started: [
        {
          version: '1.0.0',
          application: null,
          ranUnowned: false,
          sincePrevious: { count: 1, fingerprint: `row ${number}` },
          fromHere: { count: 1, fingerprint: `row ${number}` },
          childrenSincePrevious: 0,
          childrenFromHere: 0,
        },
      ],
    }));
    expect(verdict).toBe('in-flight');
  });

  test('starts on another version do not block', async () => {
    const { verdict } = await holdAgainst(check, ({ number }) => ({
      started: [started('2.0.0', number, number * 9)],
    }));
    expect(verdict).toBe('drained');
  });

  test('each poll asks for what was created since the poll before fixed', async () => {
    const { requests } = await holdAgainst(check, () => ({}));
    expect(requests[0]?.startedSince).toBeUndefined();
    expect(requests[1]?.startedSince).toBeDefined();
  });

  test('work that starts again restarts the window of a hold', async () => {
    const { verdict, waitedMs } = await holdAgainst(config(), ({ at }) => ({
      inFlight: at === 5000 ? [inFlight('1.0.0', { pending: 1 })] : [],
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 20_000 });
  });

  test('short work between polls restarts the window of a hold', async () => {
    const { verdict, waitedMs } = await holdAgainst(config(), ({ at }) => ({
      started: at === 5000 ? [started('1.0.0', 1, 1)] : at === 10_000 ? [started('1.0.0', 1, 1)] : [],
    }));
    expect(verdict).toBe('drained');
    expect(waitedMs).toBeGreaterThanOrEqual(20_000);
  });
});

describe('rule 4: nothing is about to appear', () => {
  test('a transaction that was writing at the first idle poll blocks until it has ended', async () => {
    const { verdict, waitedMs } = await holdAgainst(config(), ({ at }) => ({
      writers: at < 60_000 ? [openWriter()] : [],
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 60_000 });
  });

  test.each(['check', 'report'] as const)('%s gives it one settle time more, and no longer', async (mode) => {
    const gate = config({ mode });
    const held = await holdAgainst(gate, () => ({ writers: [openWriter()] }));
    expect(held).toMatchObject({ verdict: 'in-flight', waitedMs: 20_000 });
    expect(held.last?.evaluation.targets[0]?.blockers).toMatchObject([{ kind: 'open-transaction' }]);
    // Seen first five seconds before the end of the window.
    const late = await holdAgainst(gate, ({ at }) => ({ writers: at >= 5000 && at < 15_000 ? [openWriter()] : [] }));
    expect(late).toMatchObject({ verdict: 'drained', waitedMs: 15_000 });
  });

  test('wait gives it no time beyond the timeout', async () => {
    const { verdict, waitedMs } = await holdAgainst(config({ timeoutMs: 12_000 }), () => ({ writers: [openWriter()] }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'timed-out', waitedMs: 12_000 });
  });

  test('check drains beside overlapping transactions of 12 seconds, as wait does', async () => {
    for (const gate of [check, config()]) {
      const { verdict, waitedMs } = await holdAgainst(gate, ({ at }) => ({
        writers: [0, 1, 2].map((lane) => openWriter(`${lane}/${Math.floor((at / 1000 + lane * 4) / 12)}`)),
      }));
      expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 20_000 });
    }
  });

  test('check gives no more time to a writer where something else blocks', async () => {
    const targets = { kind: 'named', versions: ['0.9.0', '1.0.0'] } as const;
    const { verdict, waitedMs } = await holdAgainst({ ...check, targets }, () => ({
      registrations: [registration('0.9.0', 0), ...twoRegistered],
      inFlight: [inFlight('0.9.0', { pending: 1 })],
      writers: [openWriter()],
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'in-flight', waitedMs: 10_000 });
  });

  test('one that first writes two seconds after the first idle poll blocks until it has ended', async () => {
    const { verdict, waitedMs } = await holdAgainst(config(), ({ at }) => ({
      writers: at >= 2000 && at < 60_000 ? [openWriter()] : [],
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 60_000 });
  });

  test('one that first writes when the settle time has passed does not block', async () => {
    const { verdict, waitedMs } = await holdAgainst(config(), ({ at }) => ({
      writers: at >= 10_000 ? [openWriter('3/8')] : [],
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 10_000 });
  });

  test('later ones are not added while the gate waits for one', async () => {
    const { verdict, waitedMs } = await holdAgainst(config(), ({ at, number }) => ({
      writers: [openWriter(`4/${number}`), ...(at < 60_000 ? [openWriter('3/7')] : [])],
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 60_000 });
  });

  test('each poll asks for the writers of the poll before, though a settle window starts over', async () => {
    const { requests } = await holdAgainst(config(), ({ number }) => ({
      writers: number < 3 ? [openWriter(`3/${number}`)] : [],
      inFlight: number === 2 ? [inFlight('1.0.0', { pending: 1 })] : [],
    }));
    expect(requests.map(({ openWriters }) => openWriters).slice(0, 4)).toEqual([[], ['3/1'], ['3/2'], []]);
  });

  test('a thousand short transactions per second do not keep the gate from ending', async () => {
    for (const gate of [config(), check]) {
      const { verdict, waitedMs } = await holdAgainst(gate, ({ number }) => ({
        writers: Array.from({ length: 5 }, (_, index) => openWriter(`${index}/${number}`)),
      }));
      expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 10_000 });
    }
  });

  test('overlapping transactions of half a minute do not keep it from ending', async () => {
    const { verdict, waitedMs } = await holdAgainst(config(), ({ at }) => ({
      writers: Array.from({ length: 60 }, (_, index) => (at / 1000 - index) / 30)
        .map((started) => Math.floor(started))
        .map((generation, index) => openWriter(`${index}/${generation}`)),
    }));
    expect(verdict).toBe('drained');
    expect(waitedMs).toBeLessThanOrEqual(45_000);
  });

  test('a settle window of 0s does not overlook it', async () => {
    const { verdict } = await holdAgainst({ ...check, settleMs: 0 }, () => ({ writers: [openWriter()] }));
    expect(verdict).toBe('in-flight');
  });
});

describe('rule 5: a target is not the latest version', () => {
  const promoted = [registration('1.0.0', 3), registration('2.0.0', 2)];

  test('the latest version blocks, though nothing is in flight', async () => {
    expect(await checked({ registrations: promoted })).toEqual({
      verdict: 'still-live',
      kinds: ['live'],
    });
  });

  test('of versions with the same timestamp each may be the latest', async () => {
    const registrations = [registration('1.0.0', 2), registration('2.0.0', 2)];
    expect((await checked({ registrations })).verdict).toBe('still-live');
  });

  test('on-live: ignore lifts the rule', async () => {
    expect((await checked({ registrations: promoted }, { onLive: 'ignore' })).verdict).toBe('drained');
  });

  test.each(['no-table', []] as const)('is void where nothing is registered (%j)', async (registrations) => {
    expect((await checked({ registrations, owners: [] }, {}, ['1.0.0'])).verdict).toBe('drained');
  });

  test('work in flight is the answer before the latest version is', async () => {
    const scene = { registrations: promoted, inFlight: [inFlight('1.0.0', { pending: 1 })] };
    expect((await checked(scene)).verdict).toBe('in-flight');
  });
});

describe('rule 6: no unversioned work could land on a target', () => {
  const unversioned = [inFlight(null, { enqueued: 2 })];
  const blocked = { verdict: 'in-flight', kinds: ['unversioned'] };
  const claimless = [registration('1.0.0', 1, null), registration('2.0.0', 2)];

  test('it does not block a target of an SDK that leaves it to the latest version', async () => {
    expect((await checked({ inFlight: unversioned })).verdict).toBe('drained');
  });

  test('it blocks a target whose registration carries no application name', async () => {
    expect(await checked({ inFlight: unversioned, registrations: claimless })).toEqual(blocked);
  });

  test('says why a target could claim it', async () => {
    const why = async (scene: Scene) => {
      const { last } = await holdAgainst(
        config({ mode: 'check', onLive: 'ignore' }),
        () => ({ inFlight: unversioned, ...scene }),
        { history: ['1.0.0'] },
      );
      return last?.evaluation.targets[0]?.blockers.map((blocker) => ('because' in blocker ? blocker.because : ''));
    };
    expect(await why({ registrations: [] })).toEqual(['nothing-registered']);
    expect(await why({ registrations: claimless })).toEqual(['sdk-may-claim']);
    expect(await why({ registrations: [registration('1.0.0', 3)] })).toEqual(['latest']);
  });

  test('it blocks a target whose registration was written again: a newer SDK may have written the name', async () => {
    const registrations = [{ ...registration('1.0.0', 1), rewritten: true }, registration('2.0.0', 2)];
    expect(await checked({ inFlight: unversioned, registrations })).toEqual(blocked);
  });

  test('it blocks a target that has run work which nobody owns, and still when that has ended', async () => {
    const unowned = inFlight('1.0.0', { pending: 1, ranUnowned: true });
    const { verdict, last } = await holdAgainst(config({ timeoutMs: 60_000 }), ({ number }) => ({
      inFlight: [...unversioned, ...(number === 1 ? [unowned] : [])],
    }));
    expect(verdict).toBe('timed-out');
    expect(last?.evaluation.targets[0]?.blockers).toMatchObject([{ kind: 'unversioned', because: 'sdk-may-claim' }]);
    const lately = { ...started('1.0.0', 1, 1), ranUnowned: true };
    expect(await checked({ inFlight: unversioned, started: [lately] })).toEqual(blocked);
  });

  test('it blocks where nothing is registered', async () => {
    expect(await checked({ inFlight: unversioned, registrations: [] }, {}, ['1.0.0'])).toEqual(blocked);
  });

  test('it blocks a target that is not registered itself', async () => {
    expect(await checked({ inFlight: unversioned, registrations: [registration('2.0.0', 2)] }, {}, ['1.0.0'])).toEqual(
      blocked,
    );
  });

  test('it blocks the latest version, though on-live is ignore', async () => {
    const registrations = [registration('1.0.0', 3), registration('2.0.0', 2)];
    expect(await checked({ inFlight: unversioned, registrations }, { onLive: 'ignore' })).toEqual(blocked);
  });

  test('on-unversioned: block blocks always, ignore never', async () => {
    expect(await checked({ inFlight: unversioned }, { onUnversioned: 'block' })).toEqual(blocked);
    expect(
      (await checked({ inFlight: unversioned, registrations: claimless }, { onUnversioned: 'ignore' })).verdict,
    ).toBe('drained');
  });

  test('counts it only when a target could claim it', async () => {
    const claimable = await holdAgainst(check, () => ({ inFlight: unversioned, registrations: claimless }));
    const safe = await holdAgainst(check, () => ({ inFlight: unversioned }));
    expect([claimable.last?.evaluation.unversioned, safe.last?.evaluation.unversioned]).toEqual([2, 0]);
  });
});

describe('where there is no target', () => {
  const keep = { targets: { kind: 'all-but', keep: ['2.0.0'] } } as const;
  const live = [registration('2.0.0', 2)];

  test('unversioned work blocks where nothing is registered: an idle version could take it', async () => {
    const scene = {
      registrations: 'no-table',
      owners: [],
      inFlight: [inFlight(null, { enqueued: 1 })],
    } as const;
    expect(await checked(scene, keep, ['2.0.0'])).toEqual({ verdict: 'in-flight', kinds: ['unversioned'] });
    expect((await checked({ ...scene, registrations: live, owners: ['shop'] }, keep)).verdict).toBe('no-target');
  });

  test('a transaction that is still writing blocks', async () => {
    expect(await checked({ registrations: live, writers: [openWriter()] }, keep)).toEqual({
      verdict: 'in-flight',
      kinds: ['open-transaction'],
    });
  });

  test('the settle window begins when nothing blocks the whole gate any more', async () => {
    const changes = { targets: { kind: 'all-but', keep: ['2.0.0', '3.0.0'] } } as const;
    const { verdict, waitedMs } = await holdAgainst(config(changes), ({ at }) => ({
      registrations: at < 50_000 ? live : [...live, registration('3.0.0', 3)],
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'no-target', waitedMs: 60_000 });
  });

  describe('and `latest` is kept', () => {
    const latest = { targets: { kind: 'all-but-latest' } } as const;

    test.each(['check', 'report'] as const)('%s ends after the settle window', async (mode) => {
      const { verdict, waitedMs, last } = await holdAgainst(config({ ...latest, mode }), () => ({
        registrations: live,
      }));
      expect({ verdict, waitedMs }).toEqual({ verdict: 'no-target', waitedMs: 10_000 });
      expect(last?.evaluation).toMatchObject({ drained: false, targets: [] });
    });

    test.each([
      [30 * 60_000, 120_000],
      [60_000, 60_000],
      [12_000, 12_000],
    ])('wait with a timeout of %i ms gives the new version until %i ms', async (timeoutMs, ends) => {
      const { verdict, waitedMs } = await holdAgainst(config({ ...latest, timeoutMs }), () => ({
        registrations: live,
      }));
      expect({ verdict, waitedMs }).toEqual({ verdict: 'no-target', waitedMs: ends });
    });

    test('wait retires the old version when the new one registers just in time', async () => {
      const { verdict, last } = await holdAgainst(config(latest), ({ at }) => ({
        registrations: at < 110_000 ? live : [...live, registration('3.0.0', 3)],
      }));
      expect(verdict).toBe('drained');
      expect(last?.evaluation.targets).toMatchObject([{ version: '2.0.0', drained: true }]);
    });

    test('what could make a target is the answer before', async () => {
      const writers = [{ transaction: '3/7', pid: 42, connection: 'shop', waits: false, prepared: null }];
      const changes = { ...latest, timeoutMs: 60_000 };
      const { verdict } = await holdAgainst(config(changes), () => ({ registrations: live, writers }));
      expect(verdict).toBe('timed-out');
    });
  });

  test('only the mode and `latest` decide whether the step passes', () => {
    const concludes = (mode: GateConfig['mode'], targets: GateConfig['targets']) =>
      conclusionOf('no-target', { mode, targets, onTimeout: 'warn' });
    const named = { kind: 'all-but', keep: ['2.0.0'] } as const;
    for (const mode of MODES) {
      expect(concludes(mode, named)).toBe('pass');
      expect(concludes(mode, { kind: 'all-but-latest' })).toBe(mode === 'wait' || mode === 'check' ? 'fail' : 'pass');
    }
  });

  test('a version that has work in an unknown status alone is a target', async () => {
    const unknownStatuses = [{ version: '0.9.0', status: 'PAUSED', count: 1 }];
    expect(await checked({ registrations: live, unknownStatuses }, keep)).toEqual({
      verdict: 'in-flight',
      kinds: ['unknown-status'],
    });
  });

  test('a schema newer than the gate knows is scanned all the same', async () => {
    const { verdict } = await holdAgainst({ ...check, ...keep }, ({ request }) => ({
      database: facts({ migration: 126 }),
      registrations: live,
      unknownStatuses: request.scanStatuses ? [{ version: '0.9.0', status: 'PAUSED', count: 1 }] : undefined,
    }));
    expect(verdict).toBe('in-flight');
  });
});

describe('rule 7: the application is right', () => {
  test('an application that owns nothing here is an error', async () => {
    const scene = { applicationSeen: false, owners: ['shop'] };
    expect(await checked(scene, { application: 'shpo' })).toEqual({
      verdict: 'error',
      kinds: ['application-not-seen'],
    });
  });

  test('it has to own something at every poll', async () => {
    const { verdict } = await holdAgainst(config({ application: 'shop' }), ({ number }) => ({
      applicationSeen: number < 2,
    }));
    expect(verdict).toBe('error');
  });

  test.each([{}, { application: 'shop' }])(
    'a registration that is gone, or another application’s now, is an error (%j)',
    async (changes) => {
      const { verdict, last } = await holdAgainst(config(changes), ({ number }) => ({
        inFlight: number === 1 ? [inFlight('1.0.0', { pending: 1 })] : [],
        registrations: number === 1 ? twoRegistered : [registration('3.0.0', 3)],
      }));
      expect(verdict).toBe('error');
      expect(last?.evaluation.gate).toEqual([{ kind: 'registration-gone', versions: ['1.0.0'] }]);
    },
  );

  test('several owners without a choice between them are an error', async () => {
    expect(await checked({ owners: ['shop', 'crm'] })).toEqual({
      verdict: 'error',
      kinds: ['several-applications'],
    });
  });

  test('several owners are all right when one is chosen', async () => {
    expect((await checked({ owners: ['shop', 'crm'] }, { application: 'shop' })).verdict).toBe('drained');
  });
});

describe('rule 8: kept versions are registered', () => {
  const keep = (...versions: string[]) => ({ targets: { kind: 'all-but', keep: versions } }) as const;

  test('check fails for a kept version that is not', async () => {
    expect(await checked({}, keep('2.O.0'))).toEqual({
      verdict: 'unknown-version',
      kinds: ['kept-version-unknown', 'live'],
    });
  });

  test('wait gives it two minutes to register', async () => {
    const launching = await holdAgainst(config(keep('2.0.0', '3.0.0')), ({ at }) => ({
      registrations: at < 100_000 ? twoRegistered : [...twoRegistered, registration('3.0.0', 3)],
    }));
    const typo = await holdAgainst(config(keep('3.O.0')), () => ({}));
    // The settle window begins when nothing blocks the whole gate any more.
    expect(launching).toMatchObject({ verdict: 'drained', waitedMs: 110_000 });
    expect(typo).toMatchObject({ verdict: 'unknown-version', waitedMs: 120_000 });
  });

  test('some row is enough where nothing is registered', async () => {
    const scene = { registrations: 'no-table', owners: [] } as const;
    expect((await checked(scene, keep('2.0.0'), ['2.0.0'])).verdict).toBe('no-target');
    expect((await checked(scene, keep('2.0.0'))).verdict).toBe('unknown-version');
  });

  test.each([
    ['v2.0.0', {}, 'Did you mean "2.0.0"?'],
    ['2.0.0\u200b', {}, 'Did you mean "2.0.0"?'],
    ['3.0.0', {}, undefined],
    ['v2.0.0', { registrations: 'no-table' }, 'Did you mean "2.0.0"?'],
  ] as const)('an unknown kept version %j names the known one that it is close to', async (version, scene, hint) => {
    const { last } = await holdAgainst({ ...config({ mode: 'check' }), ...keep(version) }, () => scene, {
      history: ['2.0.0'],
    });
    const texts = (last?.evaluation.gate ?? []).map((blocker) => plain(explainBlocker(blocker)));
    expect(texts.join('\n')).toContain('With a typo here, the live version itself would be retired');
    expect(/Did you mean .*?\?/.exec(texts.join('\n'))?.[0]).toBe(hint);
  });

  test('being seen is not enough where others are registered', async () => {
    expect((await checked({}, keep('1.5.0'), ['1.5.0'])).verdict).toBe('unknown-version');
  });

  test('keep-version: latest is an error where nothing is registered', async () => {
    const changes = { targets: { kind: 'all-but-latest' } } as const;
    expect(await checked({ registrations: 'no-table' }, changes)).toEqual({
      verdict: 'error',
      kinds: ['no-latest-version'],
    });
  });
});

describe('rule 9: the database can be trusted', () => {
  test.each([
    ['a standby', { standby: true }],
    ['a logical subscriber', { logicalSubscriber: true }],
    ['a shard', { sharded: true }],
    ['a view in place of the table', { relationKind: 'v' }],
    ['row security that filters', { rowSecurityActive: true }],
    ['a missing column', { missingColumns: ['application_version'] }],
  ])('%s is an error', async (_what, changes) => {
    expect(await checked({ database: facts(changes) })).toEqual({
      verdict: 'error',
      kinds: ['untrusted-database'],
    });
  });

  test('a database that turns into a standby during the hold is an error', async () => {
    const { verdict } = await holdAgainst(config(), ({ number }) => ({
      database: facts({ standby: number > 1 }),
    }));
    expect(verdict).toBe('error');
  });

  test('another table in the place of the first poll’s is an error', async () => {
    const { verdict } = await holdAgainst(config(), ({ number }) => ({
      database: facts({ tableId: `${number}` }),
    }));
    expect(verdict).toBe('error');
  });

  test.each([
    ['another cluster is an error', { startedAt: '2', cluster: '2' }],
    ['another cluster is an error, even if its server was started at the same moment', { cluster: '2' }],
    ['another server of a cluster that cannot be read is an error', { startedAt: '2', cluster: null }],
  ])('%s', async (_, changes) => {
    const { verdict, waitedMs } = await holdAgainst(config(), ({ number }) => ({
      database: facts(number > 1 ? changes : {}),
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'error', waitedMs: 5000 });
  });

  describe('another server that holds less than the one before', () => {
    const MINUTE = 60_000;
    /** Work in flight until another server of the same cluster answers, with this in place of the rest. */
    const switched = (to: Scene, from: Scene = {}, changes: Partial<GateConfig> = {}) =>
      holdAgainst(config(changes), ({ at }) => ({
        observedAt: DATABASE_EPOCH + at,
        ...(at < 20_000
          ? { inFlight: [inFlight('1.0.0', { pending: 3 })], newestCreatedAt: DATABASE_EPOCH + at, ...from }
          : { database: facts({ startedAt: '2' }), ...to }),
      }));
    const newest = DATABASE_EPOCH + 15_000;

    test.each<[string, Scene, Scene, object]>([
      [
        'its newest workflow is older',
        { newestCreatedAt: newest - 20 * 60 * MINUTE },
        {},
        { olderByMs: 20 * 60 * MINUTE },
      ],
      ['its newest workflow is just too old', { newestCreatedAt: newest - MINUTE - 1 }, {}, { olderByMs: MINUTE + 1 }],
      ['it holds no workflow', { newestCreatedAt: undefined }, {}, { olderByMs: null }],
      [
        'the latest version is not registered',
        { registrations: twoRegistered.slice(0, 1) },
        {},
        { versions: ['2.0.0'] },
      ],
    ])('is an error where %s', async (_, to, from, found) => {
      const { verdict, last, waitedMs } = await switched(to, from);
      expect({ verdict, waitedMs }).toEqual({ verdict: 'error', waitedMs: 20_000 });
      expect(last?.evaluation.gate).toMatchObject([{ kind: 'older-copy', ...found }]);
    });

    test('is an error where a version that registered there becomes the latest at that poll', async () => {
      const to = {
        newestCreatedAt: newest - 20 * 60 * MINUTE,
        registrations: [...twoRegistered, registration('3.0.0', 3)],
      };
      const { verdict, last } = await switched(to, {}, { targets: { kind: 'all-but-latest' } });
      expect(verdict).toBe('error');
      expect(last?.evaluation.gate).toMatchObject([{ kind: 'older-copy' }]);
    });

    test('is an error, too, where the registration of a target or of a kept version is missing', async () => {
      const { last } = await switched({ registrations: [] }, {}, { targets: { kind: 'all-but', keep: ['2.0.0'] } });
      const kinds = last?.evaluation.gate.map(({ kind }) => kind);
      expect(kinds).toContain('older-copy');
      expect(kinds).not.toContain('registration-gone');
    });

    test.each<[string, Scene, Scene]>([
      ['a failover that lost the last minute', { newestCreatedAt: newest - MINUTE }, {}],
      ['a failover without a loss', { newestCreatedAt: newest }, {}],
      ['a restart of a database without workflows', { newestCreatedAt: undefined }, { newestCreatedAt: undefined }],
      [
        'a failover that lost a workflow of a process whose clock is an hour fast',
        { newestCreatedAt: newest },
        { newestCreatedAt: DATABASE_EPOCH + 60 * MINUTE },
      ],
      // A row in flight that was written to and has finished since: only what was created counts.
      ['a newest write that is older', { newestCreatedAt: newest, newestWriteAt: newest - 60 * MINUTE }, {}],
    ])('holds on after %s', async (_, to, from) => {
      const { verdict, waitedMs } = await switched(to, from);
      expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 30_000 });
    });

    test('and at one server workflows can be deleted', async () => {
      const { verdict } = await holdAgainst(config(), ({ at }) => ({
        newestCreatedAt: at < 5000 ? DATABASE_EPOCH : undefined,
      }));
      expect(verdict).toBe('drained');
    });
  });

  test('the same server is trusted though its cluster cannot be read', async () => {
    const { verdict } = await holdAgainst(config(), () => ({ database: facts({ cluster: null }) }));
    expect(verdict).toBe('drained');
  });

  test.each([config(), check])(
    'after another server of the same cluster the settle window starts over',
    async (gate) => {
      const { verdict, waitedMs, polls } = await holdAgainst(gate, ({ at }) => ({
        database: facts({ startedAt: at < 8000 ? '1' : '2' }),
        writers: at < 8000 ? [openWriter('5/1')] : [],
      }));
      expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 20_000 });
      expect(polls).toHaveLength(5);
    },
  );

  test('a status that the gate does not know counts as in flight', async () => {
    const unknownStatuses = [{ version: '1.0.0', status: 'PAUSED', count: 2 }];
    expect(await checked({ unknownStatuses })).toEqual({ verdict: 'in-flight', kinds: ['unknown-status'] });
  });

  test('one on an unversioned row counts as unversioned work', async () => {
    const unknownStatuses = [{ version: null, status: 'PAUSED', count: 2 }];
    const scene = {
      unknownStatuses,
      registrations: [registration('1.0.0', 1, null), registration('2.0.0', 2)],
    };
    expect(await checked(scene)).toEqual({ verdict: 'in-flight', kinds: ['unversioned'] });
  });

  describe('on a schema newer than the gate knows', () => {
    const database = facts({ migration: 126 });

    test('a scan of the statuses decides, once', async () => {
      const { verdict, requests } = await holdAgainst(config(), ({ at, request }) => ({
        database,
        inFlight: at < 30_000 ? [inFlight('1.0.0', { pending: 1 })] : [],
        unknownStatuses: request.scanStatuses ? [] : undefined,
      }));
      expect(verdict).toBe('drained');
      expect(requests.filter(({ scanStatuses }) => scanStatuses)).toHaveLength(1);
    });

    test('targets that are idle at once share a scan, a window that opens later has its own, and it is said once', async () => {
      const targets = { kind: 'named', versions: ['1.0.0', '1.1.0', '1.2.0'] } as const;
      const registrations = ['1.0.0', '1.1.0', '1.2.0', '2.0.0'].map((version, at) => registration(version, at));
      const { verdict, requests, last } = await holdAgainst(config({ targets }), ({ at, request }) => ({
        database,
        registrations,
        inFlight: at < 20_000 ? [inFlight('1.2.0', { pending: 1 })] : [],
        unknownStatuses: request.scanStatuses ? [] : undefined,
      }));
      expect(verdict).toBe('drained');
      expect(requests.filter(({ scanStatuses }) => scanStatuses)).toHaveLength(2);
      const warnings = last === undefined ? [] : warningsOf(last.evaluation).map(plain);
      expect(warnings.filter((warning) => warning.includes('newer than this release'))).toHaveLength(1);
    });

    test('each settle window begins with a scan of its own', async () => {
      const { verdict } = await holdAgainst(config({ timeoutMs: 60_000 }), ({ at, request }) => ({
        database,
        inFlight: at > 4000 && at < 20_000 ? [inFlight('1.0.0', { pending: 1 })] : [],
        unknownStatuses: request.scanStatuses
          ? at < 20_000
            ? []
            : [{ version: '1.0.0', status: 'PAUSED', count: 1 }]
          : undefined,
      }));
      expect(verdict).toBe('timed-out');
    });

    test('what the scan finds holds until a later scan finds it gone', async () => {
      const found = [{ version: '1.0.0', status: 'PAUSED', count: 1 }];
      const { verdict, waitedMs } = await holdAgainst(config(), ({ at, request }) => ({
        database,
        unknownStatuses: request.scanStatuses ? (at < 30_000 ? found : []) : undefined,
      }));
      expect(verdict).toBe('drained');
      expect(waitedMs).toBeGreaterThanOrEqual(40_000);
    });

    test.each([0, 10_000])('a scan that does not finish is an error (settle %i)', async (settleMs) => {
      const { verdict, last } = await holdAgainst(config({ settleMs }), ({ request }) => ({
        database,
        unknownStatuses: request.scanStatuses ? 'timed-out' : undefined,
      }));
      expect(verdict).toBe('error');
      expect(last?.evaluation.targets.map(({ drained }) => drained)).toEqual([false]);
    });
  });

  // Python SDK 3.4 and Go 1.8: 124 and 125 are two indexes.
  test.each([123, 124, 125])('a schema of migration %i is known, and not scanned', async (migration) => {
    const { requests, last } = await holdAgainst(config(), () => ({ database: facts({ migration }) }));
    expect(requests.some(({ scanStatuses }) => scanStatuses)).toBe(false);
    expect(last && warningsOf(last.evaluation)).toEqual([]);
  });
});

test('what blocks the whole gate blocks every target', async () => {
  const { last } = await holdAgainst(check, () => ({ owners: ['shop', 'crm'] }));
  expect(last?.evaluation.targets.map(({ drained }) => drained)).toEqual([false]);
  expect(last?.evaluation.gate.map(verdictOf)).toEqual(['error']);
});
