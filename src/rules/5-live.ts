import { type Sdk, sdkIn } from '../dbos/sdk.ts';
import { EXAMINED_ROWS } from '../dbos/snapshot/newest-roots.ts';
import { counted, type Message, msg, namesOf, trusted } from '../message.ts';
import { momentText, spanText } from '../time.ts';
import type { RuleContext } from './context.ts';
import { type SignOfLife, signInRun } from './live-evidence.ts';
import type { Rule } from './rule.ts';
import type { Settling } from './settle.ts';
import { registeredName, type Target } from './target.ts';
import { agreeing, byPromotion } from './wording.ts';

export type Live =
  /** The target is the latest version of its application. */
  | {
      readonly kind: 'live';
      /** Other registered versions, which could become the latest. */
      readonly alternatives: readonly string[];
      readonly sdk: Sdk | undefined;
    }
  /** The target is not the latest version, but the newest workflows show that it still receives work. */
  | {
      readonly kind: 'receives-work';
      readonly version: Target;
      readonly sign: SignOfLife;
      readonly latest: readonly string[];
      readonly sdk: Sdk | undefined;
      /** Database clock, epoch milliseconds. */
      readonly observedAt: number;
    };

/**
 * Rule 5: a target is not the latest version, to which DBOS sends schedules and unversioned queue items, and new work
 * has moved off it.
 */
export const live: Rule<Live> = {
  checkTarget(version, { config, index, state }) {
    if (config.onLive === 'ignore' || !index.latest.has(registeredName(version))) return [];
    const alternatives = index.registered.map((other) => other.version).filter((other) => other !== version);
    return [{ kind: 'live', alternatives, sdk: sdkIn(state.serializations) }];
  },

  checkOtherwiseIdle(version, context) {
    const { index, observedAt, state } = context;
    const { newestRoots } = index.contents;
    const [newest] = index.registered;
    if (!weighsRoots(context) || newestRoots === undefined || newest === undefined) return [];
    const latest = { versions: index.latest, since: newest.timestamp };
    const sign = signInRun(version, latest, state.latestAtFirst, newestRoots, observedAt);
    if (sign === undefined) return [];
    const sdk = sdkIn(state.serializations);
    return [{ kind: 'receives-work', version, sign, latest: [...index.latest], sdk, observedAt }];
  },

  blockers: {
    live: {
      verdict: 'still-live',
      shortName: 'still the latest version',
      explain({ alternatives, sdk }) {
        const registered = alternatives.length > 0 ? msg` Registered: ${namesOf(alternatives)}.` : trusted('');
        return msg`It is still the latest version of its application. Launch the new version before you retire this one. After a rollback, promote the version that you keep ${byPromotion(sdk)}.${registered} \`on-live: ignore\` disables this rule.`;
      },
    },
    'receives-work': {
      verdict: 'still-live',
      shortName: 'still receives work',
      explain: ({ version, sign, latest, sdk, observedAt }) =>
        msg`${describe(sign, observedAt)} ${remedy(version, sign, latest, sdk)} \`on-live: latest-only\` disables this rule.`,
    },
  },
};

/*
 * A poll reads the newest workflows only where nothing else blocks a target. That is known when the poll before it is
 * evaluated, and assumed of the first poll. Where it turns out to be so without that, the next poll follows at once.
 */

/**
 * Whether the rule weighs the newest workflows. Without a registration there is no latest version, and it is void.
 *
 * @param context Before the first poll, there is no index.
 */
export function weighsRoots({ config, index }: Pick<RuleContext, 'config'> & Partial<RuleContext>): boolean {
  return config.onLive === 'block' && index?.registered.length !== 0;
}

/** Whether the rule could still block what nothing else blocks: this poll did not read what it weighs. */
export function lacksRoots(context: RuleContext): boolean {
  return weighsRoots(context) && context.index.contents.newestRoots === undefined;
}

/** Whether nothing blocks a target but, perhaps, this rule by the newest workflows. */
export function isOtherwiseIdle({ blockers, settledForMs }: Settling): boolean {
  return settledForMs !== undefined || blockers.every(({ kind }) => kind === 'receives-work');
}

function describe(sign: SignOfLife, now: number): Message {
  switch (sign.because) {
    case 'share':
    case 'rollback':
    case 'unmoved': {
      const age = trusted(spanText(now - sign.startedAt));
      const since =
        sign.newer === 0
          ? trusted('none has')
          : msg`${trusted(`only ${sign.newer}`)} ${agreeing(sign.newer, 'has', 'have')}`;
      const unmoved = trusted(
        sign.because === 'unmoved'
          ? ' The latest version was registered or promoted while the gate was waiting, and has started no work since.'
          : '',
      );
      return msg`It still receives new work: its newest workflow started ${age} ago, and ${since} started on another version since.${unmoved} ${ending(sign, now)}`;
    }
    case 'process-name':
      return msg`This version and the latest each belong to a single process. New work started on this one ${trusted(spanText(now - sign.startedAt))} ago, so its process could still be running.`;
    case 'nothing-else-runs':
      return msg`No other version picks up work: none of the newest workflows ran on another one, and they do not reach back to the launch of the latest version.`;
    case 'hidden-by-others':
      return msg`Other applications hide which version picks up work: their workflows fill the newest ${trusted(EXAMINED_ROWS.toLocaleString('en'))} rows of this database.`;
  }
}

/** Until when it counts as live, and what ends that sooner. */
function ending(sign: SignOfLife & { readonly because: 'share' | 'rollback' | 'unmoved' }, now: number): Message {
  const { lacking, until, oneIsEnoughFrom } = sign;
  if (until !== undefined) {
    return msg`It counts as live until ${trusted(momentText(until, now))}, or until ${counted(lacking, 'more workflow')} ${agreeing(lacking, 'starts', 'start')} on the new version.`;
  }
  if (lacking === 1 || oneIsEnoughFrom === undefined || oneIsEnoughFrom <= now) {
    return msg`It counts as live until another version picks up work. One workflow on the new version is enough.`;
  }
  return msg`It counts as live until ${counted(lacking, 'workflow')} start on the new version. From ${trusted(momentText(oneIsEnoughFrom, now))}, one is enough.`;
}

function remedy(version: Target, { because }: SignOfLife, latest: readonly string[], sdk: Sdk | undefined): Message {
  if (because === 'hidden-by-others') return trusted('Start one workflow on the version that you keep.');
  if (version === null) {
    return trusted(
      'Without a version it cannot be kept or promoted. Give its processes a version (`DBOS__APPVERSION`) and restart them, or shift their traffic first.',
    );
  }
  switch (because) {
    case 'share':
    case 'rollback':
    case 'unmoved':
      return msg`Shift the traffic first. After a rollback, keep this version, or promote it ${byPromotion(sdk)} (the latest is ${namesOf(latest)}).`;
    case 'process-name':
      return msg`Give the application a version (\`DBOS__APPVERSION\`), and stop the old process first. The latest version is ${namesOf(latest)}.`;
    case 'nothing-else-runs':
      return msg`Is the latest version (${namesOf(latest)}) running? If not, launch it. After a rollback, promote the version that is running ${byPromotion(sdk)}.`;
  }
}
