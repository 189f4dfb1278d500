import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as core from '@actions/core';
import fc from 'fast-check';
import { expect, vi } from 'vitest';
import { type Run, runReportOf } from '../../src/report/model.ts';
import { outputsOf } from '../../src/report/outputs.ts';
import { runReportSchema } from '../../src/report/schema.ts';
import { summaryOf } from '../../src/report/summary.ts';
import { htmlOf, skeletonOf } from '../rendering/github-markdown.ts';
import { NAMES_IN_A_SCENE, SCENES, type SceneName } from './hostile-scenes.ts';
import { hostileNames } from './hostile-text.ts';
import { actingIn } from './inert.ts';
import { readReport } from './report-file.ts';
import { parseOutputs } from './runner/file-commands.ts';

/*
 * Nothing that others wrote acts where the gate writes it. What is written is read by parsers that know nothing of
 * how it was made harmless: GitHub's Markdown and HTML rules, and the runner's commands and files.
 */

export const SCENE_NAMES = Object.keys(SCENES).filter((name): name is SceneName => name in SCENES);
export const hostile = hostileNames(NAMES_IN_A_SCENE);
export const harmless = Array.from({ length: NAMES_IN_A_SCENE }, (_, index) => `n${index}`);

export const summaryFor = (run: Run) => summaryOf(runReportOf(run));
export const skeleton = (run: Run) => skeletonIn(summaryFor(run));
export const skeletonIn = (summary: string) => skeletonOf(htmlOf(summary));

export function holds(times: number, property: (names: readonly string[]) => Promise<void>): Promise<void> {
  return fc.assert(fc.asyncProperty(hostile, property), { numRuns: times });
}

/** Writes outputs and report to files, as the action does, and reads them as others would. */
export function expectFaithful(run: Run): void {
  const result = runReportOf(run);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-hostile-'));
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
  const written = readFileSync(report, 'utf8');
  rmSync(folder, { recursive: true });
  const read = readReport(written);
  expect(read).toEqual(runReportSchema.parse(result));

  const evaluation = run.last?.evaluation;
  const targets = (evaluation?.targets ?? []).map(({ version }) => version);
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
  // What follows from a wrong version to keep, nobody asked for.
  const isNamed = run.config?.targets.kind === 'named';
  const isAskedFor = isNamed || read.blockers.length === 0 || !['error', 'unknown-version'].includes(read.verdict);
  expect(lists.sort()).toEqual(isAskedFor ? targets.toSorted() : []);
}
