import type { Writer } from '../dbos/snapshot/index.ts';
import { isHidden } from '../hidden-ids.ts';
import type { SettleWindow } from '../hold/state.ts';
import { joined, type Message, msg, namesOf, trusted } from '../message.ts';
import { quoteLiteral } from '../postgres/sql.ts';
import type { RuleContext } from './context.ts';
import type { Rule } from './rule.ts';

/** Transactions that were collected in the settle window are still open. */
export interface OpenTransaction {
  readonly kind: 'open-transaction';
  readonly writers: readonly Writer[];
}

/** Rule 4: nothing is about to appear. Each transaction that was writing, or waiting to, in the window has ended. */
export const openWriters: Rule<OpenTransaction> = {
  checkIdle(window, context) {
    const writers = writersIn(window, context);
    return writers.length > 0 ? [{ kind: 'open-transaction', writers }] : [];
  },

  blockers: {
    'open-transaction': {
      verdict: 'in-flight',
      shortName: 'a transaction is still writing',
      explain: ({ writers }) =>
        msg`A transaction that writes workflows, or waits to, is still open (${describeWriters(writers)}). What it enqueues becomes visible only when it commits, so the gate waits for it. ${remedyFor(writers)}`,
    },
  },
};

/**
 * The transactions to wait for: those that write now, until the settle time has passed. Then only those of them that
 * were there before: later ones belong to others, and under traffic there is always one. A transaction keeps its name when
 * its session prepares it.
 */
export function writersIn(
  window: SettleWindow | undefined,
  { config, index: { contents }, time }: RuleContext,
): readonly Writer[] {
  const { writers } = contents;
  if (window === undefined || time.began - window.openedAt < config.settleMs) return writers;
  const collected = new Set(window.writers.map(({ transaction }) => transaction));
  return writers.filter(({ transaction }) => collected.has(transaction));
}

/** Which they are, or how many where `details: names` hides which. */
function describeWriters(writers: readonly Writer[]): Message {
  return writers.some(({ transaction }) => isHidden(transaction))
    ? msg`${writers.length} in all; pg_locks shows which`
    : namesOf(writers.map(describeWriter));
}

function describeWriter({ pid, connection, waits, prepared }: Writer): string {
  if (pid === null) return prepared === null ? 'prepared transaction' : `prepared transaction ${prepared}`;
  const backend = connection ? `pid ${pid} ${connection}` : `pid ${pid}`;
  return waits ? `${backend}, waiting for its lock` : backend;
}

function remedyFor(writers: readonly Writer[]): Message {
  const prepared = writers.filter(({ pid }) => pid === null);
  return joined([
    ...(prepared.length === writers.length ? [] : [msg`If it was abandoned, end it with pg_terminate_backend(pid).`]),
    ...(prepared.length === 0
      ? []
      : [
          msg`A prepared transaction belongs to no process. To discard its changes, run this in the same database, as its owner or a superuser: ${rollbackOf(prepared)} (COMMIT PREPARED keeps them). pg_prepared_xacts lists all of them.`,
        ]),
  ]);
}

/** The statement that ends the first one whose gid can be typed. */
function rollbackOf(prepared: readonly Writer[]): Message {
  const gid = prepared.map((writer) => writer.prepared).find((each) => each !== null && /^[ -~]+$/.test(each));
  return gid ? [{ command: `ROLLBACK PREPARED ${quoteLiteral(gid)};` }] : trusted('`ROLLBACK PREPARED` with its gid');
}
