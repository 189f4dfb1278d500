import type { GateConfig } from '../config.ts';
import { type Sdk, sdkIn, sdksWithout } from '../dbos/sdk.ts';
import { counted, type Message, msg, trusted } from '../message.ts';
import type { RuleContext } from './context.ts';
import type { Rule } from './rule.ts';
import { countsOn } from './snapshot-index.ts';
import { registeredName, type Target } from './target.ts';
import { agreeing, them } from './wording.ts';

/** Why a process of a version could dequeue a row without a version. */
type ClaimReason = 'latest' | 'nothing-registered' | 'sdk-may-claim';

/** Workflows without a version are in flight, and the target could claim them. */
export interface Unversioned {
  readonly kind: 'unversioned';
  readonly count: number;
  readonly because: ClaimReason | 'asked';
  readonly sdk: Sdk | undefined;
}

/** Rule 6: no unversioned workflow in flight could be claimed by a target. */
export const unversioned: Rule<Unversioned> = {
  checkTarget: (version, context) => blockersFor(claimReason(version, context), context),

  // A version that the gate cannot see could take such work where nothing is registered.
  checkNoTargets(context) {
    return blockersFor(context.index.registered.length === 0 ? 'nothing-registered' : undefined, context);
  },

  blockers: {
    unversioned: {
      verdict: 'in-flight',
      shortName: 'unversioned work',
      explain: ({ count, because, sdk }) =>
        msg`${counted(count, 'workflow')} in flight ${agreeing(count, 'has', 'have')} no application version, and ${reasonFor(because, count, sdk)}. Let the new version pick ${them(count)} up, or cancel ${them(count)}. \`on-unversioned: ignore\` disables this rule: set it once the old processes have stopped dequeuing.`,
    },
  },
};

const REASONS: Readonly<Record<Exclude<ClaimReason, 'sdk-may-claim'>, string>> = {
  latest: 'the latest version dequeues unversioned work',
  'nothing-registered': 'no version is registered here, so any process could dequeue unversioned work',
};

function reasonFor(because: Unversioned['because'], count: number, sdk: Sdk | undefined): Message {
  if (because === 'asked') return trusted('`on-unversioned` is `block`');
  const reason = because === 'sdk-may-claim' ? mayClaim(sdk) : REASONS[because];
  return msg`this version could pick ${them(count)} up: ${trusted(reason)}`;
}

function mayClaim(sdk: Sdk | undefined): string {
  const some = sdk === undefined ? 'some of them' : sdksWithout('leaves-unversioned', sdk);
  return `it is not registered under an application name (${sdksWithout('names-application', sdk)} write none), and ${some} let processes of any version dequeue unversioned work`;
}

/**
 * Why the processes of a version could dequeue a row without a version; undefined when they cannot. Only SDKs that let
 * the latest version alone take such rows write the application's name into their registration.
 */
export function claimReason(
  target: Target,
  { index, state }: Pick<RuleContext, 'index' | 'state'>,
): ClaimReason | undefined {
  const version = registeredName(target);
  if (index.registered.length === 0) return 'nothing-registered';
  if (index.latest.has(version)) return 'latest';
  const leavesIt = index.registrations.has(version) && !state.mayTakeUnversioned.has(version);
  return leavesIt ? undefined : 'sdk-may-claim';
}

/** The rows in flight without a version that belong to no target: what processes without one run can be a target. */
export function unclaimed({ index, state }: Pick<RuleContext, 'index' | 'state'>): number {
  return index.unversioned - (state.targets.has(null) ? countsOn(index, null).pending : 0);
}

function blockersFor(reason: ClaimReason | undefined, context: RuleContext): readonly Unversioned[] {
  const count = unclaimed(context);
  return count > 0 && applies(context.config, reason)
    ? [{ kind: 'unversioned', count, because: reason ?? 'asked', sdk: sdkIn(context.state.serializations) }]
    : [];
}

function applies({ onUnversioned }: GateConfig, reason: ClaimReason | undefined): boolean {
  switch (onUnversioned) {
    case 'auto':
      return reason !== undefined;
    case 'block':
      return true;
    case 'ignore':
      return false;
  }
}
