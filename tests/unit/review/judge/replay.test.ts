import { expect, test } from 'vitest';
import { plain } from '../../../../src/report/text.ts';
import { judge } from '../../../../src/review/judge/index.ts';
import { inventoryOf } from '../../../review/inventory.ts';
import type { InFlight } from '../../../review/table.ts';
import { changedFile, sourceWorkflow } from './definitions.ts';

const SHARED = 'PATCHING_ENABLED';

interface Row {
  readonly title: string;
  readonly old: readonly string[];
  readonly now: readonly string[];
  /** What executions in flight recorded, and how many did. */
  readonly recorded: readonly (readonly [names: readonly string[], count: number])[];
  readonly version?: string | null;
  /** Kind, severity and the sentence with the count; null: nothing. */
  readonly finds: readonly [kind: string, severity: string, says: string] | null;
  /** Parts of what could not be followed; undefined: not looked at. */
  readonly limits?: readonly string[];
}

const P = 'DBOS.patch-x';

const ROWS: readonly Row[] = [
  {
    title: 'a step that work in flight recorded is removed',
    old: ['a', 'b', 'c'],
    now: ['a', 'c'],
    recorded: [
      [['a'], 1],
      [['a', 'b'], 2],
    ],
    finds: ['step-removed', 'notice', 'They cannot be forked onto this change: 2 have run "b", which it removes.'],
    limits: [],
  },
  {
    title: 'a step that nothing in flight recorded is removed',
    old: ['a', 'b', 'c'],
    now: ['a', 'c'],
    recorded: [[['a'], 3]],
    finds: null,
  },
  {
    title: 'the last step is removed: a replay never comes to its row',
    old: ['a', 'b'],
    now: ['a'],
    recorded: [[['a', 'b'], 2]],
    finds: null,
  },
  {
    title: 'the last step is replaced',
    old: ['a', 'b'],
    now: ['a', 'c'],
    recorded: [[['a', 'b'], 2]],
    finds: ['step-removed', 'notice', 'all have run "b", which it removes.'],
  },
  {
    title: 'the last step is replaced by one under a condition',
    old: ['a', 'b'],
    now: ['a', 'if c'],
    recorded: [[['a', 'b'], 2]],
    finds: ['step-removed', 'notice', 'up to 2 have run "b"'],
  },
  {
    title: 'steps are reordered',
    old: ['a', 'b', 'c'],
    now: ['b', 'a', 'c'],
    recorded: [
      [['a'], 2],
      [[], 1],
    ],
    finds: ['step-reordered', 'notice', '2 have run "a", which it moves.'],
  },
  {
    title: 'a step moves in front of what is recorded',
    old: ['a', 'b', 'c', 'd'],
    now: ['a', 'd', 'b', 'c'],
    recorded: [
      [['a', 'b'], 2],
      [['a'], 1],
    ],
    finds: ['step-reordered', 'notice', '2 have run "b", before which it moves "d".'],
  },
  {
    title: 'a step is put before what is recorded',
    old: ['a', 'b'],
    now: ['a', 'n', 'b'],
    recorded: [
      [['a', 'b'], 1],
      [['a'], 4],
    ],
    finds: ['step-before', 'notice', '1 has run "b", before which it puts "n".'],
  },
  {
    title: 'a step under a condition is put before what is recorded',
    old: ['a', 'b'],
    now: ['a', 'if n', 'b'],
    recorded: [
      [['a', 'b'], 2],
      [['a'], 1],
    ],
    finds: ['step-before', 'notice', 'up to 2 have run "b", before which it puts "n".'],
  },
  {
    title: 'a step is put before one that not everybody records',
    old: ['a', 'if b', 'c'],
    now: ['a', 'n', 'if b', 'c'],
    recorded: [
      [['a', 'b'], 1],
      [['a', 'c'], 2],
      [['a'], 1],
    ],
    finds: ['step-before', 'notice', 'at least 2 have run "c", before which it puts "n".'],
  },
  {
    title: 'a step is added after everything that is recorded',
    old: ['a', 'b'],
    now: ['a', 'b', 'n'],
    recorded: [[['a', 'b'], 3]],
    finds: null,
    limits: [],
  },
  {
    title: 'the second of two sleeps is removed',
    old: ['DBOS.sleep', 'a', 'DBOS.sleep', 'b'],
    now: ['DBOS.sleep', 'a', 'b'],
    recorded: [
      [['DBOS.sleep'], 5],
      [['DBOS.sleep', 'a', 'DBOS.sleep'], 2],
    ],
    finds: ['step-removed', 'notice', '2 have recorded "DBOS.sleep", which it removes.'],
  },
  {
    title: 'the first of two calls may have been skipped',
    old: ['if a', 'b', 'a', 'c'],
    now: ['if a', 'b', 'c'],
    recorded: [
      [['a', 'b', 'a'], 1],
      [['b', 'a'], 2],
    ],
    finds: ['step-removed', 'notice', 'at least 1 has run "a", which it removes.'],
  },
  {
    title: 'a step in a loop is removed',
    old: ['for a', 'for b', 'c'],
    now: ['for a', 'c'],
    recorded: [
      [['a', 'b', 'a'], 2],
      [['a'], 1],
    ],
    finds: ['step-removed', 'notice', '2 have run "b", which it removes.'],
  },
  {
    title: 'the last step of a loop that ends the text is removed',
    old: ['for a', 'for b'],
    now: ['for a'],
    recorded: [[['a', 'b', 'a'], 2]],
    finds: ['step-removed', 'notice', 'up to 2 have run "b", which it removes.'],
  },
  {
    title: 'a step is added at the end of a loop that has started again',
    old: ['for a', 'for b'],
    now: ['for a', 'for b', 'for n'],
    recorded: [
      [['a', 'b', 'a'], 2],
      [['a', 'b'], 1],
    ],
    finds: ['step-before', 'notice', 'up to 2 have run "a", before which it puts "n".'],
  },
  {
    title: 'a recv is removed that executions wait in',
    old: ['a', 'DBOS.recv', 'b'],
    now: ['a', 'b', 'c'],
    recorded: [[['a', 'DBOS.sleep'], 2]],
    finds: ['step-removed', 'notice', 'up to 2 have started "DBOS.recv", which it removes.'],
  },
  {
    title: 'deploys share the version',
    old: ['a', 'b', 'c'],
    now: ['a', 'c'],
    version: SHARED,
    recorded: [
      [['a', 'b'], 2],
      [['a'], 1],
    ],
    finds: ['step-removed', 'error', '2 have run "b", which this change removes, and end in ERROR.'],
  },
  {
    title: 'work without a version has recorded something',
    old: ['a', 'b', 'c'],
    now: ['a', 'c'],
    version: null,
    recorded: [[['a', 'b'], 1]],
    finds: ['step-removed', 'error', 'It has run "b", which this change removes, and ends in ERROR.'],
  },
  {
    title: 'a step is put behind a patch, before what is recorded',
    old: ['a', 'b'],
    now: ['a', 'patch x', '+x n', 'b'],
    version: SHARED,
    recorded: [[['a', 'b'], 2]],
    finds: null,
  },
  {
    title: 'a step is removed for those that take the patch',
    old: ['a', 'b', 'c'],
    now: ['a', 'patch x', '-x b', 'c'],
    version: SHARED,
    recorded: [[['a', 'b'], 2]],
    finds: null,
  },
  {
    title: 'a step is put before the patch',
    old: ['a', 'patch x', '+x n', 'b'],
    now: ['a', 'm', 'patch x', '+x n', 'b'],
    version: SHARED,
    recorded: [
      [['a', P, 'n'], 1],
      [['a', 'b'], 2],
      [['a'], 4],
    ],
    finds: ['step-before', 'error', 'At least 1 has run "b", before which this change puts "m"'],
  },
  {
    title: 'a patch is removed whose marker is recorded',
    old: ['a', 'patch x', '+x n', 'b'],
    now: ['a', 'n', 'b'],
    version: SHARED,
    recorded: [
      [['a', P], 2],
      [['a'], 1],
    ],
    finds: ['patch-removed', 'error', '2 have recorded the marker of the patch "x", which this change removes'],
  },
  {
    title: 'a patch is removed whose marker is recorded, where each deploy has a version',
    old: ['a', 'patch x', '+x n', 'b'],
    now: ['a', 'n', 'b'],
    recorded: [
      [['a', P], 2],
      [['a'], 1],
    ],
    finds: [
      'patch-removed',
      'error',
      'on "1.0.0". 2 have recorded the marker of the patch "x", which this change removes, and end in ERROR where the new code takes over.',
    ],
  },
  {
    title: 'a patch is removed that executions are behind without its marker',
    old: ['a', 'patch x', '+x n', 'b'],
    now: ['a', 'n', 'b'],
    recorded: [[['a', 'b'], 2]],
    finds: ['patch-removed', 'notice', 'all have run "b" without the patch "x", which it removes.'],
  },
  {
    title: 'a patch is removed together with its new branch, for those that do not have it',
    old: ['a', 'patch x', '+x n', 'b'],
    now: ['a', 'b'],
    version: SHARED,
    recorded: [[['a', 'b'], 2]],
    finds: null,
  },
  {
    title: 'a patch is removed that nothing comes behind',
    old: ['a', 'patch x'],
    now: ['a'],
    version: SHARED,
    recorded: [[['a', P], 2]],
    finds: null,
  },
  {
    title: 'a patch is deprecated whose marker all have recorded',
    old: ['a', 'patch x', '+x n', '-x m', 'b'],
    now: ['a', 'deprecate x', 'n', 'b'],
    version: SHARED,
    recorded: [[['a', P, 'n', 'b'], 2]],
    finds: null,
  },
  {
    title: 'a patch is deprecated that executions have passed without its marker',
    old: ['a', 'patch x', '+x n', '-x m', 'b'],
    now: ['a', 'deprecate x', 'n', 'b'],
    version: SHARED,
    recorded: [
      [['a', 'm'], 2],
      [['a', P, 'n'], 1],
    ],
    finds: ['patch-deprecated', 'error', '2 have run "m" without the patch "x", which this change deprecates'],
  },
  {
    title: 'a patch comes right in front of a wait',
    old: ['a', 'DBOS.recv', 'b'],
    now: ['a', 'patch x', 'DBOS.recv', '+x n', 'b'],
    version: SHARED,
    recorded: [
      [['a', 'DBOS.sleep'], 2],
      [['a', 'DBOS.recv', 'DBOS.sleep'], 3],
      [['a'], 4],
    ],
    finds: [
      'step-before',
      'error',
      '2 wait in "DBOS.recv", before which this change puts the patch "x", and end in ERROR. A patch takes the place of the wait: put it behind "DBOS.recv", or wait until they have finished.',
    ],
  },
  {
    title: 'a patch comes right in front of a wait that is over',
    old: ['a', 'DBOS.recv', 'b'],
    now: ['a', 'patch x', '+x n', 'DBOS.recv', 'b'],
    version: SHARED,
    recorded: [
      [['a', 'DBOS.recv', 'DBOS.sleep'], 3],
      [['a'], 4],
    ],
    finds: null,
  },
  {
    title: 'a patch comes in front of a second wait, and work is in the first',
    old: ['DBOS.recv', 'a', 'DBOS.getEvent'],
    now: ['DBOS.recv', 'a', 'patch x', '-x DBOS.getEvent', 'b'],
    version: SHARED,
    recorded: [[['DBOS.sleep'], 2]],
    finds: null,
  },
  {
    title: 'a patch comes in front of a wait, behind a step that not all run',
    old: ['if a', 'DBOS.recv'],
    now: ['patch x', 'if a', 'DBOS.recv'],
    version: SHARED,
    recorded: [[['DBOS.sleep'], 1]],
    finds: ['step-before', 'error', 'It waits in "DBOS.recv", before which this change puts the patch "x"'],
  },
  {
    title: 'a patch comes in front of a wait under a condition',
    old: ['a', 'DBOS.recv'],
    now: ['a', 'if patch x', 'DBOS.recv'],
    version: SHARED,
    recorded: [[['a', 'DBOS.sleep'], 1]],
    finds: ['step-before', 'error', 'Up to 1 waits in "DBOS.recv"'],
  },
  {
    title: 'a patch comes in front of a step in front of a wait',
    old: ['a', 'DBOS.recv'],
    now: ['patch x', 'a', 'DBOS.recv'],
    version: SHARED,
    recorded: [[['a', 'DBOS.sleep'], 1]],
    finds: null,
  },
  {
    title: 'a patch comes in front of a step whose next one some have run before',
    old: ['if b', 'a', 'b'],
    now: ['if b', 'patch x', 'a', 'b'],
    version: SHARED,
    recorded: [[['b'], 1]],
    finds: null,
  },
  {
    title: 'a deprecated patch comes in front of a wait, and takes no place',
    old: ['a', 'DBOS.recv', 'b'],
    now: ['a', 'deprecate x', 'DBOS.recv', 'b'],
    version: SHARED,
    recorded: [[['a', 'DBOS.sleep'], 1]],
    finds: null,
  },
  {
    title: 'a patch takes the place of a wait',
    old: ['a', 'if b', 'DBOS.recv'],
    now: ['a', 'patch x', '+x n'],
    version: SHARED,
    recorded: [[['a', 'DBOS.sleep'], 1]],
    finds: [
      'step-removed',
      'error',
      'It has started "DBOS.recv", which this change removes, and ends in ERROR. Wait until',
    ],
  },
  {
    title: 'a sleep takes the place of what comes before a wait, and a patch has one way only',
    old: ['x', 'a', 'DBOS.recv', '-x a'],
    now: ['DBOS.sleep'],
    recorded: [
      [['a'], 1],
      [['DBOS.sleep', P, 'DBOS.recv'], 1],
    ],
    finds: ['step-removed', 'notice', 'up to 1 has started "DBOS.recv"'],
  },
  {
    title: 'a patch and a step take the place of a wait',
    old: ['a', 'DBOS.recv', 'b'],
    now: ['a', 'patch x', '+x n', 'b'],
    version: SHARED,
    recorded: [
      [['a', 'DBOS.sleep'], 1],
      [['a'], 3],
    ],
    finds: [
      'step-removed',
      'error',
      'Up to 1 has started "DBOS.recv", which this change removes, and ends in ERROR. Wait until they have finished: `DBOS.patch` breaks those that wait there.',
    ],
  },
  {
    title: 'a patch takes the place of a step and of the wait behind it',
    old: ['a', 'b', 'DBOS.recv'],
    now: ['a', 'patch x', '+x n'],
    version: SHARED,
    recorded: [[['a', 'b', 'DBOS.sleep'], 1]],
    finds: null,
  },
  {
    title: 'a patch in front of a wait ends the workflow',
    old: ['a', 'DBOS.recv', 'b'],
    now: ['a', 'patch x', '-x DBOS.recv', '-x b'],
    version: SHARED,
    recorded: [[['a', 'DBOS.sleep'], 1]],
    finds: null,
  },
  {
    title: 'a patch was in front of a wait before',
    old: ['a', 'patch x', 'DBOS.recv', 'b'],
    now: ['a', 'patch x', 'DBOS.recv', 'c'],
    version: SHARED,
    recorded: [[['a', 'DBOS.sleep'], 1]],
    finds: null,
  },
  {
    title: 'a patch from behind a wait comes in front of it, too',
    old: ['a', 'DBOS.recv', 'patch x', '+x b'],
    now: ['a', 'patch x', 'DBOS.recv', '+x b'],
    version: SHARED,
    recorded: [[['a', 'DBOS.sleep'], 1]],
    finds: ['step-before', 'error', 'It waits in "DBOS.recv", before which this change puts the patch "x"'],
  },
  {
    title: 'a step comes in front of a wait',
    old: ['a', 'DBOS.recv'],
    now: ['a', 'n', 'DBOS.recv'],
    version: SHARED,
    recorded: [[['a', 'DBOS.sleep'], 1]],
    finds: ['step-before', 'error', 'Wait until it has finished: `DBOS.patch` breaks those that wait there.'],
  },
  {
    title: 'a step comes in front of one that not all run, and of a wait',
    old: ['if b', 'if b', 'DBOS.recv', 'c'],
    now: ['n', 'if b', 'if b', 'DBOS.recv', 'c'],
    version: SHARED,
    recorded: [
      [['b', 'b'], 3],
      [['DBOS.sleep'], 1],
    ],
    finds: ['step-before', 'error', 'Wait until they have finished: `DBOS.patch` breaks those that wait there.'],
  },
  {
    title: 'a step goes that stood in front of a patch, and turns it off, and nothing is behind it',
    old: ['b', 'patch x', '+x a'],
    now: ['patch x', '+x d'],
    recorded: [[['b', P, 'a'], 1]],
    finds: null,
  },
  {
    title: 'a step goes that stood in front of a patch, and turns it off',
    old: ['b', 'patch x', '+x a', '-x c'],
    now: ['patch x', '+x a', '-x c'],
    recorded: [[['b', P, 'a'], 1]],
    finds: ['step-removed', 'notice', 'it has run "b", which the change removes.'],
  },
  {
    title: 'a patch moves in front of a step that it is then off for',
    old: ['c', 'patch x', '+x a'],
    now: ['patch x', '+x a', 'c'],
    recorded: [[['c', P, 'a'], 1]],
    finds: null,
  },
  {
    title: 'a patch moves in front of a step that not all have run',
    old: ['if c', 'patch x', '+x a'],
    now: ['patch x', 'c'],
    recorded: [[[P, 'a'], 1]],
    finds: ['step-removed', 'notice', 'it has run "a", which the change removes.'],
  },
  {
    title: 'a patch moves in front of a step that comes under a condition',
    old: ['c', 'd', 'patch x'],
    now: ['patch x', 'if c', 'd'],
    recorded: [[['c', 'd', P], 1]],
    finds: ['step-reordered', 'notice', 'before which the change moves the patch "x".'],
  },
  {
    title: 'a patch moves in front of a step that a patch decides of which is asked for elsewhere',
    old: ['c', 'd', 'patch x'],
    now: ['patch x', '+y c', 'd'],
    recorded: [[['c', 'd', P], 1]],
    finds: ['step-removed', 'notice', 'it has run "c", which the change removes.'],
  },
  {
    title: 'a patch is asked for again, and its first answer decides',
    old: ['c', 'patch x', '+x a'],
    now: ['patch x', 'c', 'patch x', '-x d'],
    recorded: [[['c', P, 'a'], 1]],
    finds: ['step-before', 'notice', 'before which the change puts'],
  },
  {
    title: 'a deprecated patch is removed whose marker is recorded',
    old: ['a', 'deprecate x', 'n', 'b'],
    now: ['a', 'n', 'b'],
    version: SHARED,
    recorded: [
      [['a', P, 'n'], 2],
      [['a', 'n'], 1],
    ],
    finds: ['patch-removed', 'error', '2 have recorded the marker of the patch "x"'],
  },
  {
    title: 'a deprecated patch is removed whose marker nobody recorded',
    old: ['a', 'deprecate x', 'n', 'b'],
    now: ['a', 'n', 'b'],
    version: SHARED,
    recorded: [[['a', 'n'], 1]],
    finds: null,
  },
  {
    title: 'a call of another file is removed that is known to record',
    old: ['a', 'other reserve', 'c'],
    now: ['a', 'c'],
    recorded: [[['a', 'Stock.reserve'], 2]],
    finds: ['step-removed', 'notice', 'all have run "Stock.reserve", which it removes.'],
  },
  {
    title: 'a call of another file is added that nobody knows',
    old: ['a', 'c'],
    now: ['a', 'other reserve', 'c'],
    recorded: [[['a', 'c'], 2]],
    finds: null,
    limits: [
      'Added or removed calls of other files: "reserve", in "checkOut".',
      'Calls of other files were not followed ("reserve")',
    ],
  },
  {
    title: 'a step comes under a condition',
    old: ['a', 'b', 'c'],
    now: ['a', 'if b', 'c'],
    recorded: [[['a', 'b'], 2]],
    finds: null,
    limits: ['Under other conditions or in other loops than before: "b"'],
  },
  {
    title: 'executions recorded what the old text does not show',
    old: ['a', 'b'],
    now: ['a', 'b', 'c'],
    recorded: [[['a', 'z'], 2]],
    finds: null,
    limits: ['Recorded, but not found in the old text: "z", in "checkOut".'],
  },
  {
    title: 'a call without a readable name is put in front',
    old: ['a'],
    now: ['computed', 'a'],
    recorded: [[['a'], 2]],
    finds: ['step-before', 'notice', 'all have run "a", before which it puts another call.'],
  },
  {
    title: 'two steps are removed',
    old: ['a', 'b', 'c', 'd', 'e'],
    now: ['a', 'c', 'e'],
    recorded: [
      [['a', 'b', 'c', 'd'], 1],
      [['a', 'b'], 1],
    ],
    finds: ['step-removed', 'notice', 'all have run "b", which it removes. It also removes "d".'],
  },
  {
    title: 'one call is removed in two places: who has the second has the first',
    old: ['b', 'c', 'b', 'a'],
    now: ['c', 'a'],
    recorded: [
      [['b', 'c', 'b'], 1],
      [['b'], 1],
      [[], 1],
    ],
    finds: ['step-removed', 'notice', 'this change: 2 have run "b", which it removes.'],
  },
  {
    title: 'a step before a patch is removed for those with its marker and without',
    old: ['a', 'b', 'patch x', '+x n', 'c'],
    now: ['b', 'patch x', '+x n', 'c'],
    recorded: [
      [['a', 'b', P], 1],
      [['a', 'b', 'c'], 1],
      [[], 1],
    ],
    finds: ['step-removed', 'notice', '2 have run "a", which it removes.'],
  },
  {
    title: 'a call that may be skipped is removed, and another has its name',
    old: ['if a', 'b', 'a', 'c'],
    now: ['b', 'a', 'c'],
    recorded: [[['b', 'a'], 2]],
    finds: ['step-removed', 'notice', 'up to 2 have run "a", which it removes.'],
  },
  {
    title: 'a call behind a loop of the same call is removed',
    old: ['for a', 'a', 'c'],
    now: ['for a', 'c'],
    recorded: [[['a', 'a'], 2]],
    finds: ['step-removed', 'notice', 'up to 2 have run "a", which it removes.'],
  },
  {
    title: 'a step is put behind the patch that some have',
    old: ['a', 'patch x', '+x n', 'b'],
    now: ['a', 'patch x', '+x n', '+x m', 'b'],
    recorded: [
      [['a', P, 'n', 'b'], 1],
      [['a', P], 1],
      [['a', 'b'], 1],
    ],
    finds: ['step-before', 'notice', 'at least 1 has run "b", before which it puts "m".'],
  },
  {
    title: 'a step behind the patch is removed',
    old: ['a', 'patch x', '+x n', 'b'],
    now: ['a', 'patch x', 'b'],
    recorded: [
      [['a', P, 'n'], 2],
      [['a'], 1],
    ],
    finds: ['step-removed', 'notice', '2 have run "n", which it removes.'],
  },
  {
    title: 'a patch is deprecated, and its branch stays behind it',
    old: ['a', 'patch x', '+x n', 'b'],
    now: ['a', 'deprecate x', '+x n', 'b'],
    recorded: [[['a', 'b'], 2]],
    finds: ['patch-deprecated', 'notice', 'all have run "b" without the patch "x", which it deprecates.'],
  },
  {
    title: 'a step moves out of the branch of a patch that was deprecated',
    old: ['a', 'c', 'deprecate x', '+x n', 'b'],
    now: ['n', 'a', 'c', 'b'],
    recorded: [[['a', 'c'], 2]],
    finds: ['step-reordered', 'notice', 'all have run "a", before which it moves "n".'],
  },
  {
    title: 'deprecated patches are removed that only some have the markers of',
    old: ['+y deprecate x', 'deprecate y'],
    now: ['a'],
    recorded: [
      [[P], 1],
      [[P, 'DBOS.patch-y'], 1],
      [[], 1],
    ],
    finds: ['patch-removed', 'error', 'At least 1 has recorded the marker of the patch "x"'],
  },
];

