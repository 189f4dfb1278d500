import type { GateConfig } from '../config.ts';
import type { DatabaseFacts } from '../dbos/snapshot/index.ts';
import type { GateState, PollTime } from '../hold/state.ts';
import type { SnapshotIndex } from './snapshot-index.ts';

/** What the rules read. */
export interface RuleContext {
  readonly config: GateConfig;
  /** The state before this poll. */
  readonly before: GateState;
  /** The state with what this poll adds. */
  readonly state: GateState;
  readonly database: DatabaseFacts;
  readonly index: SnapshotIndex;
  /** When the snapshot was taken, by the database's clock in epoch milliseconds. */
  readonly observedAt: number;
  readonly time: PollTime;
}
