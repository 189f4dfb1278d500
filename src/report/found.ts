import type { SnapshotIndex } from '../rules/snapshot-index.ts';
import { describeCounts, NO_WORKFLOWS, total } from '../status-counts.ts';
import { blocks, more, NO_VERSION, nameOf, table } from './markdown.ts';
import type { RunReport } from './schema.ts';
import { quotedName } from './text.ts';

/** What a preflight finds. */
type Found = NonNullable<RunReport['found']>;
type FoundVersion = Found['versions'][number];

const VERSIONS_SHOWN = 50;

/** Returns what the application has here: registered versions, the newest first, and then what else is in flight. */
export function foundIn({ contents, registered, registrations, inFlight, latest }: SnapshotIndex): Found {
  const names = new Set<string | null>([...registered.map(({ version }) => version), ...inFlight.keys()]);
  const versions = [...names].map((version): FoundVersion => {
    const work = inFlight.get(version);
    const { pending, enqueued, delayed } = work ?? NO_WORKFLOWS;
    const registration = version === null ? undefined : registrations.get(version);
    return {
      version,
      application: registration?.application ?? work?.application ?? null,
      registered: registration !== undefined,
      latest: version !== null && latest.has(version),
      ...{ pending, enqueued, delayed },
      ignored: work?.ignored ?? 0,
    };
  });
  return { applications: contents.owners, versions };
}

/** `- "2.0.0" (latest): 3 in flight (2 pending, 1 delayed)`, a line per version. */
export function foundLines({ versions }: Found): readonly string[] {
  const lines = versions.slice(0, VERSIONS_SHOWN).map((each) => {
    const count = total(each);
    const work = count > 0 ? `${count} in flight (${describeCounts(each)})` : 'nothing in flight';
    const ignored = each.ignored > 0 ? `, ${each.ignored} ignored` : '';
    return `- ${each.version === null ? 'without a version' : quotedName(each.version)}${standing(each)}: ${work}${ignored}`;
  });
  const left = versions.length - lines.length;
  return left > 0 ? [...lines, `- and ${left} more`] : lines;
}

/** The same, as a section of the summary. */
export function foundSection(found: RunReport['found']): string {
  if (found === null || found.versions.length === 0) return '';
  const shown = found.versions.slice(0, VERSIONS_SHOWN);
  return blocks(
    '### What is here',
    table(shown, {
      Version: (each) => `${nameOf(each.version, NO_VERSION)}${standing(each)}`,
      Application: ({ application }) => nameOf(application, ''),
      Pending: ({ pending }) => pending,
      Enqueued: ({ enqueued }) => enqueued,
      Delayed: ({ delayed }) => delayed,
      Ignored: ({ ignored }) => ignored,
    }),
    more(found.versions.length - shown.length, 'version'),
  );
}

function standing({ version, registered, latest }: FoundVersion): string {
  if (latest) return ' (latest)';
  return registered || version === null ? '' : ' (not registered)';
}
