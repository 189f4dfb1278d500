import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plain } from '../../../../src/report/text.ts';
import { judge } from '../../../../src/review/judge/index.ts';
import { inventoryOf } from '../../../review/inventory.ts';
import type { InFlight } from '../../../review/table.ts';
import { changedFile, sourceWorkflow } from './definitions.ts';

/*
 * Bodies of steps and one patch, and executions of the old one that stopped anywhere. An oracle replays what each
 * recorded against the new body, as the SDKs do, one id after the other.
 */

type Node = string | { readonly taken: readonly string[]; readonly not: readonly string[] };
type Body = readonly Node[];

const MARKER = 'DBOS.patch-x';

const steps = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 5 });
const straight: fc.Arbitrary<Body> = steps;
const patched: fc.Arbitrary<Body> = fc
  .tuple(steps, fc.record({ taken: steps, not: steps }), steps)
  .map(([before, patch, after]) => [...before, patch, ...after]);
/** The body before the patch came in: what executions without its marker have run. */
const withoutPatch = (body: Body): readonly string[] =>
  body.flatMap((node) => (typeof node === 'string' ? node : node.not));

const words = (body: Body): readonly string[] =>
  body.flatMap((node) =>
    typeof node === 'string'
      ? node
      : ['patch x', ...node.taken.map((name) => `+x ${name}`), ...node.not.map((name) => `-x ${name}`)],
  );

const WAIT = 'DBOS.recv';
const TIMER = 'DBOS.sleep';

/** What an execution has recorded, by id. Who waits has the row of the timer, and none of the call itself. */
type Rows = readonly (string | undefined)[];

/** Whether a replay of these rows on a body meets another name than the recorded one. */
function breaks(recorded: Rows, body: Body): boolean {
  let id = 0;
  const meets = (name: string) => {
    const row = recorded[id++];
    // A wait that has ended does not look at its timer.
    if (name === WAIT && row === undefined && recorded[id] !== undefined && recorded[id] !== TIMER) return true;
    if (name === WAIT) id++;
    return row !== undefined && row !== name;
  };
  for (const node of body) {
    if (typeof node === 'string') {
      if (meets(node)) return true;
      continue;
    }
    const row = recorded[id];
    const isTaken = row === undefined || row === MARKER;
    if (isTaken) id++;
    if ((isTaken ? node.taken : node.not).some(meets)) return true;
  }
  return false;
}

/** What an execution of a body recorded that stopped before a call, which is so far down the list. */
function recordedBy(body: Body, hasMarker: boolean, calls: number): Rows {
  const all = hasMarker
    ? body.flatMap((node) => (typeof node === 'string' ? node : [MARKER, ...node.taken]))
    : withoutPatch(body);
  const done = all.slice(0, calls).flatMap((name) => (name === WAIT ? [WAIT, TIMER] : name));
  // The patch came in front of the wait in an earlier change, which broke those that waited.
  const isBroken = !hasMarker && calls === body.findIndex((node) => typeof node !== 'string');
  return all[calls] === WAIT && !isBroken ? [...done, undefined, TIMER] : done;
}

const stops = fc.array(
  fc.record({ hasMarker: fc.boolean(), calls: fc.nat(12), count: fc.integer({ min: 1, max: 3 }) }),
  {
    minLength: 1,
    maxLength: 4,
  },
);

interface Stop {
  readonly hasMarker: boolean;
  readonly calls: number;
  readonly count: number;
}

function review(old: Body, now: Body, at: readonly Stop[]) {
  const stopped = at.map(({ hasMarker, calls, count }) => ({ rows: recordedBy(old, hasMarker, calls), count }));
  const inFlight = stopped.map(({ rows, count }): InFlight => {
    return { workflow: 'checkOut', recorded: rows.filter((name) => name !== undefined), count };
  });
  const file = changedFile(
    { workflows: [sourceWorkflow('checkOut', words(old))] },
    { workflows: [sourceWorkflow('checkOut', words(now))] },
  );
  const broken = stopped.filter(({ rows }) => breaks(rows, now));
  const all = inFlight.reduce((sum, { count = 1 }) => sum + count, 0);
  const review = judge([file], inventoryOf(inFlight), { sameVersion: false });
  return {
    review,
    said: review.findings.map(({ message }) => said(plain(message), all)),
    broken: broken.reduce((sum, { count }) => sum + count, 0),
    /** Whether all have recorded the marker, or none: counts show who took which branch. */
    isAlike: new Set(inFlight.map(({ recorded }) => recorded.includes(MARKER))).size === 1,
  };
}

