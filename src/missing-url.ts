import { type Message, msg, namesOf, trusted } from './message.ts';
import type { RunContext } from './run-context.ts';

/** What to do where no URL of the system database is given. */
export function describeMissingUrl(context: RunContext): Message {
  // Not PGUSER: GitHub's Windows runners have it.
  const variables = ['PGHOST', 'PGDATABASE'].filter((name) => context.environment[name]);
  const withVariables =
    variables.length === 0
      ? msg``
      : msg` ${namesOf(variables)} ${trusted(variables.length === 1 ? 'is' : 'are')} set: set \`database-url: postgres://\` to take everything from the PG* variables.`;
  const nothing =
    context.shell === 'command-line'
      ? msg`Neither DRAIN_GATE_DATABASE_URL nor DBOS_SYSTEM_DATABASE_URL is set.`
      : msg`The input \`database-url\` is empty, and so is DBOS_SYSTEM_DATABASE_URL.`;
  const base = msg`${nothing} Accepted: the URL of the DBOS system database, postgresql://user:password@host:5432/database.${withVariables}${otherVariables(context)}`;
  switch (context.withoutSecrets) {
    case 'fork':
      return msg`${base} This run is for a pull request from a fork, and GitHub passes no secrets to such runs. Skip the gate there (if: github.event.pull_request.head.repo.full_name == github.repository).`;
    case 'dependabot':
      return msg`${base} Dependabot started this run, and GitHub passes it Dependabot's secrets only. Add the URL to those, or skip the gate (if: github.actor != 'dependabot[bot]').`;
    case undefined:
      if (context.shell === 'command-line') return base;
      return msg`${base} Is the secret defined for this repository, and for this job's environment?`;
  }
}

/** Variables that an SDK reads a database URL from, and the gate does not: what each holds depends on the SDK. */
const OTHER_VARIABLES = [
  ['DBOS_SYSTEM_JDBC_URL', 'Parts that it omits, such as the user, come from the PG* variables.'],
  [
    'DBOS_DATABASE_URL',
    "The Rust SDK finds the system database there; for the Python and TypeScript SDKs it is the application's own database, which the gate cannot use.",
  ],
] as const;

/** How to pass the URL that another variable holds. Nothing of its value is shown: it is not masked. */
function otherVariables({ environment, shell }: RunContext): Message {
  const found = OTHER_VARIABLES.filter(([name]) => environment[name]?.trim());
  const passed = (name: string) =>
    shell === 'command-line' ? `DRAIN_GATE_DATABASE_URL="$${name}"` : `database-url: \${{ env.${name} }}`;
  return trusted(found.map(([name, hint]) => ` ${name} is set: pass it as \`${passed(name)}\`. ${hint}`).join(''));
}
