import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { LANGUAGES, type Language } from '../../src/dbos/sdk.ts';
import type { Activity, WorkflowState, WorkflowStatus } from '../../src/forecast/activity.ts';
import { needsOf } from '../../src/report/kit-section.ts';
import { commandLineFor } from '../../src/unblock/command-line.ts';
import { isOffered, kitStateOf } from '../../src/unblock/states.ts';
import { DATABASE_EPOCH as NOW, workflowDetail } from '../support/builders.ts';

/* What `unblock.sh` is made of, and what its list tells it. */

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
if (!hasShellcheck) {
  console.error('\nSKIPPED: nobody has read unblock.sh for faults of shell scripts. Install shellcheck.\n');
}

test.skipIf(!hasShellcheck)('shellcheck finds nothing in unblock.sh', () => {
  const { stdout, stderr } = spawnSync('shellcheck', ['src/unblock/unblock.sh'], { encoding: 'utf8' });
  expect(stdout + stderr).toBe('');
});

describe('the command line that fits', () => {
  const fits = (language: Language | undefined, migration: number | null) => {
    const { program, urlOption, fits } = commandLineFor(language === undefined ? undefined : { language }, migration);
    return [program, urlOption, /release (?:[\d.]+)|that the application uses|application's SDK/.exec(fits)?.[0]];
  };

  test.each<[Language | undefined, number | null, ReturnType<typeof fits>]>([
    ['TypeScript', 123, ['npx --no-install dbos', '--sys-db-url', 'release 5']],
    ['TypeScript', 109, ['npx --no-install dbos', '--sys-db-url', 'release 5']],
    ['TypeScript', 108, ['npx --no-install dbos', '--sys-db-url', 'release 4.27']],
    ['TypeScript', 61, ['npx --no-install dbos', '--sys-db-url', 'that the application uses']],
    ['TypeScript', null, ['npx --no-install dbos', '--sys-db-url', 'that the application uses']],
    ['Python', 125, ['dbos', '--sys-db-url', 'release 3']],
    ['Python', 107, ['dbos', '--sys-db-url', 'release 2.30']],
    ['Python', 47, ['dbos', '--sys-db-url', 'that the application uses']],
    ['Go', 125, ['dbos', '--db-url', 'that the application uses']],
    ['Go', null, ['dbos', '--db-url', 'that the application uses']],
    // Go's before 1.5 does not show what it forks.
    ['Go', 107, [null, '--sys-db-url', 'release 4.27']],
    ['Go', 40, [null, '--sys-db-url', 'release 4.20']],
    ['Java', 41, [null, '--sys-db-url', 'release 4.20']],
    ['Java', 125, [null, '--sys-db-url', 'release 5']],
    ['Rust', 108, [null, '--sys-db-url', 'release 4.27']],
    ['Rust', null, [null, '--sys-db-url', 'release 4.20']],
    [undefined, 125, [null, '--sys-db-url', "application's SDK"]],
    [undefined, null, [null, '--sys-db-url', "application's SDK"]],
  ])('%s on migration %s', (language, migration, expected) => {
    expect(fits(language, migration)).toEqual(expected);
  });

  test.each<[Language, number, string]>([
    ['Java', 125, 'dbos>=3'],
    ['Rust', 108, 'dbos==2.30.*'],
    ['Java', 41, 'dbos==2.26.*'],
    ['Go', 107, 'dbos==2.30.*'],
    ['TypeScript', 123, 'dbos>=3'],
  ])('%s on migration %s in a schema of another name is that of Python, the only one that can be told', (...row) => {
    const [language, migration, release] = row;
    const { program, fits } = commandLineFor({ language }, migration, 'workflows');
    expect(program).toBeNull();
    expect(fits).toMatch(/TypeScript's reads the schema dbos only\. Use Python's, which has --schema: pip install '/);
    expect(fits).toContain(`'${release}'`);
    expect(commandLineFor({ language: 'Python' }, migration, 'workflows')).toEqual(
      commandLineFor({ language: 'Python' }, migration),
    );
  });

  test.each<[Language | undefined, number | null]>([
    ['TypeScript', 61],
    ['TypeScript', null],
    [undefined, 61],
    [undefined, null],
    ['Java', null],
  ])('%s on migration %s in a schema of another name is not the one that reads dbos only', (language, migration) => {
    const { program, fits } = commandLineFor(language && { language }, migration, 'workflows');
    expect(program).toBeNull();
    expect(fits).toMatch(/^TypeScript's reads the schema dbos only\. Use that of Python or Go if it is /);
  });

  test('is said above commands without a quote that an interactive zsh, which knows no comments, would leave open', () => {
    for (const language of [undefined, ...LANGUAGES]) {
      for (const migration of [null, 41, 107, 108, 125]) {
        for (const schema of ['dbos', 'workflows']) {
          const comments = needsOf(commandLineFor(language && { language }, migration, schema).fits);
          const unquoted = comments.map((line) => line.replace(/(?<= )'[^' ]+'|"[^"]+"/g, ''));
          expect(unquoted.join('\n')).not.toMatch(/['"`<>|&;$]/);
        }
      }
    }
  });

  test('is never a package that npx fetches by the name of dbos alone', () => {
    for (const language of [...LANGUAGES, undefined]) {
      for (const migration of [null, 24, 61, 100, 108, 109, 125]) {
        const { program, fits } = commandLineFor(language && { language }, migration);
        expect(`${program} ${fits}`).not.toMatch(/npx (?!--no-install )|npm install (?:[^@]* )?dbos\b(?!-)/);
      }
    }
  });
});

describe('a workflow is', () => {
  const minutes = (count: number) => NOW + count * 60_000;
  const status = (activity: Activity, state: WorkflowState = 'waiting', progressAt = NOW): WorkflowStatus => ({
    state,
    activity,
    progressAt,
    deadline: null,
    sdk: undefined,
  });
  const sleeping = (until: number) => status({ kind: 'sleeping', until, certain: true });
  const queued: Activity = {
    ...{
      kind: 'queued',
      queue: 'q',
      moves: true,
      movedAt: 0,
      running: 1,
      limit: null,
      inPartition: false,
      rateLimited: false,
    },
  };
  const parentOf = (child: WorkflowStatus) => status({ kind: 'child', child: workflowDetail({}), status: child });

  test.each<[string, string, WorkflowStatus]>([
    ['stuck', 'whatever it does', status(queued, 'stuck')],
    ['stuck', 'as its child is', status({ kind: 'child', child: workflowDetail({}), status: status(queued) }, 'stuck')],
    ['asleep', 'for two hours', sleeping(minutes(120))],
    ['waiting', 'for the end of a sleep that is near', sleeping(minutes(1))],
    ['asleep', 'in a wait with a late end', status({ kind: 'message', until: minutes(9) })],
    ['waiting', 'for a message without an end', status({ kind: 'message', until: null })],
    ['asleep', 'in a timer that shows no end', status({ kind: 'timer' }, 'waiting', minutes(-9))],
    ['waiting', 'in a timer that has just started', status({ kind: 'timer' })],
    ['delayed', 'for long', status({ kind: 'delayed', until: minutes(9), debounced: false })],
    ['delayed', 'without a time', status({ kind: 'delayed', until: null, debounced: false })],
    ['waiting', 'for a start that is near', status({ kind: 'delayed', until: minutes(0.5), debounced: false })],
    ['delayed', 'beyond its time', status({ kind: 'overdue', since: minutes(-9) })],
    ['queued', 'behind others', status(queued)],
    ['progressing', 'at work', status({ kind: 'running' }, 'progressing')],
    ['asleep', 'as its child is', parentOf(sleeping(minutes(9)))],
    ['progressing', 'as its child is, whatever its own', parentOf(status({ kind: 'running' }, 'progressing'))],
  ])('%s %s', (expected, _why, given) => {
    expect(kitStateOf(given, NOW)).toBe(expected);
    expect(isOffered(kitStateOf(given, NOW))).toBe(['stuck', 'asleep', 'delayed'].includes(expected));
  });
});
