import { type Message, msg, trusted } from '../message.ts';
import { commandsOf } from '../unblock/kit.ts';
import { commandsFor, typedId } from '../unblock/remedies.ts';
import { isInUse } from './blocking.ts';
import { helpLink } from './help.ts';
import type { WrittenKit } from './kit-section.ts';
import { blocks, codeBlock, markdown, NO_VERSION, nameOf } from './markdown.ts';
import { blockedFirst } from './model.ts';
import type { RunReport } from './schema.ts';

/** One thing that a person can do, and the one command for it. */
interface Option {
  readonly what: Message;
  readonly command?: string | undefined;
}

const MOST_OPTIONS = 3;

const DRY_RUN =
  'These commands only print what they would do, until you add `--yes`. Where the script is and what it needs: see *Commands, script and query*.';

/** In place of a command. */
const UNTYPED = '# Its id, or the schema, holds characters that cannot be typed safely: take it from the query below.';

/** What to do, in the order in which to try it: at most three options. Empty where the answer is no, or yes. */
export function whatToDo(report: RunReport, kit: WrittenKit | undefined): string {
  const { verdict, blockers, versions, troubleshooting } = report;
  if (blockers.length > 0 || verdict === 'drained' || verdict === 'no-target') return '';
  const options = isInUse(report) ? [] : optionsFor(report, kit);
  // What else blocks says itself what helps. A version in use comes first: to cancel its work would end live work.
  const others = blockedFirst(versions).flatMap(({ version, blockers: all }) =>
    all
      .filter(({ kind }) => kind !== 'in-flight')
      .map(({ kind, message }) => {
        const of = versions.length > 1 ? `${nameOf(version, NO_VERSION)}: ` : '';
        return `${of}${markdown(message)} ${helpLink(troubleshooting, kind)}`;
      }),
  );
  const items = [...others, ...options.map(inMarkdown)].slice(0, MOST_OPTIONS);
  if (items.length === 0) return '';
  return blocks(
    '### What to do',
    items.map((text, index) => `${index + 1}. ${text.replaceAll('\n', '\n   ')}`).join('\n'),
    items.some((text) => text.includes('sh unblock.sh')) ? DRY_RUN : '',
  );
}

function inMarkdown({ what, command }: Option): string {
  return command === undefined ? markdown(what) : `${markdown(what)}\n${codeBlock('sh', [command])}`;
}

const BY_TABLE: Option = { what: trusted('Take the next step of each workflow from *What blocks*.') };

/** With `details: names`, nothing on the page names a workflow by its id. */
function byQuery(report: RunReport): Option {
  const isSafe = forkCondition(report, '') === '';
  const to = isSafe ? 'To cancel or fork what blocks' : `To cancel what blocks, or to fork it${IF_NO_PROCESS}`;
  return { what: trusted(`${to}, take its ids from the query in *Commands, script and query*.`) };
}

function optionsFor(report: RunReport, kit: WrittenKit | undefined): readonly Option[] {
  const { diagnosis, activities, firstToUnblock } = report;
  switch (diagnosis?.cause) {
    case 'no-process':
      return [
        { what: diagnosis.nextStep ?? trusted('Start a process of this version again.') },
        ...unblocking(report, kit, ' --all', 'Or fork'),
      ];
    case 'outlasting':
      // To wait for the sleep, or to unblock it alone, would leave the stuck ones in flight.
      return isPartlyStuck(report)
        ? [...(kit === undefined ? [BY_TABLE] : []), ...unblocking(report, kit, '')]
        : [...unblocking(report, kit, one(report)), ...waiting(report)];
    case 'stuck':
    case 'stalled': {
      if (activities.items.length === 0) return unblocking(report, kit, '');
      const step =
        kit === undefined
          ? BY_TABLE
          : {
              what: trusted('See what each workflow has done, and take its next step from *What blocks*:'),
              command: 'sh unblock.sh inspect',
            };
      return [step, ...unblocking(report, kit, '', 'Or fork')];
    }
    case 'not-converging':
      return [{ what: trusted('Shift the traffic first: requests, message consumers and schedules.') }];
    case 'moving':
      return [
        ...(diagnosis.nextStep === undefined ? [] : [{ what: diagnosis.nextStep }]),
        ...waiting(report),
        ...(firstToUnblock === null ? [] : unblocking(report, kit, '')),
      ];
    default:
      return [];
  }
}

