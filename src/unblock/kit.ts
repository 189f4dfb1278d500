import type { LastStep, WorkflowDetail } from '../dbos/snapshot/index.ts';
import { fullName } from '../dbos/workflow-name.ts';
import { UNBLOCK_SCRIPT } from '../embedded.ts';
import { isCut } from '../long-names.ts';
import { counted } from '../message.ts';
import { plain, quotedName, shellQuoted, visible } from '../report/text.ts';
import type { CommandLine } from './command-line.ts';
import { typedId } from './remedies.ts';
import type { KitState } from './states.ts';

/** What the kit has to know about a workflow that blocks. */
export interface BlockingWorkflow
  extends Pick<WorkflowDetail, 'id' | 'version' | 'name' | 'className' | 'status' | 'parent'> {
  readonly lastStep: Pick<LastStep, 'number' | 'name'> | null;
  readonly state: KitState;
  /** What it does or waits for, on one line of plain text. */
  readonly reason: string;
}

export interface UnblockKit {
  /** The workflows that block, oldest first. */
  readonly workflows: readonly BlockingWorkflow[];
  /** Number of workflows that block and were not read. */
  readonly omitted: number;
  /** The version that runs forks; undefined while there is no newer version. */
  readonly newVersion: string | undefined;
  readonly schema: string;
  readonly commandLine: CommandLine;
  /** Database clock, in epoch milliseconds. */
  readonly observedAt: number;
}

export type UnblockCommand = 'inspect' | 'cancel' | 'fork';

export interface KitFile {
  readonly name: 'unblock.sh' | 'workflows.tsv';
  readonly text: string;
}

const REASON_CHARACTERS = 300;

/** Returns the files of the kit, to be written to one folder. Empty if no workflow has an id that can be typed. */
export function kitFiles(kit: UnblockKit): readonly KitFile[] {
  const typed = kit.workflows.filter(({ id }) => typedId(id) !== undefined);
  if (typed.length === 0) return [];
  return [
    { name: 'unblock.sh', text: UNBLOCK_SCRIPT },
    { name: 'workflows.tsv', text: workflowList(kit, typed) },
  ];
}

/** Returns the commands that `unblock.sh` can run: `fork` only if there is a newer version. */
export function commandsOf({ newVersion }: Pick<UnblockKit, 'newVersion'>): readonly UnblockCommand[] {
  return canFork(newVersion) ? ['inspect', 'cancel', 'fork'] : ['inspect', 'cancel'];
}

/** No worker ever takes a workflow whose version is the empty string. What stands for a long name is no version. */
function canFork(version: string | undefined): version is string {
  return version !== undefined && version !== '' && !isCut(version) && shellQuoted(version) !== undefined;
}

/** Returns the text of `workflows.tsv`, in the format that the top of `unblock.sh` describes. */
function workflowList(kit: UnblockKit, typed: readonly BlockingWorkflow[]): string {
  const parents = new Set(kit.workflows.map(({ parent }) => parent));
  const lines = [
    '# The workflows that block, for unblock.sh: see its top. To leave one out, delete its line.',
    `# Written from what the system database held at ${new Date(kit.observedAt).toISOString()}.`,
    ...(shellQuoted(kit.schema) === undefined ? [] : [`#! schema\t${kit.schema}`]),
    ...(canFork(kit.newVersion) ? [`#! version\t${kit.newVersion}`] : []),
    ...(kit.commandLine.program === null ? [] : [`#! cli\t${kit.commandLine.program.split(' ', 1)[0]}`]),
    `#! fits\t${kit.commandLine.fits}`,
    ...notesOf(kit.workflows.length - typed.length, kit.omitted).map((note) => `#! note\t${note}`),
    '# on fork\tid\tstate\tparent\tfrom step\tlast step\tclass\tname\treason',
    ...groupsOf(kit.workflows, typed).flatMap(({ title, workflows }) => [
      '',
      `# ${title}`,
      ...workflows.map((workflow) => rowOf(workflow, parents.has(workflow.id))),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function rowOf({ id, parent, state, className, name, reason, ...workflow }: BlockingWorkflow, hasChildren: boolean) {
  const onFork = hasChildren ? 'waits' : parent === null ? 'fork' : 'child';
  const typedParent = parent === null || typedId(parent) === undefined ? '-' : parent;
  const names = [className, name].map((each) => (each ? visible(each) : '-'));
  return [onFork, id, state, typedParent, '-', lastStepOf(workflow), ...names, visible(reason, REASON_CHARACTERS)].join(
    '\t',
  );
}

/** Its number comes first: `unblock.sh` compares it. */
function lastStepOf({ status, lastStep }: Pick<BlockingWorkflow, 'status' | 'lastStep'>): string {
  if (status !== 'PENDING') return '-';
  return lastStep === null ? 'no step' : `${lastStep.number} ${visible(lastStep.name, 40)}`;
}

/** Returns what the list does not have, for its top and for the end of a run. */
function notesOf(untyped: number, omitted: number): readonly string[] {
  const note = (count: number, text: string) =>
    count > 0 ? [`${plain(counted(count, 'more workflow'))} ${text}`] : [];
  const untypable = `with an id that cannot be shown or typed safely: look for it with the query in the summary, or in the report file.`;
  return [
    ...note(untyped, untypable),
    ...note(omitted, 'not in this list: run the gate again after it for the next ones.'),
  ];
}

/**
 * Returns the workflows that can be typed, grouped by generation, name and version. Parents come before their children:
 * a parent that waits for a cancelled child fails, or does what its code does then, and is not cancelled itself.
 */
function groupsOf(workflows: readonly BlockingWorkflow[], typed: readonly BlockingWorkflow[]) {
  const generations = generationsOf(workflows);
  const generationOf = ({ id }: BlockingWorkflow) => generations.get(id) ?? 0;
  const sorted = typed.toSorted((a, b) => generationOf(a) - generationOf(b));
  const groups = Map.groupBy(sorted, (workflow) =>
    JSON.stringify([generationOf(workflow), workflow.name, workflow.className, workflow.version]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first ? [{ title: titleOf(first, group.length, generationOf(first)), workflows: group }] : [];
  });
}

function titleOf(workflow: BlockingWorkflow, count: number, generation: number): string {
  const { name, className, version } = workflow;
  const shown = fullName({ name, className });
  const full = shown === null ? '(no name)' : quotedName(shown);
  const on = version === null ? 'without a version' : `version ${quotedName(version)}`;
  const children = generation > 0 ? ', started by some above' : '';
  return `${full}, ${on}: ${plain(counted(count, 'workflow'))}${children}`;
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
