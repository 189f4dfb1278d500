/**
 * Starts the transaction of a poll: one snapshot, read-only, with the planner held to the indexes. `row_security =
 * off` makes Postgres raise an error where a policy would have hidden rows. The search path keeps objects of others
 * from replacing built-in functions.
 */
export const beginSnapshot = (pollTimeoutMs: number) => `
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
${guards(pollTimeoutMs)}
SET LOCAL enable_seqscan = off;`;

/** Starts a transaction for a statement that has to read a whole table. */
export const beginScan = (pollTimeoutMs: number) => `
BEGIN READ ONLY;
${guards(pollTimeoutMs)}`;

/**
 * The lock timeout is the shorter one: of two equal timeouts the statement's would pass first, and its error explains
 * less. A gate that was killed or cut off leaves nothing running: the server checks a statement's client once per
 * second where it can (Postgres 14, on Linux), and no transaction stays open for longer than a poll can take.
 */
const guards = (pollTimeoutMs: number) => `SET LOCAL search_path = pg_catalog;
SET LOCAL row_security = off;
SELECT set_config('client_connection_check_interval', '1s', true)
 WHERE current_setting('client_connection_check_interval', true) IS NOT NULL AND version() LIKE '%linux%';
SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(pollTimeoutMs)};
SET LOCAL statement_timeout = ${Math.ceil(pollTimeoutMs)};
SET LOCAL lock_timeout = ${Math.ceil(pollTimeoutMs * 0.9)};
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';`;