function reviewOf({ old, now, recorded, version = '1.0.0' }: Row, sameVersion = false) {
  const inFlight = recorded.map(([names, count]): InFlight => {
    return { workflow: 'checkOut', version, recorded: names, count };
  });
  const file = changedFile(
    { workflows: [sourceWorkflow('checkOut', old)] },
    { workflows: [sourceWorkflow('checkOut', now)] },
  );
  return judge([file], inventoryOf(inFlight), { sameVersion });
}

test.each(ROWS)('$title', (row) => {
  const { findings, limits } = reviewOf(row);
  if (row.finds === null) {
    expect(findings.map(({ message }) => plain(message))).toEqual([]);
  } else {
    expect(findings).toHaveLength(1);
    const [finding] = findings;
    const [kind, severity, says] = row.finds;
    expect(finding).toMatchObject({ kind, severity });
    expect(plain(finding?.message ?? [])).toContain(says);
  }
  const texts = limits.map(plain);
  if (row.limits?.length === 0) expect(texts).toEqual([]);
  for (const part of row.limits ?? []) expect(texts.join('\n')).toContain(part);
});

test('where deploys share a version by choice, a notice is an error', () => {
  const rows = ROWS.filter(({ finds }) => finds?.[1] === 'notice');
  const severities = rows.map((row) => reviewOf(row, true).findings[0]?.severity);
  expect(severities).toEqual(rows.map(() => 'error'));
});
