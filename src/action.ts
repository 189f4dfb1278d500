import * as core from '@actions/core';
import { writeArtifacts } from './artifacts.ts';
import { systemDatabase } from './dbos/reader.ts';
import { codeOf, ReportableError, type ReportedFailure, reportedFailure } from './errors.ts';
import { hold } from './hold/hold.ts';
import { type ActionConfig, databasePasswordOf, databaseUrlOf, parseInputs, readRawInputs } from './inputs.ts';
import { LONGEST_NAME_BYTES } from './long-names.ts';
import { type Message, msg, trusted } from './message.ts';
import { secretsIn } from './postgres/url-secrets.ts';
import { annotationsOf } from './report/annotations.ts';
import { type LogSink, startLog } from './report/log.ts';
import { failedRun, type Run, runReportOf } from './report/model.ts';
import { outputsOf, outputsWith } from './report/outputs.ts';
import { summaryOf } from './report/summary.ts';
import { plain } from './report/text.ts';
import { connectionWarnings, maskedOutputs } from './report/warnings.ts';
import { readRunContext } from './run-context.ts';
import { writeOutputs, writeSummary } from './runner-files.ts';
import { collectSecrets, type Secrets } from './secrets.ts';
import { systemClock } from './time.ts';

/** Runs the action: reads the inputs, holds, and publishes the answer. Never throws; sets the process's exit code. */
export async function runAction(): Promise<void> {
  const secrets = collectSecrets(core.setSecret);
  await publish(await run(secrets, cancelledBySignal()), secrets);
}

async function run(secrets: Secrets, signal: AbortSignal): Promise<Run> {
  const context = readRunContext(process.env);
  const raw = readRawInputs();
  secrets.add(secretsIn(databaseUrlOf(raw, context), databasePasswordOf(raw), context.environment));
  try {
    return await holdWith(parseInputs(raw, context), secrets, signal);
  } catch (error) {
    return failedRun(withoutSecrets(reportedFailure(error), secrets));
  }
}

async function holdWith(
  { gate, database, ignoredParameters, source }: ActionConfig,
  secrets: Secrets,
  signal: AbortSignal,
): Promise<Run> {
  const reader = systemDatabase(database, gate, systemClock.now, secrets.addPassword);
  const log = startLog(logSink, gate, { ...database, source });
  const warnings = connectionWarnings(database);
  for (const warning of warnings) core.info(plain(msg`Note: ${warning}`));
  if (ignoredParameters > 0) {
    core.info(`Parameters of database-url that mean nothing to the gate, and are ignored: ${ignoredParameters}.`);
  }
  try {
    const { error, ...held } = await hold(gate, {
      reader,
      clock: systemClock,
      signal,
      onPoll: log.onPoll,
      onFailedPoll: ({ outage, ...poll }) =>
        log.onFailedPoll({ ...poll, outage: { ...outage, failure: secrets.removedFrom(outage.failure) } }),
    });
    const failure = error === undefined ? undefined : withoutSecrets(reportedFailure(error), secrets);
    return { ...held, failure, config: gate, schema: database.schema, warnings };
  } finally {
    await reader.close();
  }
}

const withoutSecrets = ({ kind, message }: ReportedFailure, secrets: Secrets): ReportedFailure => ({
  kind,
  message: secrets.removedFrom(message),
});

/** Publishes the answer in every place. A place that cannot be written does not silence the others. */
async function publish(run: Run, secrets: Secrets): Promise<void> {
  // The exit code comes first: 1 until the report says that the step passes.
  process.exitCode = 1;
  const report = runReportOf(run);
  if (report.conclusion !== 'fail') process.exitCode = 0;
  const problems: Message[] = [];
  const attempt = async <T>(what: string, work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      const code = trusted(codeOf(error) ?? 'unknown reason');
      const known = error instanceof ReportableError ? error.explanation : undefined;
      problems.push(known ?? msg`${trusted(what)} could not be written (${code}).`);
      return undefined;
    }
  };
  const withProblems = () => ({ ...report, warnings: [...report.warnings, ...problems] });

  const { reportPath, kit } = await writeArtifacts(report, run.last, attempt);
  const outputs = await attempt('The outputs', () => outputsOf(report, reportPath));
  if (outputs !== undefined && outputs.omitted > 0) {
    problems.push(
      msg`${outputs.omitted} entries of the output lists were left out: names of more than ${LONGEST_NAME_BYTES} bytes, or more names than GitHub's limit has room for. Tear down nothing that the lists do not name.`,
    );
  }
  const values = outputs?.values ?? {};
  problems.push(...maskedOutputs(outputsWith(secrets.isIn, values), secrets.shortestLength()));
  await attempt('The outputs', () => writeOutputs(values));
  await attempt('The job summary', () => writeSummary(summaryOf(withProblems(), kit)));
  core.info(plain(msg`Verdict ${trusted(report.verdict)}: ${report.headline}`));
  if (kit !== undefined) {
    core.info(plain(msg`The job summary lists what blocks; unblock.sh for all of it is in ${kit.folder}.`));
  }
  for (const { level, title, message } of annotationsOf(withProblems())) annotate[level](message, { title });
}

const annotate = { error: core.error, warning: core.warning, notice: core.notice } as const;

const logSink: LogSink = {
  line: (text) => core.info(text),
  group: (title, lines) => {
    core.startGroup(title);
    for (const line of lines) core.info(line);
    core.endGroup();
  },
};

/** Aborts when the runner cancels the job: SIGINT, and SIGTERM 7.5 s later. A second signal ends the process at once. */
function cancelledBySignal(): AbortSignal {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM'] as const;
  const abort = () => {
    for (const name of names) process.removeListener(name, abort);
    controller.abort();
  };
  for (const name of names) process.on(name, abort);
  return controller.signal;
}
