import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as core from '@actions/core';
import { systemDatabase } from './dbos/reader.ts';
import { codeOf, explain } from './errors.ts';
import { type HoldResult, hold } from './hold/hold.ts';
import {
  type ActionConfig,
  databasePasswordOf,
  databaseUrlOf,
  parseInputs,
  readRawInputs,
} from './inputs.ts';
import { type Message, msg, trusted } from './message.ts';
import { secretsIn } from './postgres/url.ts';
import { annotationsOf } from './report/annotations.ts';
import { plain } from './report/escape.ts';
import { type LogSink, progressLog } from './report/log.ts';
import { headline, type RunReport } from './report/model.ts';
import { kitFilesOf, type WrittenKit } from './report/next-steps.ts';
import { outputsOf } from './report/outputs.ts';
import { reportOf } from './report/report-file.ts';
import { summaryOf } from './report/summary.ts';
import { configurationWarnings, warningsOf } from './report/warnings.ts';
import { type Conclusion, conclusionOf, type Verdict } from './rules/verdict.ts';
import { readRunContext } from './run-context.ts';
import { systemClock } from './time.ts';
import type { KitFile } from './unblock/kit.ts';

/** Runs the action: reads the inputs, holds, and tells the outcome. Never throws; sets the process's exit code. */
export async function runAction(): Promise<void> {
  const cancellation = cancelledBySignal();
  try {
    await tell(await outcome(cancellation.signal));
  } finally {
    cancellation.forget();
  }
}

async function outcome(signal: AbortSignal): Promise<RunReport> {
  const context = readRunContext(process.env);
  const raw = readRawInputs();
  const secrets = secretsIn(databaseUrlOf(raw, context), databasePasswordOf(raw), context.environment);
  for (const secret of secrets) core.setSecret(secret);

  try {
    return await runGate(parseInputs(raw, context), secrets, signal);
  } catch (error) {
    return failed(error, secrets, {});
  }
}

async function runGate(
  config: ActionConfig,
  secrets: readonly string[],
  signal: AbortSignal,
): Promise<RunReport> {
  const { gate, database } = config;
  const system = systemDatabase(database, gate, systemClock.now);
  const progress = progressLog(logSink);
  const advice = configurationWarnings(gate);
  progress.begin(gate, database, advice);
  if (config.ignoredParameters > 0) {
    core.info(
      `Parameters of database-url that mean nothing to the gate, and are passed over: ${config.ignoredParameters}.`,
    );
  }
  try {
    const held = await hold(gate, {
      reader: system,
      clock: systemClock,
      signal,
      onPoll: progress.poll,
      onFailedPoll: (poll) => {
        const failure = withoutSecrets(poll.outage.failure, secrets);
        progress.failedPoll({ ...poll, outage: { ...poll.outage, failure } });
      },
    });
    if (held.verdict === 'error' && held.error !== undefined) {
      return failed(held.error, secrets, { config, ...held });
    }
    return {
      ...held,
      step: conclusionOf(held.verdict, gate),
      config: gate,
      schema: database.schema,
      failure: undefined,
      warnings: [...advice, ...(held.last ? warningsOf(held.last.evaluation) : [])],
    };
  } finally {
    await system.close();
  }
}

/** A run that ended in a failure: whatever it saw before decides nothing. */
function failed(
  error: unknown,
  secrets: readonly string[],
  sofar: {
    readonly config?: ActionConfig;
  } & Partial<HoldResult>,
): RunReport {
  const verdict: Verdict = 'error';
  const step: Conclusion = 'fail';
  return {
    verdict,
    step,
    config: sofar.config?.gate,
    schema: sofar.config?.database.schema,
    first: sofar.first,
    last: sofar.last,
    failure: withoutSecrets(explain(error), secrets),
    warnings: sofar.config === undefined ? [] : configurationWarnings(sofar.config.gate),
    waitedMs: sofar.waitedMs ?? 0,
    polls: sofar.polls ?? 0,
    failedPolls: sofar.failedPolls ?? 0,
  };
}

