import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Places, type Request, readArguments } from './command-line/arguments.ts';
import { exitCodeOf, REFUSED } from './command-line/exit-codes.ts';
import { artifactsFolder, preparePlaces } from './command-line/places.ts';
import { type TerminalLog, terminalLog, warnOfLostOutput } from './command-line/terminal.ts';
import { RELEASE, REPOSITORY } from './embedded.ts';
import { InputError } from './errors.ts';
import { msg } from './message.ts';
import { nameInputsBy } from './naming.ts';
import { publish } from './publish.ts';
import { outputsOf } from './report/outputs.ts';
import { reportText } from './report/report-file.ts';
import { plain } from './report/text.ts';
import { runGate } from './run.ts';
import { type RunContext, releasedPage } from './run-context.ts';
import { collectSecrets } from './secrets.ts';
import type { Shell } from './shell.ts';
import { cancelledBySignal } from './signals.ts';

/** GitLab takes a dotenv file of 5 KB. */
const OUTPUT_BYTES = 5000;

/** Runs the command line: reads flags and variables, holds, and publishes the answer. Sets the process's exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  process.exitCode = 1;
  const secrets = collectSecrets(() => undefined);
  const log = terminalLog(process.stderr, secrets.hiddenIn);
  process.stderr.on('error', () => undefined);
  warnOfLostOutput(process.stdout, log);
  const request = acceptedRequest(argv, log);
  if (request === undefined) return;

  const signal = cancelledBySignal();
  const context: RunContext = { shell: 'command-line', environment: process.env, withoutSecrets: undefined };
  const page = releasedPage(REPOSITORY, RELEASE);
  const run = await runGate(request.raw, context, { log, secrets, signal, page });
  const report = await publish(run, shellOf(request.places, log, signal));
  if (request.places.json) process.stdout.write(reportText(report));
}

/** Returns what is asked for; undefined where there is nothing to run, with the exit code set. */
function acceptedRequest(argv: readonly string[], log: TerminalLog): Request | undefined {
  try {
    const request = readArguments(argv, process.env, preparePlaces);
    if (typeof request === 'string') {
      process.stdout.write(request);
      process.exitCode = 0;
      return undefined;
    }
    nameInputsBy(request.naming);
    for (const warning of request.warnings) log.line(plain(msg`Note: ${warning}`));
    return request;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    process.exitCode = REFUSED;
    log.annotate({ level: 'error', title: '', message: plain(error.explanation) });
    return undefined;
  }
}

function shellOf(places: Places, log: TerminalLog, signal: AbortSignal): Shell {
  let folder = '';
  return {
    kind: 'command-line',
    log,
    annotate: log.annotate,
    conclude: (report) => {
      process.exitCode = exitCodeOf({ ...report, signal });
    },
    createFolder: () => {
      folder = artifactsFolder(places);
      return folder;
    },
    writeOutputs: (report, reportPath, warn) => {
      if (places.output === undefined) return;
      const { values, omitted } = outputsOf(report, reportPath, OUTPUT_BYTES);
      if (omitted > 0) {
        warn(
          msg`${omitted} entries of the lists in the output file were left out, to keep it below ${OUTPUT_BYTES} bytes. Tear down nothing that the lists do not name. The report file has everything.`,
        );
      }
      writeFileSync(places.output, outputLines(values));
    },
    writeSummary: (markdown) => {
      const file = places.summary ?? path.join(folder, 'summary.md');
      writeFileSync(file, markdown);
      if (folder !== '') log.line(plain(msg`Report and summary: ${folder}.`));
    },
  };
}

/** The outputs as lines of a dotenv file: GitLab takes letters, digits and underscores in names, and values of one line. */
function outputLines(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name.replaceAll('-', '_')}=${value.replace(/\s*\n\s*/g, ' ')}\n`)
    .join('');
}
