import type { SnapshotContents, Writer } from '../dbos/snapshot/index.ts';
import type { SettleWindow } from '../hold/state.ts';
import { msg, namesOf } from '../message.ts';
import type { Rule } from './rule.ts';

/** Transactions that were writing at the first idle poll are still open. */
export interface OpenTransaction {
  readonly kind: 'open-transaction';
  readonly writers: readonly Writer[];
}

/** Rule 4: nothing is about to appear. Each transaction that was writing at the first idle poll has ended. */
export const openWriters: Rule<OpenTransaction> = {
  checkIdle(window, { index: { contents } }) {
    const open = writersSince(window, contents);
    const writers = contents.writers.filter(({ transaction }) => open.has(transaction));
    return writers.length > 0 ? [{ kind: 'open-transaction', writers }] : [];
  },

  blockers: {
    'open-transaction': {
      verdict: 'in-flight',
      shortName: 'a transaction is still writing',
      explain: ({ writers }) =>
        msg`A transaction that was writing workflows when the target first looked drained is still open (${namesOf(
          writers.map(describeWriter),
        )}): what it enqueued is invisible until it commits. It is waited for; a forgotten one can be ended with pg_terminate_backend(pid).`,
    },
  },
};

/** The transactions that were writing at the first idle poll of the window, and still are. */
export function writersSince(
  window: SettleWindow | undefined,
  { writers }: Pick<SnapshotContents, 'writers'>,
): ReadonlySet<string> {
  const now = new Set(writers.map(({ transaction }) => transaction));
  return window === undefined ? now : now.intersection(window.writers);
}

function describeWriter({ pid, connection }: Writer): string {
  const backend = pid === null ? 'prepared transaction' : `pid ${pid}`;
  return connection ? `${backend} ${connection}` : backend;
}
