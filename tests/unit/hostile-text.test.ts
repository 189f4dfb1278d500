// @module-tag exhaustive
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as core from '@actions/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { msg } from '../../src/message.ts';
import { annotationsOf } from '../../src/report/annotations.ts';
import type { LogSink } from '../../src/report/log.ts';
import { codeBlock } from '../../src/report/markdown.ts';
import { type Run, runReportOf } from '../../src/report/model.ts';
import { outputsOf } from '../../src/report/outputs.ts';
import { type RunReport, runReportSchema } from '../../src/report/schema.ts';
import { summaryOf } from '../../src/report/summary.ts';
import { plain } from '../../src/report/text.ts';
import { htmlOf, skeletonOf } from '../rendering/github-markdown.ts';
import { failures } from '../support/hostile-failures.ts';
import { NAMES_IN_A_SCENE, play, SCENES, type SceneName } from '../support/hostile-scenes.ts';
import { ATTACKS, hostileNames, hostileText, MEGABYTES } from '../support/hostile-text.ts';
import { actingIn, codeShownIn, harmIn } from '../support/inert.ts';
import { readReport } from '../support/report-file.ts';
import { kitOf } from '../support/report-runs.ts';
import type { Command } from '../support/runner/commands.ts';
import { parseOutputs } from '../support/runner/file-commands.ts';
import { LogReader } from '../support/runner/log-reader.ts';

/*
 * Nothing that others wrote acts where the gate writes it. What is written is read by parsers that know nothing of
 * how it was made harmless: GitHub's Markdown and HTML rules, and the runner's commands and files.
 */

const SCENE_NAMES = Object.keys(SCENES).filter((name): name is SceneName => name in SCENES);
const hostile = hostileNames(NAMES_IN_A_SCENE);
const harmless = Array.from({ length: NAMES_IN_A_SCENE }, (_, index) => `n${index}`);

const MEBIBYTE = 1024 * 1024;
const MESSAGE_CHARACTERS = 4096;
const TITLE_CHARACTERS = 255;
/** What a reader can take in of one line. */
const LINE_CHARACTERS = 10_000;

const summaryFor = (run: Run) => summaryOf(runReportOf(run));
const skeleton = (run: Run) => skeletonOf(htmlOf(summaryFor(run)));

function holds(times: number, property: (names: readonly string[]) => Promise<void>): Promise<void> {
  return fc.assert(fc.asyncProperty(hostile, property), { numRuns: times });
}

describe('the parsers of these tests', () => {
  test.each([
    ['a command', '::error::evil'],
    ['a command after a blank', ' \u0085::error::evil'],
    ['a command on a line of its own', 'a\r::error::evil'],
    ['an older command', 'a ##[error]evil'],
    ['an older command behind what is no command', '::a::##[error]evil'],
  ])('find %s', (_what, text) => {
    expect(readLog(text).commands).toEqual([{ name: 'error', properties: expect.anything(), data: 'evil' }]);
  });

  test.each([
    ['a picture', '![x](http://evil.example/x.png)', 'img'],
    ['a link', '[x](http://evil.example)', 'a'],
    ['a bare link', 'http://evil.example', 'a'],
    ['an address in HTML of ours', '<code>a&#64;evil&#46;example</code>', 'a'],
    ['a host', 'www.evil.example', 'a'],
    ['a script', '<script>alert(1)</script>', 'script'],
    ['HTML that GitHub takes out', '<b onclick="x">', 'HTML that GitHub takes out'],
    ['a mention', 'x @octocat', 'mention: @octocat'],
    ['a reference', 'octocat/evil#1', 'issue: octocat/evil#1'],
    ['a commit', 'deadbeef0123456789abcdef0123456789abcdef', expect.stringMatching('commit: deadbeef')],
    ['an emoji', ':tada:', 'emoji: :tada:'],
    ['a formula', '$math$', 'formula: $math$'],
    ['a reversed direction', '`\u202e`', 'acts: "\u202e"'],
    ['the colour of a terminal', '`\u001b[31m`', 'acts: "\\u001b"'],
    ['half a character', '`\ud83d`', 'acts: "\\ud83d"'],
    ['marks that pile up', `\`a${'\u0336'.repeat(99)}\``, `acts: "${'\u0336'.repeat(9)}"`],
  ])('find %s', (_what, text, harm) => {
    expect(harmIn(text)).toContainEqual(harm);
  });

  test('find nothing in what is harmless', () => {
    expect(harmIn('## ⚠️ A `b`\n\n<details><summary>c</summary>\n\n> d\n\n</details>')).toEqual([]);
  });
});

