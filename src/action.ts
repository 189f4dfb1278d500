import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as core from '@actions/core';
import { exitOnceWritten } from './exit.ts';
import { type CheckRun, checkRunOf } from './github/check-run.ts';
import { githubTokenOf, INPUT_NAMES } from './inputs.ts';
import { LONGEST_NAME_BYTES } from './long-names.ts';
import { msg } from './message.ts';
import { publish } from './publish.ts';
import type { LogSink } from './report/log.ts';
import { outputsOf, outputsWith } from './report/outputs.ts';
import { plain } from './report/text.ts';
import { maskedOutputs } from './report/warnings.ts';
import { runGate } from './run.ts';
import { readRunContext, troubleshootingPage } from './run-context.ts';
import { writeOutputs, writeSummary } from './runner-files.ts';
import { collectSecrets, type Secrets } from './secrets.ts';
import type { Shell } from './shell.ts';
import { cancelledBySignal } from './signals.ts';

/** Runs the action: reads the inputs, holds, and publishes the answer. Never throws; sets the process's exit code. */
export async function runAction(): Promise<void> {
  const secrets = collectSecrets(core.setSecret);
  const signal = cancelledBySignal();
  const page = troubleshootingPage(process.env);
  const [raw, context] = [readRawInputs(), readRunContext(process.env)];
  const token = githubTokenOf(raw);
  secrets.add([token]);
  let check: CheckRun | undefined;
  const run = await runGate(raw, context, {
    ...{ log, secrets, signal, page },
    watch: (inputs) => {
      check = checkRunOf(inputs, {
        ...{ token, context, page },
        note: (text) => log.line(plain(text)),
        withoutSecrets: secrets.removedFrom,
        load: async (repository) => (await import('./github/octokit.ts')).checksApi(token, repository),
      });
      return check;
    },
  });
  process.exitCode = 1;
  await publish(run, { ...shellOf(secrets), publishCheck: async (report) => check?.finish(report) ?? [] });
  if (check !== undefined) exitOnceWritten();
}

/** The inputs as the runner passes them. */
function readRawInputs(): Readonly<Record<string, string>> {
  // A version name can end in blanks, and a password can consist of them, so nothing is trimmed here.
  return Object.fromEntries(INPUT_NAMES.map((name) => [name, core.getInput(name, { trimWhitespace: false })]));
}

const log: LogSink = {
  line: (text) => core.info(text),
  group: (title, lines) => {
    core.startGroup(title);
    for (const line of lines) core.info(line);
    core.endGroup();
  },
};

const annotate = { error: core.error, warning: core.warning, notice: core.notice } as const;

const shellOf = (secrets: Secrets): Shell => ({
  kind: 'action',
  log,
  conclude: ({ conclusion }) => {
    process.exitCode = conclusion === 'fail' ? 1 : 0;
  },
  // A folder of its own: a job can run the gate more than once.
  createFolder: () => mkdtempSync(path.join(process.env['RUNNER_TEMP'] || tmpdir(), 'dbos-drain-gate-')),
  writeOutputs: (report, reportPath, warn) => {
    const { values, omitted } = outputsOf(report, reportPath);
    if (omitted > 0) {
      warn(
        msg`${omitted} entries of the output lists were left out: names of more than ${LONGEST_NAME_BYTES} bytes, or more names than GitHub's limit has room for. Tear down nothing that the lists do not name.`,
      );
    }
    for (const problem of maskedOutputs(outputsWith(secrets.isIn, values), secrets.shortestLength())) warn(problem);
    writeOutputs(values);
  },
  writeSummary,
  annotate: ({ level, title, message }) => annotate[level](message, { title }),
});
