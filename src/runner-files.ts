import { accessSync, constants } from 'node:fs';
import * as core from '@actions/core';
import { codeOf, ReportableError } from './errors.ts';
import { type Message, msg, trusted } from './message.ts';

/* The files through which the runner takes what a step gives. */

/** @throws ReportableError when the runner has no file for outputs; otherwise what writing to it throws. */
export function writeOutputs(values: Readonly<Record<string, string>>): void {
  requireFile('GITHUB_OUTPUT', trusted('The outputs'), trusted('Later steps and jobs see none of them.'));
  for (const [name, value] of Object.entries(values)) core.setOutput(name, value);
}

/** @throws ReportableError when the runner has no file for the summary; otherwise what writing to it throws. */
export async function writeSummary(markdown: string): Promise<void> {
  requireFile('GITHUB_STEP_SUMMARY', trusted('The job summary'), trusted('The log has the answer and its reasons.'));
  await core.summary.addRaw(markdown).write();
}

/** Without the variable, core would write outputs to the log. For a missing file it throws an error without a code. */
function requireFile(variable: string, what: Message, loss: Message): void {
  const file = process.env[variable];
  const name = trusted(variable);
  if (!file) {
    throw new ReportableError(
      msg`${what} could not be written (${name} is not set). ${loss} The runner sets this variable for each step of a job.`,
      { id: 'not-written' },
    );
  }
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    throw new ReportableError(
      msg`${what} could not be written (ENOENT): the file in ${name} does not exist. ${loss} Did a step remove the runner's temporary files, or does a container not see them?`,
      { id: 'not-written' },
    );
  }
}
