import type { GateConfig } from '../config.ts';
import { type GateState, NO_TARGET, type SettlingKey } from '../hold/state.ts';
import { writersIn } from './4-open-writers.ts';
import { lacksRoots } from './5-live.ts';
import type { RuleContext } from './context.ts';
import { type Blocker, findBlockers } from './index.ts';

/** How far a target, or the gate where there is no target, has settled. */
export interface Settling {
  readonly blockers: readonly Blocker[];
  /** How long every poll has found it idle, in milliseconds; undefined while it is not. */
  readonly settledForMs: number | undefined;
}

/** Adds what the rules say of what is otherwise idle, and for how long it has been. */
export function settlingOf(
  version: SettlingKey,
  blockers: readonly Blocker[],
  isGateIdle: boolean,
  context: RuleContext,
): Settling {
  if (blockers.length > 0 || !isGateIdle) return { blockers, settledForMs: undefined };
  if (version !== NO_TARGET) {
    const signs = findBlockers((rule) => rule.checkOtherwiseIdle?.(version, context));
    if (signs.length > 0 || lacksRoots(context)) return { blockers: signs, settledForMs: undefined };
  }
  const { before, time } = context;
  const window = before.windows.get(version);
  return {
    blockers: findBlockers((rule) => rule.checkIdle?.(window, context)),
    settledForMs: Math.max(0, time.began - (window?.openedAt ?? time.began)),
  };
}

/** Whether it was idle for the whole settle window, and nothing is about to appear. */
export function hasSettled({ blockers, settledForMs }: Settling, { settleMs }: Pick<GateConfig, 'settleMs'>): boolean {
  return blockers.length === 0 && settledForMs !== undefined && settledForMs >= settleMs;
}

/** The settle windows of what is idle: those that were open stay open, the others open with this poll. */
export function windowsAfter(
  all: readonly (Settling & { readonly version: SettlingKey })[],
  context: RuleContext,
): GateState['windows'] {
  const { before, index, time } = context;
  const idle = all.filter(({ settledForMs }) => settledForMs !== undefined);
  return new Map(
    idle.map(({ version }) => {
      const window = before.windows.get(version);
      return [
        version,
        {
          openedAt: window?.openedAt ?? time.ended,
          writers: writersIn(window, context),
          statusesSeen: window?.statusesSeen || Array.isArray(index.contents.unknownStatuses),
        },
      ];
    }),
  );
}
