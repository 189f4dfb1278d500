import { type InputError, type InputErrorId, inputError } from '../errors.ts';
import { trusted } from '../message.ts';

/** What is given in place of a URL, by how it starts. The first that matches counts. */
const MISTAKES: readonly (readonly [start: RegExp, id: InputErrorId, what: string])[] = [
  [
    /^(?:jdbc:)?sqlite/i,
    'input-sqlite',
    'is an SQLite URL. The gate reads DBOS system databases on Postgres: an SQLite file is on the machine that runs the application, and the gate cannot see it.',
  ],
  [
    /^["'`\u2018-\u201f<]/,
    'input-quoted',
    'is in quotes. Write the URL without them: a shell and a .env file take quotes away, a secret and an input keep them.',
  ],
  [
    /^(?:\S*\/)?(?:psql|pg_[a-z]+|pgcli)(?:\.exe)?\s/i,
    'input-command',
    'is a command, such as psql. Write only a URL, without quotes: postgresql://user:password@host:5432/database.',
  ],
  [
    /^(?:(?:export|set|env)\s+|\$env:)?[\w-]+\s*(?:=|:\s)\s*["']?(?:jdbc:)?postgres/i,
    'input-variable',
    'starts with the name of a variable. Write only its value, without quotes: what follows the `=`.',
  ],
  [
    /^(?:host|hostaddr|hostname|server|data source|port|dbname|database|service|user|username|user id|password|passfile|sslmode|application_?name|channel_binding|connect_timeout)\s*=/i,
    'input-keywords',
    'is a list of words and values (host=… dbname=…). Write it as a URL: postgresql://user:password@host:5432/database?sslmode=….',
  ],
  [
    /^prisma(?:\+postgres(?:ql)?)?:/i,
    'input-prisma',
    'is a URL of the service of Prisma, which does not speak the protocol of Postgres. Write the URL of the database itself, which Prisma calls the direct one.',
  ],
  [
    /^https?:/i,
    'input-web-address',
    'is the address of a web page or of an API. Write the connection string of the database, which starts with postgresql://.',
  ],
  [
    /^(?:jdbc:)?(?:mysql|mariadb|mongodb|redis|rediss|mssql|sqlserver|oracle|db2|snowflake|clickhouse|libsql|cockroachdb|redshift|amqp|amqps|kafka|file|tcp|unix)(?:\+\w+)?:/i,
    'input-not-postgres',
    'is not a URL of Postgres. The gate reads DBOS system databases on Postgres: write the URL that the application has for its system database.',
  ],
  [
    /^(?:\$[\w{(]|\{\{|%\w+%$|\*+$|(?:undefined|null|none|nan)$|\[object )/i,
    'input-placeholder',
    'is a placeholder that nothing has filled: it has the name of the URL, or nothing, in place of the URL. Look where its value is set.',
  ],
  [/\n/, 'input-several-lines', 'has several lines. Write one URL in one line, and nothing else.'],
];

/** Returns why a text is no URL that the gate can read. Nothing of the text is shown: any part of it can be a secret. */
export function misshapen(url: string): InputError {
  const mistake = MISTAKES.find(([start]) => start.test(url.trim()));
  if (mistake !== undefined) return inputError(mistake[1])`\`database-url\` ${trusted(mistake[2])}`;
  return inputError(
    'input-not-a-url',
  )`\`database-url\` is not a Postgres URL. It is not shown, because it could contain a password. Accepted: postgresql://user:password@host:5432/database, the same with postgres://, postgresql+psycopg:// or jdbc:postgresql://. Percent-encode characters such as @ / # ? in the password, or pass the password as \`database-password\`, without encoding.`;
}
