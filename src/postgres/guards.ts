/*
 * Every statement of the gate runs in a transaction that says all that a role, a database or a pooler's session may have
 * set otherwise: the isolation level, that it only reads, that it does not wait for a moment without serialization
 * conflicts, where names are searched for, and how long it may take.
 */

/**
 * Starts the transaction of a snapshot: one moment, read-only, with the planner held to the indexes. `row_security =
 * off` makes Postgres raise an error where a policy would have hidden rows.
 */
export const beginSnapshot = (pollTimeoutMs: number) => `
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY NOT DEFERRABLE;
${guards(pollTimeoutMs)}
SET LOCAL enable_seqscan = off;`;

/** Starts the transaction in which the open writers are asked for, or of a statement that has to read a whole table. */
export const beginReadCommitted = (pollTimeoutMs: number) => `
BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY NOT DEFERRABLE;
${guards(pollTimeoutMs)}`;

/** A statement in a transaction of its own that every product understands which speaks Postgres's protocol. */
export const alone = (statement: string) => `
BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY NOT DEFERRABLE;
${statement};
COMMIT`;

/**
 * The timeouts come first, so that those of the role or the database hold for no statement of the gate. The lock timeout
 * is the shorter one: of two equal timeouts the statement's would pass first, and its error explains less. A transaction
 * timeout (Postgres 17) would end a poll that waits for a lock. It is off, since each statement has its own.
 *
 * The search path keeps objects of others from replacing built-in functions, operators and views; temporary ones too,
 * which come first unless they are named. A gate that was killed or cut off leaves nothing running: the server checks a
 * statement's client once per second where it can (Postgres 14, on Linux), and no transaction stays open for longer than
 * a poll can take.
 */
const guards = (pollTimeoutMs: number) => `SET LOCAL statement_timeout = ${Math.ceil(pollTimeoutMs)};
SET LOCAL lock_timeout = ${Math.ceil(pollTimeoutMs * 0.9)};
SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(pollTimeoutMs)};
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL row_security = off;
SELECT set_config(name, setting, true)
  FROM (VALUES ('transaction_timeout', '0'), ('client_connection_check_interval', '1s')) s (name, setting)
 WHERE current_setting(name, true) IS NOT NULL AND (name = 'transaction_timeout' OR version() LIKE '%linux%');
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';`;
