import type { EventEmitter } from 'node:events';
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { codeOf } from '../errors.ts';
import type { Annotation } from '../report/annotations.ts';
import type { LogSink } from '../report/log.ts';

/** Standard error, or what stands for it. */
export type Stream = Pick<WriteStream, 'write' | 'isTTY' | 'columns'>;

/** A log of lines, and on a terminal a last line that is written again while nothing else happens. */
export interface TerminalLog extends LogSink {
  annotate(annotation: Annotation): void;
}

const CLEAR_LINE = '\r\u001B[2K';

const LABELS = { error: 'Error', warning: 'Warning', notice: 'Notice' } as const;
const COLORS = { error: 'red', warning: 'yellow', notice: 'cyan' } as const;

/**
 * @param hide Replaces the secrets in a text.
 * @param style Colors a text, where the stream shows colors.
 * @param terminal What kind of terminal it is: `TERM`.
 */
export function terminalLog(
  stream: Stream,
  hide: (text: string) => string,
  style: (color: (typeof COLORS)[keyof typeof COLORS], text: string) => string = (color, text) =>
    styleText(color, text, { stream: process.stderr }),
  terminal = process.env['TERM'],
): TerminalLog {
  let hasStatus = false;
  const write = (text: string, end: string) => {
    stream.write(`${hasStatus ? CLEAR_LINE : ''}${text}${end}`);
    hasStatus = end === '';
  };
  const line = (text: string) => write(hide(text), '\n');
  // A dumb terminal clears nothing, and some do not know how wide they are.
  const canRedraw = stream.isTTY && stream.columns > 0 && terminal !== 'dumb';
  return {
    line,
    group: (title, lines) => {
      line(`${title}:`);
      for (const each of lines) line(`  ${each}`);
    },
    // A line that wraps cannot be cleared.
    ...(canRedraw ? { status: (text) => write(cutTo(stream.columns - 1, hide(text)), '') } : {}),
    annotate: ({ level, message }) => {
      const [first = '', ...rest] = hide(message).split('\n');
      write(`${style(COLORS[level], `${LABELS[level]}:`)} ${first}`, '\n');
      for (const each of rest) line(`  ${each}`);
    },
  };
}

/** Returns what fits into so many columns. What is not Latin counts as two: some of it takes as many, and none takes more. */
function cutTo(columns: number, text: string): string {
  let left = columns;
  const fitting = [...text];
  const end = fitting.findIndex((character) => {
    left -= character < '\u0300' ? 1 : 2;
    return left < 0;
  });
  return end === -1 ? text : fitting.slice(0, end).join('');
}

/** Warns when standard output fails, as on a full disk. That its reader has stopped reading is no failure. */
export function warnOfLostOutput(stdout: Pick<EventEmitter, 'on'>, log: TerminalLog): void {
  stdout.on('error', (error) => {
    const code = codeOf(error) ?? 'unknown reason';
    if (code === 'EPIPE') return;
    const message = `Standard output could not be written (${code}). The folder of the artifacts has the report.`;
    log.annotate({ level: 'warning', title: '', message });
  });
}
