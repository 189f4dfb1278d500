import type { ShellKind } from './config.ts';
import type { Message } from './message.ts';
import type { Annotation } from './report/annotations.ts';
import type { LogSink } from './report/log.ts';
import type { RunReport } from './report/schema.ts';

/** What differs between the places that the gate runs in: where its log and its answer go. */
export interface Shell {
  readonly kind: ShellKind;
  readonly log: LogSink;
  /** Sets the exit code of the process. It comes first: nothing that fails later changes it. */
  conclude(report: RunReport): void;
  /** Returns the folder for the report file and the unblock kit. */
  createFolder(): string;
  /** Writes the outputs. Calls `warn` with what a reader of them has to know. */
  writeOutputs(report: RunReport, reportPath: string, warn: (problem: Message) => void): void;
  /** Publishes the answer at the commit, within seconds. Returns what could not be done. */
  publishCheck?(report: RunReport): Promise<readonly Message[]>;
  writeSummary(markdown: string): Promise<void> | void;
  annotate(annotation: Annotation): void;
}
