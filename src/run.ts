import { systemDatabase } from './dbos/reader.ts';
import { type ReportedFailure, reportedFailure } from './errors.ts';
import { type HoldParts, hold } from './hold/hold.ts';
import { databasePasswordOf, databaseUrlOf, type ParsedInputs, parseInputs, type RawInputs } from './inputs.ts';
import { msg } from './message.ts';
import { serverCheck } from './postgres/tls.ts';
import type { DatabaseConfig, UrlSource } from './postgres/url.ts';
import { secretsIn } from './postgres/url-secrets.ts';
import { type LogSink, startLog } from './report/log.ts';
import type { Place } from './report/log-opening.ts';
import { failedRun, type Run } from './report/model.ts';
import { ALSO_SET, type ConnectionSettings } from './report/preflight-next.ts';
import { plain } from './report/text.ts';
import { connectionWarnings } from './report/warnings.ts';
import { actionReference, type RunContext } from './run-context.ts';
import type { Secrets } from './secrets.ts';
import { systemClock } from './time.ts';

/** What a run needs from its shell. */
export interface RunParts {
  readonly log: LogSink;
  readonly secrets: Secrets;
  readonly signal: AbortSignal;
  /** The address of the troubleshooting page, where it is known. */
  readonly page?: string | undefined;
  /** Called once the inputs are read. Returns who else is called after each poll. */
  readonly watch?: (inputs: ParsedInputs) => Watcher | undefined;
}

/** Who is called after each poll. It neither waits nor throws. */
export type Watcher = Pick<HoldParts, 'onPoll' | 'onFailedPoll'>;

/** Parses the inputs and holds. Returns how that ended, and throws nothing that was foreseen. */
export async function runGate(raw: RawInputs, context: RunContext, parts: RunParts): Promise<Run> {
  const { secrets, page } = parts;
  secrets.add(secretsIn(databaseUrlOf(raw, context), databasePasswordOf(raw), context.environment));
  try {
    return await holdWith(parseInputs(raw, context), connectionSettings(raw, context), parts);
  } catch (error) {
    return { ...failedRun(withoutSecrets(reportedFailure(error), secrets)), page };
  }
}

async function holdWith(inputs: ParsedInputs, settings: ConnectionSettings, parts: RunParts): Promise<Run> {
  const { gate, database, ignoredParameters, source } = inputs;
  const { log: sink, secrets, signal, page } = parts;
  const reader = systemDatabase(database, gate, systemClock.now, secrets.addPassword);
  const log = startLog(sink, gate, { ...database, source }, page);
  const warnings = connectionWarnings(database);
  for (const warning of warnings) sink.line(plain(msg`Note: ${warning}`));
  if (ignoredParameters > 0) {
    sink.line(
      plain(msg`Parameters of \`database-url\` that mean nothing to the gate, and are ignored: ${ignoredParameters}.`),
    );
  }
  const watcher = parts.watch?.(inputs);
  try {
    const { error, ...held } = await hold(gate, {
      reader,
      clock: systemClock,
      signal,
      onPoll: (poll) => {
        log.onPoll(poll);
        watcher?.onPoll(poll);
      },
      onFailedPoll: ({ outage, ...poll }) => {
        const failed = { ...poll, outage: { ...outage, failure: secrets.removedFrom(outage.failure) } };
        log.onFailedPoll(failed);
        watcher?.onFailedPoll(failed);
      },
    });
    const failure = error === undefined ? undefined : withoutSecrets(reportedFailure(error), secrets);
    const connection = {
      ...settings,
      place: placeOf(database, source),
      serverCheck: serverCheck(database),
      tlsMode: database.tlsMode,
    };
    return { ...held, failure, config: gate, schema: database.schema, connection, warnings, page };
  } finally {
    await reader.close();
  }
}

/** Without the password, which a whole configuration has. */
const placeOf = ({ host, port, database, schema }: DatabaseConfig, source: UrlSource): Place => ({
  ...{ host, port, database, schema, source },
});

/** What another run needs to connect as this one does. */
function connectionSettings(raw: RawInputs, { shell, environment }: RunContext): ConnectionSettings {
  return {
    shell,
    action: actionReference(environment),
    selfHosted: environment['RUNNER_ENVIRONMENT'] === 'self-hosted',
    alsoSet: ALSO_SET.filter((name) => raw[name]?.trim()),
  };
}

const withoutSecrets = ({ kind, message }: ReportedFailure, secrets: Secrets): ReportedFailure => ({
  kind,
  message: secrets.removedFrom(message),
});
