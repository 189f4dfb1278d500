import { createHmac, randomBytes } from 'node:crypto';
import { ReportableError, TransientError } from '../errors.ts';
import { HIDDEN } from '../hidden-ids.ts';
import { type Message, trusted } from '../message.ts';
import type { DatabaseConfig } from '../postgres/url.ts';
import type { Snapshot, SnapshotContents, SnapshotReader, Writer } from './snapshot/index.ts';

/*
 * `details: names`: ids and keys end here, where a poll enters the process, so nothing behind can show them.
 */

/**
 * Returns a reader whose snapshots and errors hold names, and no id of a workflow, executor,
 * instance or transaction: a customer can have an instance of a class. What stands
 * for an id is the same at each poll, and means nothing outside this process: its key is random.
 */
export function namesOnly(
  reader: SnapshotReader,
  { host, user, database, schema }: Pick<DatabaseConfig, 'host' | 'user' | 'database' | 'schema'>,
): SnapshotReader {
  const key = randomBytes(32);
  const hide = (id: string) => `${HIDDEN}${createHmac('sha256', key).update(id).digest('base64url')}`;
  /** The transactions of the writers at the newest poll, by what stands for them. */
  let transactions: ReadonlyMap<string, string> = new Map();
  const own = new Set([host, user, database, schema, `${schema}.workflow_status`]);
  return {
    async read(request, signal) {
      try {
        const openWriters = request.openWriters.flatMap((hidden) => transactions.get(hidden) ?? []);
        const snapshot = await reader.read({ ...request, openWriters }, signal);
        const writers = snapshot.contents?.writers ?? [];
        transactions = new Map(writers.map(({ transaction }) => [hide(transaction), transaction]));
        return withoutIds(snapshot, hide);
      } catch (error) {
        throw withoutServerText(error, own);
      }
    },
  };
}

function withoutIds({ contents, ...snapshot }: Snapshot, hide: (id: string) => string): Snapshot {
  return { ...snapshot, contents: contents && contentsWithoutIds(contents, hide) };
}

function contentsWithoutIds(contents: SnapshotContents, hide: (id: string) => string): SnapshotContents {
  const { workflows, lastDelayed, writers } = contents;
  return {
    ...contents,
    lastDelayed: lastDelayed.map((workflow) => ({ ...workflow, id: hide(workflow.id), instance: null })),
    workflows: {
      ...workflows,
      items: workflows.items.map(({ id, parent, ...workflow }) => {
        return {
          ...workflow,
          id: hide(id),
          parent: parent === null ? null : hide(parent),
          executor: null,
          instance: null,
        };
      }),
    },
    writers: writers.map(
      ({ transaction, pid, waits }): Writer => ({
        transaction: hide(transaction),
        // Null says that the transaction is prepared.
        pid: pid === null ? null : 0,
        connection: null,
        waits,
        prepared: null,
      }),
    ),
  };
}

/** Stands for what a server said. */
export const HIDDEN_TEXT = '(a text that `details: names` hides)';

/** What a server or a pooler says can quote a row. The gate's own sentences, and parts of its URL, stay. */
function withoutServerText(error: unknown, own: ReadonlySet<string>): unknown {
  if (!(error instanceof ReportableError) || !(error.cause instanceof Error)) return error;
  const { cause } = error;
  const explanation: Message = error.explanation.flatMap((part) =>
    typeof part === 'string' || 'command' in part || own.has(part.untrusted) ? [part] : trusted(HIDDEN_TEXT),
  );
  if (!(error instanceof TransientError)) return new ReportableError(explanation, { id: error.id, cause });
  const { connectedBefore, overLimit, brief } = error;
  return new TransientError(explanation, connectedBefore, { id: error.id, cause, overLimit, brief });
}
