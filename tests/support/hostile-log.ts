import * as core from '@actions/core';
import { expect, vi } from 'vitest';
import { annotationsOf } from '../../src/report/annotations.ts';
import type { LogSink } from '../../src/report/log.ts';
import { preflightLog } from '../../src/report/preflight-text.ts';
import type { RunReport } from '../../src/report/schema.ts';
import { plain } from '../../src/report/text.ts';
import { actingIn } from './inert.ts';
import type { Command } from './runner/commands.ts';
import { LogReader } from './runner/log-reader.ts';

const MESSAGE_CHARACTERS = 4096;
const TITLE_CHARACTERS = 255;
/** What a reader can take in of one line. */
const LINE_CHARACTERS = 10_000;

/** What the runner reads of a run's log, and what was meant. */
export interface Log {
  readonly text: string;
  readonly lines: readonly string[];
  readonly meant: readonly Command[];
}

const annotate = { error: core.error, warning: core.warning, notice: core.notice } as const;

/** Writes the log of a run through the functions that the action uses. */
export async function logOf(run: (sink: LogSink) => Promise<RunReport>): Promise<Log> {
  const lines: string[] = [];
  const meant: Command[] = [];
  const mean = (name: string, data = '', properties = {}) => meant.push({ name, data, properties });
  let text = '';
  const line = (said: string) => {
    lines.push(said);
    core.info(said);
  };
  const written = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    const result = await run({
      line,
      group: (title, inside) => {
        mean('group', title);
        core.startGroup(title);
        for (const each of inside) line(each);
        mean('endgroup');
        core.endGroup();
      },
    });
    for (const { title, lines: inside } of preflightLog(result.found))
      for (const each of [title, ...inside]) line(each);
    line(plain(result.headline));
    for (const { level, title, message } of annotationsOf(result)) {
      mean(level, message, { title });
      annotate[level](message, { title });
    }
  } finally {
    written.mockRestore();
  }
  return { text, lines, meant };
}

/** What the runner makes of a text: it ends lines as .NET does. */
export function readLog(text: string): LogReader & { readonly lines: readonly string[] } {
  const lines = text.split(/\r\n|\r|\n/);
  const reader = new LogReader();
  for (const line of lines) reader.read(line);
  return Object.assign(reader, { lines });
}

export function expectInert({ text, lines, meant }: Log): void {
  const reader = readLog(text);
  expect(reader.commands).toEqual(meant);
  expect(reader.lines.filter((line) => !line.startsWith('::')).slice(0, -1)).toEqual(lines);
  expect(actingIn(text)).toEqual([]);
  for (const line of lines) expect(line.length).toBeLessThan(LINE_CHARACTERS);
  for (const { title, message } of reader.annotations) {
    expect(actingIn(message)).toEqual([]);
    expect(message.length).toBeLessThanOrEqual(MESSAGE_CHARACTERS);
    expect(title).not.toContain('\n');
    expect(title?.length).toBeLessThanOrEqual(TITLE_CHARACTERS);
  }
}

/** As many commands and lines as harmless names lead to. */
export function expectSameShape(log: Log, harmlessLog: Log): void {
  expect(log.meant.map(({ name }) => name)).toEqual(harmlessLog.meant.map(({ name }) => name));
  expect(log.lines.length).toBe(harmlessLog.lines.length);
  for (const [index, { data }] of log.meant.entries()) {
    const lines = harmlessLog.meant[index]?.data.split('\n') ?? [];
    // What is too long is cut, lines and all.
    expect(data.split('\n').length).toBeLessThanOrEqual(lines.length);
  }
}
