import type { LastStep, WorkflowDetail } from '../dbos/snapshot/index.ts';
import { counted } from '../message.ts';
import { plain, quotedName, shellQuoted, visible } from '../report/escape.ts';
import { iso } from '../report/formats.ts';
import { typedId } from './remedies.ts';
import { CANCEL, COMMON, FORK, INSPECT } from './shell.ts';

/** What the scripts need to know of a workflow that blocks. */
export interface BlockingWorkflow
  extends Pick<WorkflowDetail, 'id' | 'version' | 'name' | 'className' | 'status' | 'delayUntil' | 'parent'> {
  readonly lastStep: Pick<LastStep, 'number' | 'name'> | null;
}

/** What the scripts are about. */
export interface UnblockKit {
  /** Those that block, the oldest first. */
  readonly workflows: readonly BlockingWorkflow[];
  /** How many more block and were not read. */
  readonly omitted: number;
  /** Where forks are to run; undefined while there is no newer version. */
  readonly newVersion: string | undefined;
  readonly schema: string;
  /** Database clock, in epoch milliseconds. */
  readonly observedAt: number;
}

export interface UnblockScript {
  readonly name: 'inspect.sh' | 'cancel.sh' | 'fork.sh';
  /** For any POSIX shell. It changes nothing without `--yes`. */
  readonly text: string;
}

/**
 * One script a remedy, over all the workflows; a remedy that cannot be offered is left out, and so are all of them
 * when there is nothing that could be typed.
 */
export function unblockScripts(kit: UnblockKit): readonly UnblockScript[] {
  const groups = groupsOf(kit.workflows);
  if (groups.length === 0) return [];
  const parents = parentsIn(kit.workflows);
  // No worker ever takes what carries the empty string.
  const version = kit.newVersion ? shellQuoted(kit.newVersion) : undefined;
  const inspect = script(kit, groups, {
    name: 'inspect.sh',
    verb: 'look at',
    does: INSPECT_HEADER,
    shell: INSPECT,
    call: (_workflow, id) => `inspect ${id}`,
  });
  const cancel = script(kit, groups, {
    name: 'cancel.sh',
    verb: 'cancel',
    does: CANCEL_HEADER,
    shell: CANCEL,
    call: (_workflow, id) => `cancel ${id}`,
  });
  if (kit.newVersion === undefined || version === undefined) return [inspect, cancel];
  const fork = script(kit, groups, {
    name: 'fork.sh',
    verb: 'fork',
    does: [`Lets ${quotedName(kit.newVersion)} go on with the workflows that blocked.`, '', ...FORK_HEADER],
    shell: `version=${version}\n${FORK}`,
    call: ({ id: plain, parent }, id) => {
      if (parents.has(plain)) return `waits ${id}`;
      if (parent === null) return `fork ${id}`;
      const typedParent = typedId(parent);
      return typedParent === undefined ? `child ${id}` : `child ${id} ${typedParent}`;
    },
  });
  return [inspect, cancel, fork];
}

interface Remedy {
  readonly name: UnblockScript['name'];
  /** What is done to each. */
  readonly verb: string;
  readonly does: readonly string[];
  readonly shell: string;
  /** The line of a workflow, whose id is given as it is typed. */
  readonly call: (workflow: BlockingWorkflow, id: string) => string;
}

function script(kit: UnblockKit, groups: readonly Group[], remedy: Remedy): UnblockScript {
  const typed = groups.reduce((sum, { workflows }) => sum + workflows.length, 0);
  const notes = notesOf(kit, typed);
  const header = [
    ...remedy.does,
    '',
    `Without --yes it only says what it would do: sh ${remedy.name} [--yes]`,
    ...CALLING_HEADER,
    '',
    `Written from what the system database held at ${new Date(kit.observedAt).toISOString()}.`,
    ...notes,
  ];
  const text = [
    '#!/bin/sh',
    ...header.map(comment),
    '',
    `name=${remedy.name}`,
    `verb='${remedy.verb}'`,
    ...schemaLines(kit.schema),
    `notes() { ${notes.length > 0 ? `printf '%s\\n'${notes.map((note) => ` '${note}'`).join('')}` : ':'}; }`,
    COMMON,
    remedy.shell,
    'start',
    ...groups.flatMap((group) => ['', comment(group.title), ...linesOf(group, remedy)]),
    '',
    'finish',
  ].join('\n');
  return { name: remedy.name, text: `${text}\n` };
}

