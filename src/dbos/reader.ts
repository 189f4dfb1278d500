import type { GateConfig } from '../config.ts';
import type { Connection } from '../postgres/connection.ts';
import { explainFailure, POLL_OVERDUE } from '../postgres/errors.ts';
import { withPassword } from '../postgres/password.ts';
import type { DatabaseConfig } from '../postgres/url.ts';
import { inTime, openHandle } from './connect.ts';
import { namesOnly } from './names-only.ts';
import { type PollRequest, takeSnapshot } from './poll.ts';
import type { SnapshotReader, SnapshotRequest } from './snapshot/index.ts';

/**
 * Returns a reader of snapshots. It has one connection at a time, made at the first read and kept until `close`. After a
 * read that failed, the next one makes a new connection. One that broke while it was idle between two reads is replaced
 * at once: nothing was missed, and whether the same server answers is for the rules to judge. With `details: names`,
 * nothing that it returns holds an id. `close` takes one second at most, whatever the network does.
 *
 * @param now The gate's own clock, in milliseconds. It measures what a poll cost.
 * @param onPassword Called with the password of each connection, before it is made: to mask it.
 */
export function systemDatabase(
  database: DatabaseConfig,
  gate: PollRequest['gate'] & Pick<GateConfig, 'details'>,
  now: () => number,
  onPassword: (password: string) => void = () => undefined,
) {
  /** With the password of the newest connection. */
  let config = database;
  let handle: ReturnType<typeof openHandle> | undefined;
  let connectedBefore = false;

  const open = (after?: Promise<void>) => {
    config = withPassword(database);
    if (config.password !== undefined) onPassword(config.password);
    return openHandle(config, gate.pollTimeoutMs, after);
  };
  const poll = async (connection: Connection, request: SnapshotRequest) => {
    connectedBefore = true;
    return takeSnapshot(connection, { config, gate, request }, now);
  };
  const take = async (request: SnapshotRequest) => {
    const kept = handle;
    handle ??= open();
    const connection = await handle.connection;
    try {
      return await poll(connection, request);
    } catch (error) {
      // A connection that was closed meanwhile was closed on purpose.
      if (kept === undefined || kept !== handle || !connection.brokeIdle(error)) throw error;
      handle = open(kept.close());
      return poll(await handle.connection, request);
    }
  };
  const close = async () => {
    const last = handle;
    handle = undefined;
    await last?.close();
  };

  const reader: SnapshotReader = {
    async read(request, signal) {
      try {
        return await inTime(take(request), signal, POLL_OVERDUE);
      } catch (error) {
        await close();
        throw explainFailure(error, config, connectedBefore);
      }
    },
  };
  return { ...(gate.details === 'names' ? namesOnly(reader, database) : reader), close };
}
