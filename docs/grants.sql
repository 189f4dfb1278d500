-- Least privilege for the gate's role: metadata of workflows, and no inputs, outputs or errors.
--
-- Run it as the owner of the tables, in the system database. Give the role a password (\password drain_gate), or let
-- your provider's IAM log it in. If your schema is not dbos, replace the name below. An older schema has fewer tables and
-- columns: leave out what is missing. The gate's error names it, with the grant. A grant of columns does not cover columns
-- that a later migration adds. If the deploy that the gate guards also upgrades DBOS, run the new grants first, or grant
-- SELECT on the tables: see docs/database-role.md, which also shows how to remove the role.

CREATE ROLE drain_gate LOGIN;

-- Bounds for anybody else who gets the password. A gate needs one connection. It sets its own timeouts.
ALTER ROLE drain_gate CONNECTION LIMIT 3;
ALTER ROLE drain_gate SET default_transaction_read_only = on;
ALTER ROLE drain_gate SET statement_timeout = '5min';
ALTER ROLE drain_gate SET idle_in_transaction_session_timeout = '1min';

GRANT USAGE ON SCHEMA dbos TO drain_gate;

-- ctid: used to find a row again without an index.
GRANT SELECT (ctid, workflow_uuid, status, name, class_name, config_name, queue_name, executor_id,
              application_version, application_name, parent_workflow_id, forked_from, created_at, updated_at,
              started_at_epoch_ms, delay_until_epoch_ms, workflow_deadline_epoch_ms, is_debounced,
              debounce_deadline_epoch_ms, serialization, queue_partition_key)
  ON dbos.workflow_status TO drain_gate;

GRANT SELECT (workflow_uuid, function_id, function_name, child_workflow_id, started_at_epoch_ms, completed_at_epoch_ms)
  ON dbos.operation_outputs TO drain_gate;

-- xmin: shows whether a registration was written again.
GRANT SELECT (version_name, version_timestamp, created_at, application_name, xmin)
  ON dbos.application_versions TO drain_gate;

GRANT SELECT (version) ON dbos.dbos_migrations TO drain_gate;

-- Optional: lets the report show a queue at its concurrency limit. SDKs before TypeScript 4.20 have no such table.
GRANT SELECT (name, concurrency, worker_concurrency, rate_limit_period_sec, partition_queue, partition_concurrency,
              partition_worker_concurrency, partition_rate_limit_period_sec, application_name)
  ON dbos.queues TO drain_gate;

-- If CONNECT on the database was revoked from PUBLIC, the role needs it, too:
-- GRANT CONNECT ON DATABASE … TO drain_gate;
