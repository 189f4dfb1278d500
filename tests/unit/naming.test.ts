import { afterEach, describe, expect, test } from 'vitest';
import { readArguments } from '../../src/command-line/arguments.ts';
import { msg, trusted } from '../../src/message.ts';
import { nameInputsBy } from '../../src/naming.ts';
import { markdown } from '../../src/report/markdown.ts';
import { plain } from '../../src/report/text.ts';

afterEach(() => {
  nameInputsBy(undefined);
});

/** Names inputs as a run with these flags and variables does. */
function asIn(argv: readonly string[], environment: Record<string, string> = {}) {
  const request = readArguments(['wait', ...argv], environment);
  if (typeof request === 'string') throw new Error(request);
  nameInputsBy(request.naming);
}

describe('texts name an input', () => {
  const text = msg`The input \`timeout\` is ${'`timeout`'}. Set \`on-live: ignore\`, see \`in-flight\` and \`settle\`.`;

  test('as a workflow does, in the action', () => {
    expect(plain(text)).toBe(
      'The input `timeout` is "`timeout`". Set `on-live: ignore`, see `in-flight` and `settle`.',
    );
  });

  test('by its flag, or by the variable that it came from, on the command line', () => {
    asIn(['--settle=1s'], { DRAIN_GATE_SETTLE: '2s', DRAIN_GATE_TIMEOUT: '30' });
    expect(plain(text)).toBe(
      '`DRAIN_GATE_TIMEOUT` is "`timeout`". Set `--on-live ignore`, see `in-flight` and `--settle`.',
    );
    expect(markdown(msg`Set \`timeout\` to ${'`timeout`'}.`)).toBe(
      'Set `DRAIN_GATE_TIMEOUT` to <code>&#96;timeout&#96;</code>.',
    );
  });

  test('that is no flag by what stands for it', () => {
    asIn([]);
    expect(plain(trusted('The input `mode` is preflight.'))).toBe('The command is preflight.');
    expect(plain(trusted('Pass `database-password`.'))).toBe('Pass `DRAIN_GATE_DATABASE_PASSWORD`.');
  });
});
