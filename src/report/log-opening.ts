import type { GateConfig } from '../config.ts';
import { pauseInWords } from '../hold/pace.ts';
import { joined, type Message, msg, namesOf, number, trusted } from '../message.ts';
import type { DatabaseConfig, UrlSource } from '../postgres/url.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import { describeCounts } from '../status-counts.ts';
import { durationText } from '../time.ts';
import type { RunReport } from './schema.ts';
import { describeServer, namesOfVersions, ownWorkNote, quotedName, workflowName } from './text.ts';

/* What the log says before the first poll, and once after it. */

const GROUPS_SHOWN = 20;

/** What the gate will do. */
export function openingOf(config: GateConfig): Message {
  const application = config.application === undefined ? trusted('') : msg` of the application ${config.application}`;
  const what = msg`${targetsInWords(config)}${application}`;
  const settle = trusted(durationText(config.settleMs));
  const timeout = trusted(durationText(config.timeoutMs));
  const interval = trusted(pauseInWords(config));
  switch (config.mode) {
    case 'wait':
      return msg`Waiting up to ${timeout} for ${what} to drain (polling every ${interval}; must stay idle for ${settle}).`;
    case 'check':
      return msg`Checking whether ${what} can be retired. The gate fails if anything is in flight; otherwise it must stay idle for ${settle}.`;
    case 'report':
      return msg`Reporting whether ${what} can be retired: it must stay idle for ${settle}. Work in flight does not fail the gate.`;
    case 'preflight':
      return msg`Checking whether the gate can work here${application}. No version is judged.`;
  }
}

function targetsInWords({ targets }: GateConfig): Message {
  if (targets.kind === 'named') return namesOf(targets.versions);
  if (targets.kind === 'none') return trusted('no version');
  return msg`every version except ${targets.kind === 'all-but' ? namesOf(targets.keep) : trusted('the latest')}`;
}

/** Where the system database is, and where that is from. */
export interface Place extends Pick<DatabaseConfig, 'host' | 'port' | 'database' | 'schema'> {
  readonly source: UrlSource;
}

/**
 * `System database: "shop" at "db.internal", port 5432, schema "dbos" (from the input database-url).` With `details:
 * names`, more people can read the log than the database: the server is not shown.
 */
export function describePlace(
  { host, port, database, schema, source }: Place,
  details: GateConfig['details'],
): Message {
  const server = details === 'names' ? trusted('') : msg` at ${host}, port ${trusted(String(port))}`;
  return msg`System database: ${database}${server}, schema ${schema} (from ${sourceInWords(source)}).`;
}

/** Where the parts of the URL are from, without any of them. */
export function sourceInWords({ url, variables }: UrlSource): Message {
  const what = url === 'input' ? 'the input `database-url`' : 'DBOS_SYSTEM_DATABASE_URL';
  return trusted([what, ...(variables.length > 0 ? [`and ${variables.join(', ')}`] : [])].join(', '));
}

/** What the first poll found, before it is evaluated: server, registrations, kept versions and targets. */
export function describeDatabase({ snapshot, index, gate, targets, state }: Evaluation): Message {
  const { serverVersion, migration } = snapshot.database;
  const server = describeServer(serverVersion, migration ?? null);
  if (index === undefined) return msg`${server}.`;
  const [newest] = index.registered;
  const { registrations } = index.contents;
  const registered =
    newest === undefined || registrations === undefined
      ? trusted('no version is registered')
      : msg`${registrations.length} registered, the latest is ${newest.version}`;
  const parts = [msg`${server}. Versions: ${registered}`];
  if (state.kept !== undefined) parts.push(msg`kept: ${namesOf(state.kept)}`);
  if (state.kept !== undefined && gate.length === 0) {
    const retired = namesOfVersions(targets);
    parts.push(targets.length > 0 ? msg`to retire: ${retired}` : trusted('nothing to retire'));
  }
  return msg`${joined(parts, '; ')}.`;
}

/** `- "checkout" on queue "payments": 3 pending, 1 enqueued`: the largest first. */
export function groupLines({ items, omitted }: RunReport['groups'], targets: number): readonly string[] {
  const lines = items.slice(0, GROUPS_SHOWN).map((group) => {
    const full = workflowName(group);
    const own = ownWorkNote({ ...group, name: group.workflow }).map((note) => ` (${note})`);
    const name = full === null ? 'a workflow without a name' : `${quotedName(full)}${own.join('')}`;
    const queue = group.queue === null ? '' : ` on queue ${quotedName(group.queue)}`;
    const version = group.version === null ? ', unversioned' : targets > 1 ? `, ${quotedName(group.version)}` : '';
    return `- ${name}${queue}${version}${group.ignored ? ', ignored' : ''}: ${describeCounts(group)}`;
  });
  const left = items.length - lines.length + omitted;
  return left > 0 ? [...lines, `- and ${number(left)} more`] : lines;
}
