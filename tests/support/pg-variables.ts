/** A database by libpq's variables alone, and what the gate makes of them. */
export const PG_VARIABLES = {
  PGHOST: 'h',
  PGPORT: '7',
  PGUSER: 'u',
  PGPASSWORD: 'p',
  PGDATABASE: 'd',
  PGSSLMODE: 'require',
} as const;

export const FROM_PG_VARIABLES = {
  host: 'h',
  port: 7,
  user: 'u',
  password: 'p',
  database: 'd',
  tlsMode: 'require',
} as const;
