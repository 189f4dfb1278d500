import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandLineFor } from '../../src/unblock/command-line.ts';
import { commandsFor } from '../../src/unblock/remedies.ts';
import { workflowDetail } from '../support/builders.ts';
import { ATTACKS, hostileText } from '../support/hostile-text.ts';
import { actingIn } from '../support/inert.ts';

/* The commands that a person copies from the summary, as a shell reads them. */

/** Stands in for `npx`: the arguments of every call, each ended by a zero byte, and the call by another one. */
const SHELL = `npx() { for each; do printf '%s\\0' "$each"; done; printf '\\0'; }\n`;

test('a command with a hostile id or schema has each as one argument, or is not shown', () => {
  let shown = 0;
  const text = fc.oneof(fc.constantFrom(...ATTACKS), hostileText).filter((each) => each !== '');
  const property = fc.property(text, fc.oneof(fc.constant('dbos'), text), (id, schema) => {
    const commands = commandsFor(workflowDetail({ id }), commandLineFor({ language: 'TypeScript' }, 123), schema);
    if (commands === undefined) return;
    shown += 1;
    const script = commands.join('\n');
    expect(actingIn(script)).toEqual([]);
    const env = { PATH: '', UNBLOCK_DATABASE_URL: 'url' };
    const calls = execFileSync('/bin/sh', ['-c', SHELL + script], { encoding: 'utf8', env })
      .split('\0\0')
      .slice(0, -1)
      .map((call) => call.split('\0'));
    const inSchema = schema === 'dbos' ? [] : [`--schema=${schema}`];
    const withId = (verb: string) => ['--no-install', 'dbos', 'workflow', verb, id, '--sys-db-url', 'url', ...inSchema];
    expect(calls).toEqual(['get', 'steps', 'cancel'].map(withId));
  });
  fc.assert(property, { numRuns: 300 });
  expect(shown).toBeGreaterThan(30);
});