function linesOf({ workflows }: Group, { call }: Remedy): readonly string[] {
  return workflows.map(({ workflow, id }) => `${call(workflow, id)} ${comment(stateOf(workflow))}`);
}

/** What the script cannot do, at its top and at its end; no apostrophe, since a shell prints it. */
function notesOf({ workflows, omitted }: UnblockKit, typed: number): readonly string[] {
  const untyped = workflows.length - typed;
  return [
    ...(untyped > 0
      ? [
          `${plain(counted(untyped, 'more workflow'))} with an id that cannot be shown or typed safely: look for it with the query in the job summary, or in the report file.`,
        ]
      : []),
    ...(omitted > 0
      ? [
          `${plain(counted(omitted, 'more workflow'))} not in this script: run the gate again after it for the next ones.`,
        ]
      : []),
  ];
}

/** How the command line is called: TypeScript's has no option for a schema. */
function schemaLines(schema: string): readonly string[] {
  const call = 'NODE_NO_WARNINGS=1 $DBOS_CLI workflow "$@" --sys-db-url "$DBOS_SYSTEM_DATABASE_URL"';
  if (schema === 'dbos') return [`ask() { ${call} </dev/null; }`, 'may_run() { :; }'];
  const typed = shellQuoted(schema);
  return typed === undefined
    ? ['ask() { false; }', "may_run() { refuse 'the name of the schema cannot be typed safely.'; }"]
    : [
        `schema=${typed}`,
        `ask() { ${call} "--schema=$schema" </dev/null; }`,
        `may_run() { [ -n "$DBOS_CLI" ] || refuse "the tables are in the schema \\"$schema\\", and the command line of TypeScript reads dbos only: set DBOS_CLI to one that has the option --schema (DBOS_CLI=dbos for that of Python)."; }`,
      ];
}

/** Workflows that are handled together. */
interface Group {
  readonly title: string;
  readonly workflows: readonly { readonly workflow: BlockingWorkflow; readonly id: string }[];
}

/**
 * Parents before their children, since a parent that waits for a cancelled child fails, or does what its code does
 * about that, instead of being cancelled. Those that have the same generation, name and version are together.
 */
function groupsOf(workflows: readonly BlockingWorkflow[]): readonly Group[] {
  const generations = generationsOf(workflows);
  const typed = workflows.flatMap((workflow) => {
    const id = typedId(workflow.id);
    const generation = generations.get(workflow.id) ?? 0;
    return id === undefined ? [] : [{ workflow, id, generation }];
  });
  const groups = new Map<string, typeof typed>();
  for (const member of typed) {
    const { name, className, version } = member.workflow;
    const key = JSON.stringify([member.generation, name, className, version]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [member]);
    else group.push(member);
  }
  return [...groups.values()]
    .sort(([a], [b]) => (a?.generation ?? 0) - (b?.generation ?? 0))
    .flatMap((members) => {
      const [first] = members;
      if (first === undefined) return [];
      const { name, className, version } = first.workflow;
      const full = name === null ? '(no name)' : quotedName(className ? `${className}.${name}` : name);
      const on = version === null ? 'without a version' : `version ${quotedName(version)}`;
      const children = first.generation > 0 ? ', started by some above' : '';
      return [
        {
          title: `${full}, ${on}: ${plain(counted(members.length, 'workflow'))}${children}`,
          workflows: members,
        },
      ];
    });
}

/** How many of a workflow's forebears are in the list; fewer in a circle, which only a damaged database has. */
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

