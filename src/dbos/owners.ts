import { type Message, msg, namesOf, trusted } from '../message.ts';

/** Returns what is wrong where the configured application owns nothing: a wrong name would hide everything. */
export function applicationNotSeen(application: string, owners: readonly string[]): Message {
  const others =
    owners.length > 0
      ? msg`. The owners found here are ${namesOf(owners)}`
      : trusted('. Nothing else here has an owner');
  return msg`The application ${application} owns no registered version and no workflow in flight here${others}. Correct \`application\` (it must be exactly the name in DBOS's configuration), or leave it out. Rows without an owner always count.`;
}
