import { parse } from 'yaml';
import { z } from 'zod';
import type { GateConfig } from '../../src/config.ts';
import {
  type Conclusion,
  conclusionOf,
  VERDICT_MEANINGS,
  VERDICTS,
  type Verdict,
} from '../../src/rules/verdict.ts';

const actionMetadata = z.object({
  inputs: z.record(z.string(), z.object({ description: z.string(), default: z.string() })),
  outputs: z.record(z.string(), z.object({ description: z.string() })),
});

/** The inputs in `action.yml`, as a Markdown table. */
export function inputTable(actionYml: string): string {
  const { inputs } = actionMetadata.parse(parse(actionYml));
  const rows = Object.entries(inputs).map(([name, input]) => [
    `\`${name}\``,
    input.default === '' ? '' : `\`${input.default}\``,
    input.description,
  ]);
  return table(['Input', 'Default', 'Meaning'], rows);
}

/** The outputs in `action.yml`, as a Markdown table. */
export function outputTable(actionYml: string): string {
  const { outputs } = actionMetadata.parse(parse(actionYml));
  const rows = Object.entries(outputs).map(([name, { description }]) => [`\`${name}\``, description]);
  return table(['Output', 'Meaning'], rows);
}

/** The verdicts, as a Markdown table: the best news first, so the reverse of their precedence. */
export function verdictTable(): string {
  const rows = [...VERDICTS]
    .reverse()
    .map((verdict) => [`\`${verdict}\``, stepInWords(verdict), VERDICT_MEANINGS[verdict]]);
  return table(['Verdict', 'The step', 'When'], rows);
}

type StepConfig = Pick<GateConfig, 'mode' | 'onTimeout'>;

const USUAL: StepConfig = { mode: 'wait', onTimeout: 'fail' };

/** The configurations that may change how the step ends, and how to say so. */
const UNUSUAL: readonly (readonly [StepConfig, string])[] = [
  [{ ...USUAL, mode: 'check' }, 'in `check`'],
  [{ ...USUAL, mode: 'report' }, 'in `report`'],
  [{ ...USUAL, onTimeout: 'warn' }, 'with `on-timeout: warn`'],
];

const WORDS: Readonly<Record<Conclusion, string>> = {
  pass: 'passes',
  warn: 'passes with a warning',
  fail: 'fails',
};

/** How the step ends, as the code that decides it says. */
function stepInWords(verdict: Verdict): string {
  const usual = conclusionOf(verdict, USUAL);
  const others = UNUSUAL.map(([config, when]) => ({ result: conclusionOf(verdict, config), when }));
  return [
    WORDS[usual],
    ...others
      .filter(({ result }) => result !== usual)
      .map(({ result, when }) => `${when} it ${WORDS[result]}`),
  ].join('; ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
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
