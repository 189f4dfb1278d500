import { number } from '../message.ts';
import { describeCounts, total } from '../status-counts.ts';
import { blocks, codeBlock, markdown, more, NO_VERSION, nameOf, table } from './markdown.ts';
import type { RunReport } from './schema.ts';
import { COMMAND_CHARACTERS, plain, quotedName, visible } from './text.ts';

/* What a preflight found, for the log and for the summary. */

type Found = NonNullable<RunReport['found']>;
type Check = Found['checks'][number];
type FoundVersion = Found['versions'][number];

const VERSIONS_SHOWN = 50;

const TITLES: Readonly<Record<Check['check'], string>> = {
  database: 'Database',
  tls: 'TLS',
  privileges: 'Privileges',
  server: 'Server',
  schema: 'Schema',
  applications: 'Applications',
  versions: 'Versions',
};

const ICONS: Readonly<Record<Check['state'], string>> = { ok: '✅', warning: '⚠️', problem: '❌', unknown: '➖' };
const MARKS: Readonly<Record<Check['state'], string>> = {
  ok: 'ok     ',
  warning: 'warning',
  problem: 'PROBLEM',
  unknown: 'unknown',
};

const GRANTS = 'Missing grants. Run them as the owner of the tables:';
const OPTIONAL = 'Optional grants, which let reports show a queue at its limit:';
const HERE = 'What is here, by version:';
const NEXT =
  'Add this job to the workflow that deploys. `deploy` with its output `version`, `environment` and the script are yours:';
const COMMAND = 'On the command line:';

/** A title, and the lines below it. */
interface Lines {
  readonly title: string;
  readonly lines: readonly string[];
}

/** Returns all that a preflight found, for a log that stands alone. SQL, YAML and command are there to be copied. */
export function preflightLog(found: RunReport['found']): readonly Lines[] {
  if (found === null) return [];
  const { checks, grants, optionalGrants, versions, next } = found;
  const all = [
    {
      title: 'Checks:',
      lines: checks.map(({ check, state, message }) => `${MARKS[state]}  ${TITLES[check]}: ${plain(message)}`),
    },
    { title: GRANTS, lines: statements(grants) },
    { title: OPTIONAL, lines: statements(optionalGrants) },
    { title: HERE, lines: versionLines(versions) },
    { title: NEXT, lines: linesOf(next?.job) },
    { title: COMMAND, lines: linesOf(next?.command) },
  ];
  return all.filter(({ lines }) => lines.length > 0);
}

/** Names in them can be long. */
function statements(grants: readonly string[]): readonly string[] {
  return grants.map((each) => visible(each, COMMAND_CHARACTERS));
}

/** `- "2.0.0" (latest): 2 pending, 1 delayed in flight`, a line per version. */
function versionLines(versions: Found['versions']): readonly string[] {
  const lines = versions.slice(0, VERSIONS_SHOWN).map((each) => {
    const name = each.version === null ? 'without a version' : quotedName(each.version);
    return `- ${name}${standing(each)}: ${inFlightIn(each)} in flight`;
  });
  const left = versions.length - lines.length;
  return left > 0 ? [...lines, `- and ${number(left)} more`] : lines;
}

/** The checks, the missing grants and the versions, as sections of the summary. */
export function foundSection(found: RunReport['found']): string {
  if (found === null) return '';
  const { checks, grants, optionalGrants, applications, versions } = found;
  const shown = versions.slice(0, VERSIONS_SHOWN);
  return blocks(
    '### Checks',
    table(checks, {
      '': ({ state }) => ICONS[state],
      Check: ({ check }) => TITLES[check],
      Found: ({ message }) => markdown(message),
    }),
    ...(grants.length === 0 ? [] : [GRANTS, codeBlock('sql', statements(grants))]),
    ...(optionalGrants.length === 0 ? [] : [OPTIONAL, codeBlock('sql', statements(optionalGrants))]),
    ...(shown.length === 0 ? [] : ['### What is here', versionTable(shown, applications.length > 1)]),
    more(versions.length - shown.length, 'version'),
  );
}

function versionTable(versions: Found['versions'], isShared: boolean): string {
  return table(versions, {
    Version: (each) => `${nameOf(each.version, NO_VERSION)}${standing(each)}`,
    Application: ({ application }) => (isShared ? nameOf(application, '') : ''),
    'In flight': inFlightIn,
  });
}

/** What to use next, as a section of the summary. */
export function nextSection(found: RunReport['found']): string {
  if (found === null || found.next === null) return '';
  const { job, command } = found.next;
  return blocks(
    '### Next',
    ...(job === null ? [] : [NEXT, codeBlock('yaml', linesOf(job))]),
    COMMAND,
    codeBlock('sh', linesOf(command)),
  );
}

function linesOf(text: string | null | undefined): readonly string[] {
  return text == null ? [] : text.split('\n');
}

function inFlightIn(version: FoundVersion): string {
  const ignored = version.ignored > 0 ? [`${number(version.ignored)} ignored`] : [];
  const counted = total(version) > 0 ? [describeCounts(version)] : [];
  const parts = [...counted, ...ignored];
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

function standing({ version, registered, latest, receivesWork }: FoundVersion): string {
  const notes = [
    ...(latest ? ['latest'] : []),
    ...(receivesWork === true ? ['still sent new work'] : []),
    ...(registered || version === null ? [] : ['not registered']),
  ];
  return notes.length === 0 ? '' : ` (${notes.join(', ')})`;
}
