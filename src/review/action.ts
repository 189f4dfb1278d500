import * as core from '@actions/core';
import { ReportableError, reportedFailure } from '../errors.ts';
import { exitOnceWritten } from '../exit.ts';
import { databasePasswordOf, databaseUrlOf, githubTokenOf, type RawInputs } from '../inputs.ts';
import { msg } from '../message.ts';
import { secretsIn } from '../postgres/url-secrets.ts';
import { plain } from '../report/text.ts';
import { connectionWarnings } from '../report/warnings.ts';
import { type RunContext, readRunContext } from '../run-context.ts';
import { collectSecrets, type Secrets } from '../secrets.ts';
import { cancelledBySignal } from '../signals.ts';
import { systemClock } from '../time.ts';
import { parseReviewInputs, REVIEW_INPUT_NAMES, type ReviewInputs } from './inputs.ts';
import type { Inventory } from './inventory/inventory.ts';
import { readInventory } from './inventory/read.ts';
import { publishInventory } from './publish-inventory.ts';
import { publishReview } from './publish-review.ts';
import { EMPTY_RUN, runReview } from './run.ts';

/** Runs the action: reads the inputs, then reviews or writes an inventory. Never throws; sets the exit code. */
export async function runReviewAction(): Promise<void> {
  process.exitCode = 1;
  const secrets = collectSecrets(core.setSecret);
  const cancelled = cancelledBySignal();
  // Nothing is trimmed here: a password can consist of blanks.
  const raw = Object.fromEntries(
    REVIEW_INPUT_NAMES.map((name) => [name, core.getInput(name, { trimWhitespace: false })]),
  );
  const context = readRunContext(process.env);
  const token = githubTokenOf(raw);
  secrets.add([token, ...secretsIn(databaseUrlOf(raw, context), databasePasswordOf(raw), context.environment)]);
  const inputs = parsed(raw, context, secrets);
  if (inputs instanceof ReportableError) {
    await publishReview({ run: { ...EMPTY_RUN, failure: reportedFailure(inputs) }, api: undefined });
    return;
  }
  const readDatabase = () => readWith(inputs, secrets, cancelled);
  if (inputs.mode === 'inventory') {
    await publishInventory(inputs.inventory, readDatabase, cancelled);
    return;
  }
  const parts = { token, context, clock: systemClock, today: Date.now, cancelled, readDatabase };
  const reviewed = await runReview(inputs, {
    ...parts,
    load: async (place) => (await import('./pull-request/octokit.ts')).pullRequestApi(token, place),
  });
  await publishReview(reviewed, inputs, parts);
  exitOnceWritten();
}

/** The inputs, or what is wrong with them. */
function parsed(raw: RawInputs, context: RunContext, secrets: Secrets): ReviewInputs | ReportableError {
  try {
    return parseReviewInputs(raw, context);
  } catch (error) {
    if (error instanceof ReportableError) return withoutSecrets(error, secrets);
    throw error;
  }
}

async function readWith(
  { database: inputs, application, pollTimeoutMs }: ReviewInputs,
  secrets: Secrets,
  cancelled: AbortSignal,
): Promise<Inventory> {
  // The inputs have it wherever it is read.
  if (inputs === undefined) throw new Error('no database');
  const { database, ignoredParameters } = inputs;
  for (const warning of connectionWarnings(database)) core.info(plain(msg`Note: ${warning}`));
  if (ignoredParameters > 0) {
    core.info(`Parameters of \`database-url\` that mean nothing here, and are ignored: ${ignoredParameters}.`);
  }
  try {
    return await readInventory(database, { application, pollTimeoutMs }, cancelled, secrets.addPassword);
  } catch (error) {
    throw error instanceof ReportableError ? withoutSecrets(error, secrets) : error;
  }
}

function withoutSecrets(error: ReportableError, secrets: Secrets): ReportableError {
  return new ReportableError(secrets.removedFrom(error.explanation), { id: error.id });
}
