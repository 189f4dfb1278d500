import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandsFor } from '../../src/report/remedies.ts';
import { ATTACKS, hostileText } from '../support/hostile-text.ts';
import { actingIn } from '../support/inert.ts';
import { DATABASE_EPOCH } from './builders.ts';

/* The commands that a person copies from the summary, as a shell reads them. */

/** Stands in for `npx`: the arguments of every call, each ended by a zero byte, and the call by another one. */
const SHELL = `npx() { for each; do printf '%s\\0' "$each"; done; printf '\\0'; }\n`;

test('a command with a hostile id or version has it as one argument, or is not shown', () => {
  let shown = 0;
  const text = fc.oneof(fc.constantFrom(...ATTACKS), hostileText).filter((each) => each !== '');
  const property = fc.property(text, text, (id, version) => {
    const commands = commandsFor(workflow(id), version);
    if (commands === undefined) return;
    shown += 1;
    const script = commands.join('\n');
    expect(actingIn(script)).toEqual([]);
    const env = { PATH: '', DBOS_SYSTEM_DATABASE_URL: 'url' };
    const calls = execFileSync('/bin/sh', ['-c', SHELL + script], { encoding: 'utf8', env })
      .split('\0\0')
      .slice(0, -1)
      .map((call) => call.split('\0'));
    const url = ['--sys-db-url', 'url'];
    const withId = (verb: string) => ['dbos', 'workflow', verb, id, ...url];
    const always = ['get', 'steps', 'cancel'].map(withId);
    const fork = ['dbos', 'workflow', 'fork', id, '--step', '0', '--application-version', version, ...url];
    expect(calls).toEqual(calls.length === 3 ? always : [...always, withId('cancel'), fork]);
  });
  fc.assert(property, { numRuns: 300 });
  expect(shown).toBeGreaterThan(30);
});

function workflow(id: string) {
  return {
    id,
    version: '1.0.0',
    name: 'checkout',
    className: null,
    status: 'PENDING',
    queue: null,
    executor: null,
    createdAt: DATABASE_EPOCH,
    startedAt: null,
    delayUntil: null,
    parent: null,
    lastStep: null,
  };
}
