import * as core from '@actions/core';
import { vi } from 'vitest';
import { msg, trusted } from '../../src/message.ts';
import type { Finding, Review } from '../../src/review/judge/finding.ts';
import { filesUnread, noInventory, notAPullRequest } from '../../src/review/problems.ts';
import { linesOf } from '../../src/review/publish-review.ts';
import { annotationsOf } from '../../src/review/report/annotations.ts';
import { EMPTY_RUN, type ReviewRun } from '../../src/review/run.ts';
import type { Log } from './hostile-log.ts';

/* Reviews as a renderer gets them. */

/** A finding whose every text of others is this one. */
export const finding = (name = 'checkOut', changes: Partial<Finding> = {}): Finding => ({
  ...{ severity: 'error', kind: 'step-removed', workflow: { name, className: null }, application: name },
  versions: [{ version: name, inFlight: 3 }],
  probable: undefined,
  ...{ path: `src/${name}.ts`, line: 12, endLine: 30, message: msg`3 ${name} are in flight.`, suggestion: undefined },
  ...changes,
});

export const reviewed = (review: Partial<Review>, changes: Partial<ReviewRun> = {}): ReviewRun => ({
  ...EMPTY_RUN,
  review: { findings: [], accepted: [], changedWorkflows: [], missed: [], inFlight: 0, limits: [], ...review },
  observedAt: Date.parse('2026-11-27T14:05:31Z'),
  files: { changed: 9, read: 4 },
  ...changes,
});

/** A review in which every text of others is the next of these names. */
export function runWith(names: readonly string[]): ReviewRun {
  const kinds = ['step-removed', 'patch-removed', 'workflow-deleted'] as const;
  const findings = names.map((name, at) =>
    finding(name, {
      kind: kinds[at % 3] ?? 'step-removed',
      severity: at % 2 === 0 ? 'error' : 'notice',
      ...(at % 5 === 0
        ? { suggestion: `if (await DBOS.patch('x')) {\n${name}\n}`, probable: msg`Perhaps ${name}.` }
        : {}),
    }),
  );
  const some = names.slice(0, 15);
  return reviewed(
    {
      findings,
      accepted: some.map((name) => ({ ...finding(name), reason: name })),
      changedWorkflows: names.map((name) => ({ name, className: name })),
      limits: some.map((name) => msg`${name} is called by name.`),
    },
    {
      problems: [
        filesUnread(some.map((path) => ({ path, why: trusted('it is binary') }))),
        ...some.flatMap((name) => [noInventory(name, { withoutSecrets: undefined }), notAPullRequest(name)]),
      ],
      unmatched: some,
    },
  );
}

/** Writes the log of a review through the functions that the action uses. */
export function logOf(run: ReviewRun): Log {
  let text = '';
  const written = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const annotate = { error: core.error, warning: core.warning, notice: core.notice };
  const lines = linesOf(run);
  const annotations = annotationsOf(run);
  try {
    for (const line of lines) core.info(line);
    for (const { level, message, title, place } of annotations) annotate[level](message, { title, ...place });
  } finally {
    written.mockRestore();
  }
  const meant = annotations.map(({ level, message, title, place }) => ({
    name: level,
    data: message,
    properties: {
      title,
      ...(place && { file: place.file, line: `${place.startLine}`, endLine: `${place.endLine}` }),
    },
  }));
  return { text, lines, meant };
}

/** Names that nobody minds. */
export const harmless = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `name${at}`);