function isPartlyStuck({ activities }: RunReport): boolean {
  return activities.items.some(({ state }) => state === 'stuck');
}

/** The argument for the one workflow that blocks longest; empty where the id cannot be typed. */
function one({ firstToUnblock, pastDeadline, diagnosis }: RunReport): string {
  const isOne = pastDeadline !== null && diagnosis?.count === 1;
  const id = isOne && firstToUnblock !== null ? typedId(firstToUnblock) : undefined;
  return id === undefined ? '' : ` ${id}`;
}

/** `what is stuck or asleep`: what the kit takes without `--all`, of what is there. */
function whatTheKitTakes({ activities }: RunReport): string {
  const states = (['stuck', 'asleep', 'delayed'] as const).filter((each) =>
    activities.omitted > 0 ? true : activities.items.some(({ state }) => state === each),
  );
  const last = states.at(-1);
  const before = states.slice(0, -1).join(', ');
  return last === undefined ? 'what blocks' : `what is ${before === '' ? '' : `${before} or `}${last}`;
}

const IF_NO_PROCESS = ' if no process still works on it';

/** When a fork of `which` does no work twice. Empty where no process can be at work on it: it is asleep or delayed. */
function forkCondition({ activities: { items, omitted } }: RunReport, which: string): string {
  if (which === ' --all') return ', once no process of its version runs';
  const isAtRest = items.length > 0 && omitted === 0 && !items.some(mayRun);
  return which === '' && !isAtRest ? `,${IF_NO_PROCESS}` : '';
}

/** Whether a step can be running of what the kit takes. A timer without a recorded end can be over. */
function mayRun({ state, kind }: RunReport['activities']['items'][number]): boolean {
  return state === 'stuck' || (state === 'asleep' && kind === 'timer');
}

/** To fork and to cancel: with the kit, or what cancels one where there is none. */
function unblocking(
  report: RunReport,
  kit: WrittenKit | undefined,
  which: string,
  verb: 'Fork' | 'Or fork' = 'Fork',
): readonly Option[] {
  const { newVersion, commandLine, firstToUnblock, details, database } = report;
  const them = which === ' --all' ? 'everything that is left' : which === '' ? whatTheKitTakes(report) : 'it';
  if (kit === undefined) {
    if (commandLine === null || database === null) return [];
    if (firstToUnblock === null) return details === 'names' ? [byQuery(report)] : [];
    const command = commandsFor({ id: firstToUnblock }, commandLine, database.schema)?.at(-1) ?? UNTYPED;
    return [{ what: trusted('Cancel the workflow that blocks longest:'), command }];
  }
  const canFork = commandsOf({ newVersion: newVersion ?? undefined }).includes('fork');
  const fork = {
    what: msg`${trusted(verb)} ${trusted(them)} to ${newVersion ?? ''}${trusted(forkCondition(report, which))}:`,
    command: `sh unblock.sh fork${which}`,
  };
  const isFirst = !canFork && verb === 'Fork';
  const cancel = {
    what: trusted(`${isFirst ? 'Cancel' : 'Or cancel'} ${them}:`),
    command: `sh unblock.sh cancel${which}`,
  };
  return [...(canFork ? [fork] : []), cancel];
}

function waiting({ verdict, mode, pastDeadline, neededTimeout }: RunReport): readonly Option[] {
  if (pastDeadline !== null) {
    return [
      {
        what:
          neededTimeout === null
            ? trusted('Wait for it: no run of the gate lasts that long here. Run it again later.')
            : msg`Wait for it: set \`timeout\` to more than ${trusted(neededTimeout)}.`,
      },
    ];
  }
  if (mode !== 'wait')
    return [{ what: trusted('Wait, and run the gate again: mode `wait` holds until it has drained.') }];
  return verdict === 'timed-out'
    ? [{ what: trusted('Wait longer: run the gate again, with a longer `timeout`.') }]
    : [];
}
