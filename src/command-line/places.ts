import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { codeOf, type InputError, inputError } from '../errors.ts';
import { trusted } from '../message.ts';
import type { FilePlaces } from './arguments.ts';

/** What a run can write to the folder of its artifacts. */
const ARTIFACTS = ['report.json', 'summary.md', 'unblock.sh', 'workflows.tsv'];

/**
 * Empties the files and removes the artifacts of an earlier run: they must not stand for this one.
 *
 * @throws InputError for a place that cannot be written, and for one file that would get both the outputs and the summary
 */
export function preparePlaces({ output, summary, artifacts }: FilePlaces): void {
  const problems = [
    prepare('output', output, (file) => writeFileSync(file, '')),
    prepare('summary', summary, (file) => writeFileSync(file, '')),
    prepare('artifacts', artifacts, (folder) => {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK);
      for (const name of ARTIFACTS) rmSync(path.join(folder, name), { force: true });
    }),
  ];
  const isOneFile = output !== undefined && summary !== undefined && path.resolve(output) === path.resolve(summary);
  if (isOneFile) {
    problems.push(inputError()`\`--output\` and \`--summary\` name the same file, ${output}. Name two files.`);
  }
  const [problem] = problems.filter((each) => each !== undefined);
  if (problem !== undefined) throw problem;
}

/** Returns why a place cannot be written, so that the others are made ready all the same. */
function prepare(flag: string, place: string | undefined, work: (place: string) => void): InputError | undefined {
  if (place === undefined) return undefined;
  try {
    work(place);
    return undefined;
  } catch (error) {
    return inputError()`\`--${trusted(flag)}\` names ${place}, which cannot be written (${trusted(codeOf(error) ?? 'unknown reason')}). Does its folder exist, and can the user that runs the gate write there?`;
  }
}

/** Returns the folder for the artifacts: a new one in the temporary folder, unless one is named. */
export function artifactsFolder({ artifacts }: Pick<FilePlaces, 'artifacts'>): string {
  return artifacts ?? mkdtempSync(path.join(tmpdir(), 'dbos-drain-gate-'));
}
