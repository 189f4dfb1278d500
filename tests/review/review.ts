import { readdirSync, readFileSync } from 'node:fs';
import type { Message } from '../../src/message.ts';
import type { Inventory } from '../../src/review/inventory/inventory.ts';
import type { Finding, Review } from '../../src/review/judge/finding.ts';
import { judge } from '../../src/review/judge/index.ts';
import { readSource } from '../../src/review/source/index.ts';
import { inventoryOf } from './inventory.ts';
import { type Change, type ExpectedFinding, edited } from './table.ts';

export type Files = Readonly<Record<string, string>>;

/** Returns the texts of the files in a folder, by their names. */
export function filesOf(folder: URL, isSource: (name: string) => boolean): Files {
  const names = readdirSync(folder).filter(isSource);
  return Object.fromEntries(names.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]));
}

/** Both versions of an application: before a change, and after it. */
export interface Versions {
  readonly before: Files;
  /** Under the old paths. */
  readonly after: Files;
}

export function versionsOf(application: Files, change: Change): Versions {
  const before = edited(application, change.before ?? {});
  return { before, after: edited(before, change.after) };
}

/** Returns what a review says about a change of an application, by the table's work in flight or another inventory. */
export function reviewOf(application: Files, change: Change, inventory?: Inventory): Review {
  const { before, after } = versionsOf(application, change);
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = paths.filter((path) => before[path] !== after[path] || change.renamed?.[path] !== undefined);
  const files = changed.map((oldPath) => {
    const path = change.renamed?.[oldPath] ?? oldPath;
    const [oldText, text] = [before[oldPath], after[oldPath]];
    return {
      path,
      oldPath,
      application: undefined,
      before: oldText === undefined ? undefined : readSource(oldPath, oldText),
      after: text === undefined ? undefined : readSource(path, text),
      oldText,
      text,
    };
  });
  const { schedules = [], sameVersion = false, inFlight } = change;
  return judge(files, inventory ?? inventoryOf(inFlight, { schedules }), { sameVersion });
}

/** Returns a finding as the table expects it, with the whole message. */
export function shown(application: Files, change: Change, finding: Finding): Required<ExpectedFinding> {
  const { before, after } = versionsOf(application, change);
  const renamed = Object.entries(change.renamed ?? {}).find(([, path]) => path === finding.path)?.[0];
  const text = after[renamed ?? finding.path] ?? before[finding.path] ?? '';
  return {
    kind: finding.kind,
    severity: finding.severity,
    workflow: finding.workflow.name,
    className: finding.workflow.className,
    line: text.split('\n')[finding.line - 1]?.trim() ?? '',
    path: finding.path,
    says: [plain(finding.message)],
    isProbable: finding.probable !== undefined,
  };
}

function plain(message: Message): string {
  return message
    .map((part) => (typeof part === 'string' ? part : 'command' in part ? part.command : part.untrusted))
    .join('');
}