/** Ids that a workflow in the list names as its parent. */
function parentsIn(workflows: readonly BlockingWorkflow[]): ReadonlySet<string> {
  return new Set(workflows.flatMap(({ parent }) => (parent === null ? [] : [parent])));
}

/** Where a workflow stood when the gate looked. */
function stateOf({ status, lastStep, delayUntil }: BlockingWorkflow): string {
  if (status === 'DELAYED' && delayUntil !== null)
    return `delayed until ${iso(delayUntil) ?? 'an unknown time'}`;
  if (status !== 'PENDING') return visible(status, 30).toLowerCase();
  return lastStep === null ? 'no step done' : stepText(lastStep);
}

function stepText({ number, name }: NonNullable<BlockingWorkflow['lastStep']>): string {
  return `step ${number} done, "${visible(name, 40)}"`;
}

/** Text without line breaks, as a comment. */
function comment(text: string): string {
  return text === '' ? '#' : `# ${text}`;
}

const CALLING_HEADER = [
  "With it, it needs the system database in $DBOS_SYSTEM_DATABASE_URL, and DBOS's command line: call it in the folder",
  'of the application, or set DBOS_CLI to what it is to be called as (else: npx --no-install dbos; without the option,',
  'npx would run whatever else is called dbos). Take the command line of the newest SDK that uses the database.',
  'Each workflow is looked at again before anything is done to it. To leave one out, delete its line.',
  'It may be stopped, and run again: what is done already, or has ended meanwhile, is left as it is.',
];

const INSPECT_HEADER = [
  'Shows the workflows that block, and the steps that they have done. It only reads. What it prints holds their',
  'inputs and outputs: mind who can read the log of a job.',
];

const CANCEL_HEADER = [
  'Gives the workflows up that block: each is cancelled, and stops before its next step.',
  '',
  'A step that runs at that moment runs on to its end, and its result is dropped. Cancelling reaches no children, so',
  'they have lines of their own, after those of their parents: the other way round, a parent that waits for a child',
  'would be told that it was cancelled, and fail or do what its code does then.',
  'A cancelled workflow can be resumed (by a process of its own version) for as long as its row is there.',
];

const FORK_HEADER = [
  'Each is cancelled; once it is seen to be CANCELLED, a copy of it, the fork, starts on the new version, with every',
  'step done until then (concurrent ones too, whatever their order). Nothing is done to one that is not in flight any',
  'more, or was forked before: the work of one that has ended would be done twice.',
  '',
  'Before you run it, make sure that',
  '- the new code fits the steps done (a line tells the last one that the gate saw): a fork does not run them again,',
  '  and fails when the code asks for others at the same numbers. To go back to an earlier step, add its number as',
  '  inspect.sh shows it: fork ID 3 runs step 3 and what follows again.',
  '- a process of the new version runs: it has to take the forks up.',
  '- a step that is cut off may be run again: the old process goes on with it to its end, and the fork starts it anew.',
  '- nobody needs the old id. A fork has another one, the old with -fork at its end: who waits for the result or the',
  '  events of the old one, or sends messages to it, does not reach the fork.',
  '- it may start at once: the fork has no delay, deadline, priority or deduplication id, and is not in the queue of',
  '  the old one but in an internal queue without limits.',
  '',
  'Parents and children. A forked parent waits for the children that it had, and fails when one of them is cancelled or',
  'forked. So a workflow with children in flight is left as it is (its line says "waits"), and so is a child whose',
  'parent may wait for it ("child"). What can be done about those:',
  '- wait until the children have ended, and run the gate again.',
  '- write "fork" for the "waits" of a parent: it goes on on the new version, and waits there for the same children.',
  '  They have to end on the old version, and may not be cancelled or forked.',
  '- start the children again from their beginning: fork PARENT N, where N is the step that started the first of',
  '  those in flight, then cancel those with cancel.sh.',
  '- keep parents, children and their ids, with the DBOSClient of TypeScript from 5.3 on: cancel them with cancel.sh,',
  '  then rewindWorkflow(id, { startStep: 2147483647, applicationVersion }) for children first. Messages that they',
  '  have not received yet are lost.',
];
