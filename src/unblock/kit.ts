import { readFileSync } from 'node:fs';
import type { LastStep, WorkflowDetail } from '../dbos/snapshot/index.ts';
import { counted } from '../message.ts';
import { iso } from '../report/formats.ts';
import { plain, quotedName, shellQuoted, visible } from '../report/text.ts';
import { typedId } from './remedies.ts';

/** What the kit has to know about a workflow that blocks. */
export interface BlockingWorkflow
  extends Pick<WorkflowDetail, 'id' | 'version' | 'name' | 'className' | 'status' | 'delayUntil' | 'parent'> {
  readonly lastStep: Pick<LastStep, 'number' | 'name'> | null;
}

/** What the kit is about. */
export interface UnblockKit {
  /** The workflows that block, oldest first. */
  readonly workflows: readonly BlockingWorkflow[];
  /** Number of workflows that block and were not read. */
  readonly omitted: number;
  /** The version that runs forks; undefined while there is no newer version. */
  readonly newVersion: string | undefined;
  readonly schema: string;
  /** Database clock, in epoch milliseconds. */
  readonly observedAt: number;
}

/** A command of `unblock.sh`. */
export type UnblockCommand = 'inspect' | 'cancel' | 'fork';

export interface KitFile {
  readonly name: 'unblock.sh' | 'workflows.tsv';
  readonly text: string;
}

/** ncc copies the file next to the bundle, because it sees this expression. */
const SCRIPT = new URL('./unblock.sh', import.meta.url);

/** Returns the files of the kit, to be written to one folder. Empty if no workflow has an id that can be typed. */
export function kitFiles(kit: UnblockKit): readonly KitFile[] {
  const list = workflowList(kit);
  if (list === undefined) return [];
  return [
    { name: 'unblock.sh', text: readFileSync(SCRIPT, 'utf8') },
    { name: 'workflows.tsv', text: list },
  ];
}

/** Returns the commands that `unblock.sh` can run: `fork` only if there is a newer version. */
export function commandsOf({ newVersion }: Pick<UnblockKit, 'newVersion'>): readonly UnblockCommand[] {
  return canFork(newVersion) ? ['inspect', 'cancel', 'fork'] : ['inspect', 'cancel'];
}

/** No worker ever takes a workflow whose version is the empty string. */
function canFork(version: string | undefined): version is string {
  return version !== undefined && version !== '' && shellQuoted(version) !== undefined;
}

/** Returns the text of `workflows.tsv`, in the format that the top of `unblock.sh` describes. */
function workflowList(kit: UnblockKit): string | undefined {
  const groups = groupsOf(kit.workflows);
  if (groups.length === 0) return undefined;
  const parents = parentsIn(kit.workflows);
  const facts = [
    ...(shellQuoted(kit.schema) === undefined ? [] : [['#! schema', kit.schema]]),
    ...(canFork(kit.newVersion) ? [['#! version', kit.newVersion]] : []),
    ...notesOf(kit, groups).map((note) => ['#! note', note]),
  ];
  const lines = [
    '# The workflows that block, for unblock.sh: see its top. To leave one out, delete its line.',
    `# Written from what the system database held at ${new Date(kit.observedAt).toISOString()}.`,
    ...facts.map((columns) => columns.join('\t')),
    '# on fork\tid\tparent\tfrom step\tstate',
    ...groups.flatMap(({ title, workflows }) => [
      '',
      `# ${title}`,
      ...workflows.map((workflow) => rowOf(workflow, parents)),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function rowOf(workflow: BlockingWorkflow, parents: ReadonlySet<string>): string {
  const { id, parent } = workflow;
  const onFork = parents.has(id) ? 'waits' : parent === null ? 'fork' : 'child';
  const typedParent = parent === null || typedId(parent) === undefined ? '-' : parent;
  return [onFork, id, typedParent, '-', stateOf(workflow)].join('\t');
}

/** Returns what the list does not have, for its top and for the end of a run. */
function notesOf({ workflows, omitted }: UnblockKit, groups: readonly Group[]): readonly string[] {
  const untyped = workflows.length - groups.reduce((sum, group) => sum + group.workflows.length, 0);
  return [
    ...(untyped > 0
      ? [
          `${plain(counted(untyped, 'more workflow'))} with an id that cannot be shown or typed safely: look for it with the query in the job summary, or in the report file.`,
        ]
      : []),
    ...(omitted > 0
      ? [
          `${plain(counted(omitted, 'more workflow'))} not in this list: run the gate again after it for the next ones.`,
        ]
      : []),
  ];
}

/** Workflows that stand together in the list. */
interface Group {
  readonly title: string;
  readonly workflows: readonly BlockingWorkflow[];
}

/**
 * Returns the workflows that can be typed, grouped by generation, name and version. Parents come before their children:
 * a parent that waits for a cancelled child fails, or does what its code does then, and is not cancelled itself.
 */
function groupsOf(workflows: readonly BlockingWorkflow[]): readonly Group[] {
  const generations = generationsOf(workflows);
  const groups = new Map<string, { generation: number; workflows: BlockingWorkflow[] }>();
  for (const workflow of workflows.filter(({ id }) => typedId(id) !== undefined)) {
    const { id, name, className, version } = workflow;
    const generation = generations.get(id) ?? 0;
    const key = JSON.stringify([generation, name, className, version]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { generation, workflows: [workflow] });
    else group.workflows.push(workflow);
  }
  return [...groups.values()]
    .sort((a, b) => a.generation - b.generation)
    .map(({ generation, workflows }) => ({ title: titleOf(workflows, generation), workflows }));
}

function titleOf(workflows: readonly BlockingWorkflow[], generation: number): string {
  const { name = null, className = null, version = null } = workflows[0] ?? {};
  const full = name === null ? '(no name)' : quotedName(className ? `${className}.${name}` : name);
  const on = version === null ? 'without a version' : `version ${quotedName(version)}`;
  const children = generation > 0 ? ', started by some above' : '';
  return `${full}, ${on}: ${plain(counted(workflows.length, 'workflow'))}${children}`;
}

/** Returns how many ancestors of each workflow are in the list; fewer in a cycle, which only a damaged database has. */
function generationsOf(workflows: readonly BlockingWorkflow[]): ReadonlyMap<string, number> {
  const parents = new Map(workflows.map(({ id, parent }) => [id, parent]));
  const generations = new Map<string, number>();
  for (const { id } of workflows) {
    const line = new Set<string>();
    let each: string | null | undefined = id;
    while (typeof each === 'string' && parents.has(each) && !generations.has(each) && !line.has(each)) {
      line.add(each);
      each = parents.get(each);
    }
    let generation = typeof each === 'string' ? (generations.get(each) ?? -1) : -1;
    for (const member of [...line].reverse()) generations.set(member, ++generation);
  }
  return generations;
}

/** Returns the ids that a workflow in the list names as its parent. */
function parentsIn(workflows: readonly BlockingWorkflow[]): ReadonlySet<string> {
  return new Set(workflows.flatMap(({ parent }) => (parent === null ? [] : [parent])));
}

/** Returns where a workflow was when the gate read it. */
function stateOf({ status, lastStep, delayUntil }: BlockingWorkflow): string {
  if (status === 'DELAYED' && delayUntil !== null)
    return `delayed until ${iso(delayUntil) ?? 'an unknown time'}`;
  if (status !== 'PENDING') return visible(status, 30).toLowerCase();
  return lastStep === null ? 'no step done' : stepText(lastStep);
}

function stepText({ number, name }: NonNullable<BlockingWorkflow['lastStep']>): string {
  return `step ${number} done, "${visible(name, 40)}"`;
}
