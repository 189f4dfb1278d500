import { type Message, msg } from '../message.ts';

/** Explains why a text is no URL that the gate can read. Nothing of the text is shown: any part of it can be a secret. */
export function describeMisshapen(url: string): Message {
  if (/^(jdbc:)?sqlite/i.test(url.trim())) {
    return msg`\`database-url\` is an SQLite URL. The gate reads DBOS system databases on Postgres: an SQLite file is on the machine that runs the application, and no runner can see it.`;
  }
  return msg`\`database-url\` is not a Postgres URL that the gate can read (its text is not shown, since it may hold a password). Accepted: postgresql://user:password@host:5432/database, the same with postgres://, postgresql+psycopg:// or jdbc:postgresql://. Characters such as @ / # ? in the password must be percent-encoded; or pass the password as \`database-password\`, where nothing is encoded.`;
}
