import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
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
 */
export function terminalLog(
  stream: Stream,
  hide: (text: string) => string,
  style: (color: (typeof COLORS)[keyof typeof COLORS], text: string) => string = (color, text) =>
    styleText(color, text, { stream: process.stderr }),
): TerminalLog {
  let hasStatus = false;
  const write = (text: string, end: string) => {
    stream.write(`${hasStatus ? CLEAR_LINE : ''}${text}${end}`);
    hasStatus = end === '';
  };
  const line = (text: string) => write(hide(text), '\n');
  return {
    line,
    group: (title, lines) => {
      line(`${title}:`);
      for (const each of lines) line(`  ${each}`);
    },
    // A line that wraps cannot be cleared.
    ...(stream.isTTY ? { status: (text) => write(hide(text).slice(0, Math.max(0, stream.columns - 1)), '') } : {}),
    annotate: ({ level, message }) => {
      const [first = '', ...rest] = hide(message).split('\n');
      write(`${style(COLORS[level], `${LABELS[level]}:`)} ${first}`, '\n');
      for (const each of rest) line(`  ${each}`);
    },
  };
}
