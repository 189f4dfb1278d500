import { type Sdk, sdkIn } from '../dbos/sdk.ts';
import type { RowSet } from '../dbos/snapshot/index.ts';
import { fullName } from '../dbos/workflow-name.ts';
import { counted, type Message, msg, namesOf, trusted } from '../message.ts';
import type { RuleContext } from './context.ts';
import type { Rule } from './rule.ts';
import type { Target } from './target.ts';
import { agreeing } from './wording.ts';

/** Workflows were created on the target since the previous poll. */
export interface StillStarting {
  readonly kind: 'still-starting';
  readonly atLeast: number;
  /** Names of workflows among them that schedules start. */
  readonly schedules: readonly string[];
  readonly sdk: Sdk | undefined;
}

/** Rule 3: during the settle window no row of any status is created on a target, ignored names aside. */
export const starting: Rule<StillStarting> = {
  checkTarget(version, context) {
    if (!context.before.windows.has(version)) return [];
    const atLeast = createdSincePreviousPoll(version, context);
    const { names } = context.index.contents.started;
    const scheduled = names.filter((each) => each.version === version && each.scheduled);
    const schedules = scheduled.map((each) => fullName(each) ?? 'a workflow without a name');
    const sdk = sdkIn(context.state.serializations);
    return atLeast > 0 ? [{ kind: 'still-starting', atLeast, schedules, sdk }] : [];
  },

  blockers: {
    'still-starting': {
      verdict: 'in-flight',
      shortName: 'new work is still being started',
      explain: ({ atLeast, schedules, sdk }) =>
        msg`New work is still being started: at least ${counted(atLeast, 'workflow')} ${agreeing(atLeast, 'was', 'were')} created since the previous poll.${schedules.length > 0 ? msg` A schedule starts ${namesOf(schedules)}.` : trusted('')} Shift the traffic first: ${sourcesOf(sdk)}. To let some continue, list their names in \`ignore-workflows\`.`,
    },
  },
};

/** What sends work to a version, with this SDK. */
function sourcesOf(sdk: Sdk | undefined): Message {
  if (sdk === undefined) return trusted('requests, message consumers, and the in-process schedules of older SDKs');
  const { language, ownSchedules } = sdk;
  if (ownSchedules === undefined) return trusted('requests and message consumers');
  const { api, before } = ownSchedules;
  return trusted(
    `requests, message consumers, and in-process schedules (\`${api}\` of ${language} SDKs before ${before})`,
  );
}

/**
 * At least how many rows were created. Two polls count from the same moment, and their counts are compared: rows are
 * stamped by the clocks of the processes that create them, which can lag behind the database's.
 */
function createdSincePreviousPoll(version: Target, { before, index }: RuleContext): number {
  const none: RowSet = { count: 0, fingerprint: '0' };
  const then = before.started?.versions.get(version) ?? none;
  const now = index.started.get(version)?.sincePrevious ?? none;
  if (now.fingerprint === then.fingerprint && now.count === then.count) return 0;
  return Math.max(1, now.count - then.count);
}