describe.each(SCENE_NAMES)('of %s', (scene) => {
  test('the summary has the structure that harmless names give it, and nothing in it acts', async () => {
    const expected = skeleton(await play(scene, harmless));
    await holds(20, async (names) => {
      const run = await play(scene, names);
      const report = runReportOf(run);
      expect(harmIn(summaryOf(report))).toEqual([]);
      expect(skeleton(run)).toBe(expected);
      const kit = kitOf(run, names.join('/'));
      expect(harmIn(summaryOf(report, kit))).toEqual([]);
    });
  });

  test('the log holds the commands that are meant, and nothing in it acts', async () => {
    const expected = await logOf(async (sink) => runReportOf(await play(scene, harmless, sink)));
    await holds(30, async (names) => {
      const log = await logOf(async (sink) => runReportOf(await play(scene, names, sink)));
      expectInert(log);
      expectSameShape(log, expected);
    });
  });

  test('outputs and report hold every name as it is', async () => {
    await holds(20, async (names) => expectFaithful(await play(scene, names)));
  });
});

describe('of a failure that quotes others', () => {
  const kinds = failures(harmless).length;
  const anyFailure = fc.tuple(hostile, fc.nat(kinds - 1));
  const nth = (names: readonly string[], index: number): Run => {
    const run = failures(names)[index];
    if (run === undefined) throw new Error(`There is no failure ${index}.`);
    return run;
  };

  test('the summary has the structure that harmless text gives it, and nothing in it acts', () => {
    const property = fc.property(anyFailure, ([names, index]) => {
      const run = nth(names, index);
      expect(harmIn(summaryFor(run))).toEqual([]);
      expect(skeleton(run)).toBe(skeleton(nth(harmless, index)));
    });
    fc.assert(property, { numRuns: 400 });
  });

  test('the log holds the commands that are meant, and nothing in it acts', async () => {
    const property = fc.asyncProperty(anyFailure, async ([names, index]) => {
      const log = await logOf(async () => runReportOf(nth(names, index)));
      expectInert(log);
      expectSameShape(log, await logOf(async () => runReportOf(nth(harmless, index))));
    });
    await fc.assert(property, { numRuns: 400 });
  });

  test('the report holds what its schema says', () => {
    const property = fc.property(anyFailure, ([names, index]) => expectFaithful(nth(names, index)));
    fc.assert(property, { numRuns: 200 });
  });
});

test('a name of characters that only mean themselves is shown as it is', async () => {
  const report = runReportOf(await play('several applications', harmless));
  const ascii = fc.oneof(fc.constantFrom(...ATTACKS), fc.string({ unit: 'grapheme-ascii', maxLength: 80 }));
  const property = fc.property(ascii, (name) => {
    fc.pre(/^[ -~]+$/.test(name) && !name.includes('##['));
    expect(codeShownIn(summaryOf({ ...report, warnings: [msg`${name}`] }))).toContain(name);
    expect(plain(msg`${name}`)).toBe(`"${name.replaceAll('"', '\\"')}"`);
  });
  fc.assert(property, { numRuns: 300 });
});

test('a block of code stays one, whatever its lines are', () => {
  const property = fc.property(fc.array(hostileText), (lines) => {
    const block = codeBlock('sh', lines);
    expect(harmIn(block)).toEqual([]);
    expect(skeletonOf(htmlOf(block))).toBe(skeletonOf(htmlOf('```sh\nx\n```')));
  });
  fc.assert(property, { numRuns: 300 });
});

test('marks that come first, or by the thousand, are shown as what they are', () => {
  expect(plain(msg`${`\u0338a${'\u0301'.repeat(6)}e\u0301`}`)).toBe(
    `"\\u{338}a${'\u0301'.repeat(4)}\\u{301}\\u{301}e\u0301"`,
  );
});

test('a message that is too long is cut between two characters', async () => {
  const report = runReportOf(await play('several applications', harmless));
  for (const before of ['', 'x']) {
    const warnings = Array.from({ length: 99 }, () => msg`${before + '🚀'.repeat(50)}`);
    const message = annotationsOf({ ...report, warnings }).at(-1)?.message ?? '';
    expect(message).toMatch(/🚀…$/u);
    expect(message.length).toBeGreaterThan(3900);
    expectInert(await logOf(async () => ({ ...report, warnings })));
  }
});

