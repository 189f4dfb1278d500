import pg from 'pg';

const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
const { rows } = await client.query(
  `SELECT count(*) FROM dbos.workflow_status WHERE application_version = '1.0.0' AND (status IN ('PENDING', 'ENQUEUED') OR status = 'DELAYED')`,
);
console.log(`${rows[0].count} in flight`);
await client.end();
