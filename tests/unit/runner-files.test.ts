import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { explain } from '../../src/errors.ts';
import { plain } from '../../src/report/text.ts';
import { writeOutputs, writeSummary } from '../../src/runner-files.ts';
import { parseOutputs } from '../support/runner/file-commands.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

function fileFor(variable: string): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-runner-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  vi.stubEnv(variable, file);
  return file;
}

const PLACES: readonly [string, string, () => unknown][] = [
  ['GITHUB_OUTPUT', 'The outputs', async () => writeOutputs({ verdict: 'drained', drained: 'true' })],
  ['GITHUB_STEP_SUMMARY', 'The job summary', () => writeSummary('# Drained')],
];

describe.each(PLACES)('the file that %s names', (variable, what, write) => {
  test('is written', async () => {
    const file = fileFor(variable);
    await write();
    const text = readFileSync(file, 'utf8');
    if (variable === 'GITHUB_OUTPUT') expect(parseOutputs(text)).toEqual({ verdict: 'drained', drained: 'true' });
    else expect(text).toBe('# Drained');
  });

  test('is missed in one sentence', async () => {
    rmSync(fileFor(variable));
    await expect(write()).rejects.toThrow(
      RegExp(`^${what} could not be written \\(ENOENT\\): the file in ${variable} does not exist\\.`),
    );
  });

  test('is missed in another sentence when the variable is not set, and nothing goes to the log', async () => {
    vi.stubEnv(variable, undefined);
    const log = vi.spyOn(process.stdout, 'write');
    onTestFinished(() => log.mockRestore());
    await expect(write()).rejects.toThrow(RegExp(`^${what} could not be written \\(${variable} is not set\\)\\.`));
    expect(log).not.toHaveBeenCalled();
  });
});

// The review has no verdict, and is not the gate.
test('what both actions say fits both', async () => {
  vi.stubEnv('GITHUB_STEP_SUMMARY', undefined);
  await expect(writeSummary('# Reviewed')).rejects.toThrow('The log has the answer and its reasons.');
  expect(plain(explain(new TypeError('x')))).toBe(
    'Unexpected error (TypeError). Please report it to the dbos-drain-gate project. After an error, nothing is reported as drained or as reviewed.',
  );
});
