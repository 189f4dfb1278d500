import { parse } from 'yaml';
import { z } from 'zod';
import { EXIT_CODES } from '../../src/command-line/exit-codes.ts';
import type { GateConfig } from '../../src/config.ts';
import { type Conclusion, conclusionOf, VERDICTS, type Verdict } from '../../src/rules/verdict.ts';

/** What the tables show of `action.yml`. */
export const actionMetadata = z.object({
  inputs: z.record(z.string(), z.object({ description: z.string(), default: z.string() })),
  outputs: z.record(z.string(), z.object({ description: z.string() })),
});

/** Returns the inputs of `action.yml` as a Markdown table. */
export function inputTable(actionYml: string): string {
  const { inputs } = actionMetadata.parse(parse(actionYml));
  const rows = Object.entries(inputs).map(([name, input]) => [
    `\`${name}\``,
    input.default === '' ? '' : `\`${input.default}\``,
    input.description,
  ]);
  return table(['Input', 'Default', 'Meaning'], rows);
}

/** Returns the outputs of `action.yml` as a Markdown table. */
export function outputTable(actionYml: string): string {
  const { outputs } = actionMetadata.parse(parse(actionYml));
  const rows = Object.entries(outputs).map(([name, { description }]) => [`\`${name}\``, description]);
  return table(['Output', 'Meaning'], rows);
}

/** When each verdict is given. */
const VERDICT_MEANINGS: Readonly<Record<Verdict, string>> = {
  error: 'The gate could not poll, or could not understand or trust what it saw.',
  cancelled: 'The job was cancelled before there was an answer.',
  'unknown-version':
    'A version to retire, or one to keep, is not known to this system database: most often a typo, or the wrong database.',
  'cannot-drain':
    '`wait` with `fail-fast`: a workflow cannot end before the timeout, because it sleeps or is delayed beyond it.',
  'timed-out': '`wait`: something still blocked when the timeout passed.',
  'in-flight': '`check` and `report`: work is in flight, is still starting, or could appear on a version to retire.',
  'still-live':
    'Nothing else blocks, but a version to retire is the latest or, in `check` and `report`, still receives new work. In `wait` only for the latest, after two minutes, with `fail-fast`.',
  'no-target':
    'There was nothing to retire for the settle window: no version but the kept ones is registered, in flight or recently started. With `keep-version: latest`, nothing says that the new version has launched: `wait` gives it two minutes, or until `timeout` if that is sooner.',
  drained: 'There is a version to retire, and every one of them was idle for the settle window.',
};

/** Returns the verdicts as a Markdown table, in the reverse of their precedence, so that `drained` is first. */
export function verdictTable(): string {
  const rows = [...VERDICTS]
    .reverse()
    .map((verdict) => [`\`${verdict}\``, stepInWords(verdict), VERDICT_MEANINGS[verdict]]);
  return table(['Verdict', 'The step', 'When'], rows);
}

/** Returns the exit codes of the command line as a Markdown table. */
export function exitCodeTable(): string {
  return table(['Code', 'When'], EXIT_CODES);
}

type StepConfig = Pick<GateConfig, 'mode' | 'onTimeout' | 'targets'>;

const USUAL: StepConfig = { mode: 'wait', onTimeout: 'fail', targets: { kind: 'named', versions: [] } };
const LATEST = { kind: 'all-but-latest' } as const;

/** The configurations that can change the result of the step, and how to name them. */
const UNUSUAL: readonly (readonly [StepConfig, string])[] = [
  [{ ...USUAL, mode: 'check' }, 'in `check`'],
  [{ ...USUAL, mode: 'report' }, 'in `report`'],
  [{ ...USUAL, onTimeout: 'warn' }, 'with `on-timeout: warn`'],
  [{ ...USUAL, targets: LATEST }, 'in `wait` and `check` with `keep-version: latest`'],
];

const WORDS: Readonly<Record<Conclusion, string>> = {
  pass: 'passes',
  warn: 'passes with a warning',
  fail: 'fails',
};

/** Returns the result of the step in words, from the code that decides it. */
function stepInWords(verdict: Verdict): string {
  const usual = conclusionOf(verdict, USUAL);
  const others = UNUSUAL.map(([config, when]) => ({ result: conclusionOf(verdict, config), when }));
  return [
    WORDS[usual],
    ...others.filter(({ result }) => result !== usual).map(({ result, when }) => `${when} it ${WORDS[result]}`),
  ].join('; ');
}

/** Returns a Markdown table. Cells are text, whose line breaks become spaces. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function cell(text: string): string {
  return text
    .trim()
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replace(/\s*\n\s*/g, ' ');
}