/** The runner masks secrets in the log alone; the summary, the outputs and the report are not masked. */
function withoutSecrets(sentence: Message, secrets: readonly string[]): Message {
  return sentence.map((part) =>
    typeof part === 'string'
      ? part
      : 'typed' in part
        ? part
        : { quoted: secrets.reduce((text, secret) => text.replaceAll(secret, '***'), part.quoted) },
  );
}

/**
 * Tells the outcome in every place, each for itself: that one cannot be written must not silence the others. The
 * exit code comes first.
 */
async function tell(result: RunReport): Promise<void> {
  if (result.step === 'fail') process.exitCode = 1;
  const problems: Message[] = [];
  const attempt = async <T>(what: string, work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      problems.push(
        msg`${trusted(what)} could not be written (${trusted(codeOf(error) ?? 'unknown reason')}).`,
      );
      return undefined;
    }
  };

  const folder = await attempt('The report file', makeFolder);
  const written = folder === undefined ? undefined : await leave(folder, result, attempt);
  const outputs = outputsOf(result, written?.reportPath ?? '');
  if (outputs.omitted > 0) {
    problems.push(
      msg`${outputs.omitted} entries of the output lists were left out to stay below GitHub's limit; the report file has them all.`,
    );
  }
  for (const [name, value] of Object.entries(outputs.values)) {
    await attempt(`The output ${name}`, () => core.setOutput(name, value));
  }
  if (process.env['GITHUB_STEP_SUMMARY']) {
    const told = { ...result, warnings: [...result.warnings, ...problems] };
    const summary = summaryOf(told, written?.kit);
    await attempt('The job summary', () => core.summary.addRaw(summary).write());
  }
  core.info(plain(msg`Verdict ${trusted(result.verdict)}: ${headline(result)}`));
  if (written?.kit !== undefined && written.kit.files.length > 0) {
    core.info(
      plain(
        msg`The job summary lists what blocks; ${trusted('unblock.sh')} for all of it is in ${written.kit.folder}.`,
      ),
    );
  }
  const complete = { ...result, warnings: [...result.warnings, ...problems] };
  for (const { level, title, message } of annotationsOf(complete)) annotate[level](message, { title });
}

/** A folder of its own for what a run leaves: a job may run the gate more than once. */
function makeFolder(): string {
  return mkdtempSync(path.join(process.env['RUNNER_TEMP'] || tmpdir(), 'dbos-drain-gate-'));
}

/** What a run leaves for others to use: the report file, and the unblock kit. */
async function leave(
  folder: string,
  result: RunReport,
  attempt: <T>(what: string, work: () => T) => Promise<T | undefined>,
): Promise<{ readonly reportPath: string | undefined; readonly kit: WrittenKit | undefined }> {
  const reportPath = await attempt('The report file', () => writeReport(folder, result));
  const files = await attempt('The script beside the report file', () => writeKit(folder, result));
  return { reportPath, kit: files && { folder, files } };
}

function writeKit(folder: string, result: RunReport): readonly KitFile[] {
  const files = kitFilesOf(result);
  for (const { name, text } of files) writeFileSync(path.join(folder, name), text, { mode: 0o700 });
  return files;
}

function writeReport(folder: string, result: RunReport): string {
  const file = path.join(folder, 'report.json');
  writeFileSync(file, `${JSON.stringify(reportOf(result), null, 2)}\n`);
  return file;
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

/**
 * A signal that aborts when the job is cancelled: the runner sends SIGINT, and SIGTERM 7.5 seconds later. The
 * second signal has its usual effect, and ends the process at once.
 */
function cancelledBySignal(): { readonly signal: AbortSignal; forget(): void } {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM'] as const;
  const forget = () => {
    for (const name of names) process.removeListener(name, abort);
  };
  const abort = () => {
    forget();
    controller.abort();
  };
  for (const name of names) process.on(name, abort);
  return { signal: controller.signal, forget };
}
