-- The least that the gate's role needs: to see what is in flight, not what workflows were given, returned or threw.
--
-- Run it as the owner of the tables, in the system database. Give the role a password, or let your provider's IAM
-- log it in. With another schema than dbos, put its name in place. An older schema has fewer tables and columns:
-- leave out what is not there (the gate's error names what is missing, with the grant). A grant of columns does not
-- cover those that a later migration adds: where DBOS is upgraded in the deploy that the gate guards, grant SELECT on
-- the tables as the README does, or run the new grants first.

CREATE ROLE drain_gate LOGIN;

GRANT USAGE ON SCHEMA dbos TO drain_gate;

-- ctid is where a row lies, and leads back to it without an index.
GRANT SELECT (ctid, workflow_uuid, status, name, class_name, config_name, queue_name, executor_id,
              application_version, application_name, parent_workflow_id, forked_from, created_at, updated_at,
              started_at_epoch_ms, delay_until_epoch_ms, workflow_deadline_epoch_ms, is_debounced,
              debounce_deadline_epoch_ms, serialization, queue_partition_key)
  ON dbos.workflow_status TO drain_gate;

GRANT SELECT (workflow_uuid, function_id, function_name, child_workflow_id, started_at_epoch_ms, completed_at_epoch_ms)
  ON dbos.operation_outputs TO drain_gate;

-- xmin tells a registration that was written again from one that was not.
GRANT SELECT (version_name, version_timestamp, created_at, application_name, xmin)
  ON dbos.application_versions TO drain_gate;

GRANT SELECT (version) ON dbos.dbos_migrations TO drain_gate;

-- Not needed, but then the report can tell a queue at its concurrency limit. SDKs before TypeScript 4.20 have no such table.
GRANT SELECT (name, concurrency, worker_concurrency, rate_limit_period_sec, partition_queue, partition_concurrency,
              partition_worker_concurrency, partition_rate_limit_period_sec, application_name)
  ON dbos.queues TO drain_gate;

-- Where CONNECT on the database was taken from PUBLIC, it needs that too:
-- GRANT CONNECT ON DATABASE … TO drain_gate;