describe('a megabyte in every name', () => {
  const huge = Array.from(harmless, (name, index) => `${MEGABYTES[index % MEGABYTES.length]}${name}`);

  test.each(SCENE_NAMES)('leaves what is told of %s below the limits', async (scene) => {
    const run = await play(scene, huge);
    expect(Buffer.byteLength(summaryFor(run))).toBeLessThan(MEBIBYTE);
    expect(harmIn(summaryFor(run))).toEqual([]);
    expect(skeleton(run)).toBe(skeleton(await play(scene, harmless)));
    expectInert(await logOf(async (sink) => runReportOf(await play(scene, huge, sink))));
    const outputs = Object.values(outputsOf(runReportOf(run), '/tmp/report.json').values);
    expect(Buffer.byteLength(outputs.join())).toBeLessThan(1_000_000);
  });

  test('leaves what is told of failures below the limits', async () => {
    for (const run of failures(huge)) {
      expect(Buffer.byteLength(summaryFor(run))).toBeLessThan(MEBIBYTE);
      expectInert(await logOf(async () => runReportOf(run)));
    }
  });

  test('keeps no other name out of the outputs', async () => {
    const [long = ''] = MEGABYTES;
    const run = await play('a timeout among many versions', harmless.with(5, long));
    const { values, omitted } = outputsOf(runReportOf(run), '');
    const blocked = (run.last?.evaluation.targets ?? []).filter(({ drained }) => !drained);
    const told = blocked.map(({ version }) => version).filter((version) => version !== long);
    expect(JSON.parse(values['draining-versions'])).toEqual(told);
    expect(told.length).toBeGreaterThan(10);
    expect(omitted).toBe(2);
  });
});

/** What the runner reads of a run's log, and what was meant. */
interface Log {
  readonly text: string;
  readonly lines: readonly string[];
  readonly meant: readonly Command[];
}

const annotate = { error: core.error, warning: core.warning, notice: core.notice } as const;

/** Writes the log of a run through the functions that the action uses. */
async function logOf(run: (sink: LogSink) => Promise<RunReport>): Promise<Log> {
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
function readLog(text: string): LogReader & { readonly lines: readonly string[] } {
  const lines = text.split(/\r\n|\r|\n/);
  const reader = new LogReader();
  for (const line of lines) reader.read(line);
  return Object.assign(reader, { lines });
}

function expectInert({ text, lines, meant }: Log): void {
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
function expectSameShape(log: Log, harmlessLog: Log): void {
  expect(log.meant.map(({ name }) => name)).toEqual(harmlessLog.meant.map(({ name }) => name));
  expect(log.lines.length).toBe(harmlessLog.lines.length);
  for (const [index, { data }] of log.meant.entries()) {
    const lines = harmlessLog.meant[index]?.data.split('\n') ?? [];
    // What is too long is cut, lines and all.
    expect(data.split('\n').length).toBeLessThanOrEqual(lines.length);
  }
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-hostile-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes outputs and report to files, as the action does, and reads them as others would. */
function expectFaithful(run: Run): void {
  const result = runReportOf(run);
  const file = path.join(folder, 'output');
  writeFileSync(file, '');
  vi.stubEnv('GITHUB_OUTPUT', file);
  const { values, omitted } = outputsOf(result, '/tmp/report.json');
  for (const [name, value] of Object.entries(values)) core.setOutput(name, value);
  vi.unstubAllEnvs();
  const outputs = parseOutputs(readFileSync(file, 'utf8'));
  expect(outputs).toEqual(values);

  const report = path.join(folder, 'report.json');
  writeFileSync(report, JSON.stringify(runReportSchema.parse(result), null, 2));
  const read = readReport(readFileSync(report, 'utf8'));
  expect(read).toEqual(runReportSchema.parse(result));

  const evaluation = run.last?.evaluation;
  const evaluated = (evaluation?.targets ?? []).map(({ version }) => version);
  const targets = [...evaluated, ...(evaluation?.skipped ?? [])];
  expect(read.versions.map(({ version }) => version)).toEqual(targets);
  const index = evaluation?.index?.contents.workflows.items ?? [];
  expect(read.workflows.items).toMatchObject(
    index.map(({ id, className, queue, executor, parent, status }) => ({
      ...{ id, className, queue, executor, parent, status },
    })),
  );
  for (const { message } of read.blockers) expect(actingIn(message)).toEqual([]);
  expect(result.blockers.length).toBe(read.blockers.length);

  expect(omitted).toBe(0);
  const versions: { version: string }[] = JSON.parse(outputs['versions'] ?? '');
  expect(versions.map(({ version }) => version)).toEqual(targets);
  const lists = ['drained-versions', 'draining-versions'].flatMap((name) => JSON.parse(outputs[name] ?? ''));
  expect(lists.sort()).toEqual([...evaluated].sort());
}
