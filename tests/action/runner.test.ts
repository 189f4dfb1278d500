import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type RunOptions, runAction } from '../support/runner.ts';

/* The stand-in for GitHub's runner, tested on actions with known behaviour. */

function runProgram(program: string, options: RunOptions & { metadata?: string } = {}) {
  const action = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-action-'));
  onTestFinished(() => rmSync(action, { recursive: true }));
  const runs = 'runs: { using: node24, main: main.mjs }\n';
  writeFileSync(path.join(action, 'action.yml'), runs + (options.metadata ?? ''));
  writeFileSync(path.join(action, 'main.mjs'), program);
  return runAction({ ...options, action });
}

test('passes inputs with the defaults of action.yml, and nothing from the caller’s environment', async () => {
  process.env['OF_THE_CALLER'] = 'x';
  const run = runProgram(
    `const { env, versions } = process;
     console.log(JSON.stringify([env['INPUT_POLL-INTERVAL'], env.INPUT_DRY, env['INPUT_VERSION'], env.INPUT_A_B,
       env.OF_THE_CALLER, env.MINE, env.GITHUB_EVENT_NAME, versions.node.split('.')[0]]));`,
    {
      metadata: 'inputs: { poll-interval: { default: 5s }, dry: { default: false }, version: {}, a b: }\n',
      inputs: { version: '1.10', 'a b': 'c' },
      env: { MINE: 'y' },
    },
  );
  const { log, exitCode } = await run.finished;
  expect(JSON.parse(log)).toEqual(['5s', 'false', '1.10', 'c', null, 'y', 'push', '24']);
  expect(exitCode).toBe(0);
});

test('reads outputs, summary and report, and removes its folder', async () => {
  const run = runProgram(`
    import { appendFileSync as append } from 'node:fs';
    const { GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary, RUNNER_TEMP: temp } = process.env;
    append(output, 'a=1=2\\nb<<END\\n\\nx<<y\\n  z\\nEND\\nreport-path=' + temp + '/r.json\\n');
    append(temp + '/r.json', '{}');
    append(summary, '# Hi');
    console.log(temp);
    process.exitCode = 3;`);
  const { outputs, summary, report, exitCode, log } = await run.finished;
  expect(outputs).toMatchObject({ a: '1=2', b: '\nx<<y\n  z' });
  expect({ summary, report, exitCode }).toEqual({ summary: '# Hi', report: '{}', exitCode: 3 });
  expect(existsSync(log.trim())).toBe(false);
});

test('runs the commands in the output, and shows what a reader of the log would see', async () => {
  const lines = [
    '::add-mask::s3cret',
    'with s3cret',
    '  ::error title=A%2C b%3A c::two%0Alines%2C 100%25',
    '::nonsense::text',
    'text ::warning::text',
    'text ##[warning]old',
    '::nonsense::##[warning]older',
    '::stop-commands::t0ken',
    '::error::text',
    '::t0ken::',
    '::notice::end',
  ];
  const seen: string[] = [];
  const program = `console.log(${JSON.stringify(lines.join('\n'))})`;
  const { annotations, masks, shown, commands } = await runProgram(program, {
    onLine: (line) => seen.push(line),
  }).finished;
  expect(annotations).toEqual([
    { level: 'error', title: 'A, b: c', message: 'two\nlines%2C 100%' },
    { level: 'warning', title: undefined, message: 'old' },
    { level: 'warning', title: undefined, message: 'older' },
    { level: 'notice', title: undefined, message: 'end' },
  ]);
  expect(masks).toEqual(['s3cret']);
  expect(commands.map(({ name }) => name)).toEqual([
    'add-mask',
    'error',
    'warning',
    'warning',
    'stop-commands',
    'notice',
  ]);
  expect(shown).toContain('with ***\nError: two\nlines');
  expect(shown).toContain('::error::text');
  expect(seen.join('\n')).toBe(shown);
});

test('lets a test wait for a line and cancel the step', async () => {
  const run = runProgram(`
    setInterval(() => {}, 1000);
    process.once('SIGINT', () => { console.log('stopping'); process.exit(1); });
    console.log('holding');`);
  await run.until(/holding/);
  run.kill('SIGINT');
  await expect(run.until(/never/)).rejects.toThrow(/ended before its log matched \/never\/:\nholding/);
  expect(await run.finished).toMatchObject({ exitCode: 1, signal: null, log: 'holding\nstopping\n' });
});