/** How many executions a message says are broken, at least. */
function said(message: string, all: number): number {
  const [, words = ''] =
    /(all|it|up to \d+|at least \d+|\d+) ha(?:s|ve) (?:run|recorded|started) /i.exec(message) ?? [];
  if (/^(all|it)$/i.test(words)) return all;
  return /^up to/i.test(words) ? 0 : Number(/\d+$/.exec(words)?.[0]);
}

test('of straight bodies, it says exactly which executions a replay breaks', () => {
  fc.assert(
    fc.property(straight, straight, stops, (old, now, at) => {
      const { said, broken } = review(old, now, at);
      expect(said).toEqual(broken === 0 ? [] : [broken]);
    }),
    { numRuns: 300 },
  );
});

test('with a patch, it is never silent where a replay breaks, and says of no more executions that it breaks them', () => {
  fc.assert(
    fc.property(fc.oneof(straight, patched), fc.oneof(straight, patched), stops, (old, now, at) => {
      const { said, broken, isAlike } = review(old, now, at);
      if (broken > 0) expect(said).toHaveLength(1);
      expect(Math.max(0, ...said)).toBeLessThanOrEqual(broken);
      // Where names repeat in both branches, counts alone do not show who took which.
      const names = old.flatMap((node) => (typeof node === 'string' ? node : [...node.taken, ...node.not]));
      const isDistinct = new Set(names).size === names.length;
      if (isDistinct && isAlike && broken === 0) expect(said).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

const withWaits = fc.array(fc.constantFrom('a', 'b', WAIT), { maxLength: 4 });
const patchedAround: fc.Arbitrary<Body> = fc
  .tuple(withWaits, fc.record({ taken: withWaits, not: withWaits }), withWaits)
  .map(([before, patch, after]) => [...before, patch, ...after]);

test('with waits, it is never silent where a replay breaks', () => {
  const body = fc.oneof(withWaits, patchedAround);
  fc.assert(
    fc.property(body, body, stops, (old, now, at) => {
      const { said, broken } = review(old, now, at);
      if (broken > 0) expect(said).toHaveLength(1);
    }),
    { numRuns: 300 },
  );
});

test('a text that does not change gives nothing, whatever is in flight', () => {
  fc.assert(
    fc.property(fc.oneof(straight, patched), stops, (body, at) => {
      const { review: result } = review(body, body, at);
      expect(result).toMatchObject({ findings: [], accepted: [], changedWorkflows: [], inFlight: 0, limits: [] });
    }),
    { numRuns: 200 },
  );
});

const anyWords = fc.array(
  fc
    .tuple(
      fc.constantFrom('', 'if ', 'for ', '+x ', '-x ', 'if for ', '+y '),
      fc.constantFrom('', 'patch ', 'deprecate ', 'other '),
      fc.constantFrom('a', 'b', 'x', 'y', 'DBOS.recv', 'DBOS.sleep', 'computed'),
    )
    .map((parts) => parts.join('')),
  { maxLength: 8 },
);

test('whatever the texts are, it names no count above what is in flight, and says the same twice', () => {
  const names = fc.array(fc.constantFrom('a', 'b', 'DBOS.sleep', 'DBOS.recv', MARKER, 'DBOS.patch-y'), {
    maxLength: 8,
  });
  const inFlight = fc.array(fc.tuple(names, fc.integer({ min: 1, max: 4 })), { maxLength: 3 });
  fc.assert(
    fc.property(anyWords, anyWords, inFlight, fc.boolean(), (old, now, rows, sameVersion) => {
      const work = rows.map(([recorded, count]): InFlight => ({ workflow: 'checkOut', recorded, count }));
      const all = rows.reduce((sum, [, count]) => sum + count, 0);
      const file = changedFile(
        { workflows: [sourceWorkflow('checkOut', old)] },
        { workflows: [sourceWorkflow('checkOut', now)] },
      );
      const once = judge([file], inventoryOf(work), { sameVersion });
      for (const { message } of once.findings) {
        const counts =
          plain(message)
            .replace(/"[^"]*"/g, '')
            .match(/\d+/g) ?? [];
        expect(counts.map(Number).every((count) => count > 0 && count <= all)).toBe(true);
      }
      expect(judge([file], inventoryOf(work), { sameVersion })).toEqual(once);
    }),
    { numRuns: 300 },
  );
});
