import { joined, msg, namesOf, trusted } from '../../message.ts';
import type { Change } from './changes.ts';
import { type Comparison, compare } from './compare.ts';
import type { Definition } from './definitions.ts';
import type { Budget } from './difference.ts';
import { addedEffects, type Effect } from './effects.ts';
import { FINDING_KINDS, type Finding } from './finding.ts';
import { type Gone, goneError, goneNotice } from './gone-texts.ts';
import { locationOf, oldLocationOf } from './lines.ts';
import type { Place, Places } from './places.ts';
import { PATCH_PREFIX } from './recorded-list.ts';
import { suggestionFor } from './suggestion.ts';
import { apiOf, errorOf, noticeOf, shownName } from './texts.ts';

/** A finding, and how many executions it breaks at most: for the order. */
export interface Ranked {
  readonly finding: Finding;
  readonly executions: number;
}

/** What comparing a workflow's two texts showed, by place. */
export interface Compared {
  readonly place: Place;
  readonly comparison: Comparison;
}

/** Returns the comparison of a workflow's two texts in each place where it is in flight. */
export function comparisons(change: Change, places: Places, budget: Budget): readonly Compared[] {
  if (change.kind !== 'changed') return [];
  const { before, after } = change;
  const [old, now] = [before.source, after.source];
  if (old === undefined || now === undefined) return [];
  return places
    .of(before.workflow, before.file.application)
    .filter(({ inFlight }) => inFlight > 0)
    .map((place) => ({ place, comparison: compare(old, now, place, budget) }));
}

/** Returns the finding on a workflow whose text changed: the most severe one of all applications that have it. */
export function changedFinding(
  before: Definition,
  after: Definition,
  compared: readonly Compared[],
): Ranked | undefined {
  const byApplication = Map.groupBy(compared, ({ place }) => place.application);
  const ranked = [...byApplication.values()].flatMap((some) => findingIn(before, after, some) ?? []);
  return withOthers(ranked, after.file.application);
}

/** What may be broken in several applications is one finding, which names the others. */
function withOthers(ranked: readonly Ranked[], application: string | undefined): Ranked | undefined {
  const [first, ...others] = ranked.toSorted(bySeverity);
  if (first === undefined || others.length === 0) return first;
  const names = others.flatMap(({ finding }) => finding.application ?? []);
  if (application !== undefined || names.length === 0) return first;
  const { finding } = first;
  const also = msg`The ${trusted(names.length === 1 ? 'application' : 'applications')} ${namesOf(names)} ${trusted(names.length === 1 ? 'has' : 'have')} one in flight, too. \`paths\` says which application a file belongs to.`;
  return { ...first, finding: { ...finding, message: joined([finding.message, also]) } };
}

/** The order of findings: errors first, then by how many executions they break. */
export function bySeverity(a: Ranked, b: Ranked): number {
  const rank = ({ finding }: Ranked) => (finding.severity === 'error' ? 0 : 1);
  return (
    rank(a) - rank(b) ||
    b.executions - a.executions ||
    compareText(shownName(a.finding.workflow), shownName(b.finding.workflow))
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface PlaceEffect {
  readonly place: Place;
  readonly effect: Effect;
}

/**
 * It breaks without anybody's act where the new code takes over. A removed patch does everywhere: whoever uses patches
 * lets deploys share a version. (`enablePatching` of TypeScript 5.3 makes every version `PATCHING_ENABLED`.)
 */
function errorsIn(all: readonly PlaceEffect[]): readonly PlaceEffect[] {
  const taken = all.filter(({ place }) => place.takesNewCode);
  const isMarker = ({ effect }: PlaceEffect) =>
    effect.kind === 'patch-removed' && effect.recorded.startsWith(PATCH_PREFIX);
  return taken.length > 0 ? taken : all.filter(isMarker);
}

function findingIn(before: Definition, after: Definition, compared: readonly Compared[]): Ranked | undefined {
  const all = compared.flatMap(({ place, comparison }) => comparison.effects.map((effect) => ({ place, effect })));
  const errors = errorsIn(all);
  const severe = errors.length > 0 ? errors : all;
  const severity = errors.length > 0 ? 'error' : 'notice';
  const [some] = severe;
  if (some === undefined) return undefined;
  const places = [...new Set(severe.map(({ place }) => place))];
  const effects = together(severe);
  const [main, ...others] = effects;
  if (main === undefined) return undefined;
  const language = after.file.after?.language ?? 'javascript';
  const broken = { workflow: before.workflow, places, main, others, api: apiOf(language) };
  const isPatchable =
    language === 'python' || severity === 'error' || compared.some(({ place }) => place.workflow.patches.length > 0);
  // A call of another file that comes or goes with the change would stand outside of the patch.
  const hasUnknown = compared.some(({ comparison }) => comparison.limits.unknownCalls.length > 0);
  return {
    executions: main.executions.high,
    finding: {
      severity,
      kind: main.kind,
      workflow: before.workflow,
      application: some.place.application,
      versions: compared.map(({ place }) => ({ version: place.version, inFlight: place.inFlight })),
      probable: after.probable ?? before.probable,
      ...locationOf(main, after),
      message: severity === 'error' ? errorOf(broken) : noticeOf(broken),
      suggestion: isPatchable && !hasUnknown ? suggestionFor(effects, before, after) : undefined,
    },
  };
}

/** The effects in several places, each once, the one that breaks the most first. */
function together(severe: readonly PlaceEffect[]): readonly Effect[] {
  const merged = addedEffects(severe.map(({ effect }) => effect));
  const order = ({ kind }: Effect) => FINDING_KINDS.indexOf(kind);
  return merged.toSorted(
    (a, b) => b.executions.high - a.executions.high || b.executions.low - a.executions.low || order(a) - order(b),
  );
}

/** Returns the finding on a workflow whose name is gone. */
export function goneFinding(before: Definition, after: Definition | undefined, places: Places): Ranked | undefined {
  const { workflow, file } = before;
  const all = places.of(workflow, file.application).filter(({ inFlight }) => inFlight > 0);
  const schedules = places.schedulesOf(workflow, file.application).filter(({ isPaused }) => !isPaused);
  const applications = new Set([...all, ...schedules].map(({ application }) => application));
  const ranked = [...applications].map((application) => {
    const isHere = (each: { readonly application: string | null }) => each.application === application;
    return goneIn(before, after, application, {
      workflow,
      renamedTo: after?.workflow,
      places: all.filter(isHere),
      schedules: schedules.filter(isHere).map(({ schedule }) => schedule),
    });
  });
  return withOthers(ranked, file.application);
}

function goneIn(before: Definition, after: Definition | undefined, application: string | null, gone: Gone): Ranked {
  const { places, schedules, workflow } = gone;
  const isCalled = schedules.length > 0 || places.some(({ takesNewCode }) => takesNewCode);
  const location =
    after === undefined ? oldLocationOf(before) : { path: after.file.path, line: after.line, endLine: after.line };
  return {
    executions: places.reduce((sum, { inFlight }) => sum + inFlight, 0),
    finding: {
      severity: isCalled ? 'error' : 'notice',
      kind: after === undefined ? 'workflow-deleted' : 'workflow-renamed',
      workflow,
      application,
      versions: places.map(({ version, inFlight }) => ({ version, inFlight })),
      probable: before.probable ?? after?.probable,
      ...location,
      message: isCalled ? goneError(gone) : goneNotice(gone),
      suggestion: undefined,
    },
  };
}
