import { EventEmitter } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Request, readArguments } from '../../src/command-line/arguments.ts';
import { EXIT_CODES, exitCodeOf } from '../../src/command-line/exit-codes.ts';
import { flagGroups, NO_FLAGS, variableOf } from '../../src/command-line/flags.ts';
import { OLDEST_NODE, tooOld } from '../../src/command-line/node-version.ts';
import { preparePlaces } from '../../src/command-line/places.ts';
import { terminalLog, warnOfLostOutput } from '../../src/command-line/terminal.ts';
import { InputError } from '../../src/errors.ts';
import { INPUT_NAMES, parseInputs } from '../../src/inputs.ts';
import { plain } from '../../src/report/text.ts';
import { VERDICTS } from '../../src/rules/verdict.ts';
import { cancelledBySignal } from '../../src/signals.ts';

function request(argv: readonly string[], environment: Record<string, string> = {}): Request {
  const read = readArguments(argv, environment);
  if (typeof read === 'string') throw new Error(`It printed: ${read}`);
  return read;
}

function refusal(argv: readonly string[], environment: Record<string, string> = {}): string {
  try {
    readArguments(argv, environment);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return String(error);
  }
  throw new Error('Nothing was refused.');
}

const flagNames = flagGroups().flatMap(({ flags }) => flags.map(({ name }) => name));

describe('the flags', () => {
  test('are all inputs but the mode, the password, and what the exit code makes needless', () => {
    const own = ['json', 'summary', 'output', 'artifacts'];
    const inputs = [...INPUT_NAMES].filter((name) => !(name in NO_FLAGS) && name !== 'database-password');
    expect(flagNames.toSorted()).toEqual([...inputs, ...own].sort());
  });

  test('make a configuration with the defaults of the action', () => {
    const { raw } = request(['check', '--keep-version', '2', '--database-url=postgres://gate@db/shop']);
    const { gate } = parseInputs(raw, { shell: 'command-line', environment: {}, withoutSecrets: undefined });
    expect(gate).toMatchObject({ mode: 'check', timeoutMs: 1_800_000, settleMs: 30_000, failFast: true });
  });

  test('win over variables, an empty one too, and repeat for lists', () => {
    const variables = { DRAIN_GATE_KEEP_VERSION: '1', DRAIN_GATE_TIMEOUT: '1m', DRAIN_GATE_DATABASE_PASSWORD: 'x' };
    const { raw } = request(
      ['wait', '--keep-version=', '--ignore-workflows', 'a', '--ignore-workflows', 'b*'],
      variables,
    );
    expect(raw).toMatchObject({
      'keep-version': '',
      timeout: '1m',
      'ignore-workflows': 'a\nb*',
      'database-password': 'x',
    });
  });

  test('accept the words that the help shows, and no others', () => {
    const words = flagGroups().flatMap(({ flags }) => flags.filter(({ value }) => value?.includes('|')));
    expect(words.length).toBeGreaterThan(3);
    for (const { name, value = '' } of words) {
      const { raw } = request(['wait', '--keep-version=1', `--${name}=no such word`]);
      expect(() => parseInputs(raw, { shell: 'command-line', environment: {}, withoutSecrets: undefined })).toThrow(
        `\`${name}\` is no such word. Accepted: one of ${value.replaceAll('|', ', ')}.`,
      );
    }
  });

  test('are explained without what is GitHub’s alone', () => {
    const help = String(readArguments(['--help'], {}));
    for (const name of flagNames) expect(help).toContain(`--${name}`);
    for (const [code] of EXIT_CODES) expect(help).toMatch(RegExp(`^  ${code} `, 'm'));
    expect(help).not.toMatch(/GitHub|YAML|\bsecret\b|\bstep\b|fromJSON|repository|`/);
    expect(String(readArguments(['--version'], {}))).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('what is refused', () => {
  test.each([
    [[], /No command is given\. Accepted: wait, check, preflight\./],
    [['report'], /The first argument is no command\. Accepted: wait/],
    [['wait', '--keep-versions=1'], /There is no flag --keep-versions\. Did you mean `--keep-version`\?/],
    [
      ['wait', '--on-timeout=warn'],
      /The exit code is the verdict\. To let a timeout pass, accept the exit codes 10 and 11/,
    ],
    [['--mode=wait'], /The command is the mode/],
    [['wait', '--timeout'], /`--timeout` has no value\. Write `--timeout=VALUE`\./],
    [['wait', '--application', '--keep-version', '2'], /`--application` has no value\. Write `--application=VALUE`\./],
    [['wait', '--keep-version=1', '--output', '--json'], /`--output` has no value/],
    [['wait', '--json=true'], /`--json` takes no value\./],
    [['wait', '--timeout=1m', '--timeout=2m'], /`--timeout` is given 2 times\. Accepted: once\./],
    [['wait', '1.0.0'], /There is more than one argument without a flag/],
  ])('%j', (argv, sentence) => {
    expect(refusal(argv)).toMatch(sentence);
  });

  test('is a variable that is neither true nor false', () => {
    expect(refusal(['wait'], { DRAIN_GATE_JSON: 'yes' })).toMatch(/`DRAIN_GATE_JSON` is yes\. Accepted: true or false/);
  });

  test.each([
    ['--database-password=s3cret'],
    ['--database-password', 's3cret'],
    ['--database-url=postgres://gate:s3cret@db/shop'],
    ['--database-url', 'jdbc:postgresql://db/shop?user=gate&password=s3cret'],
    ['--database-url=host=db password=s3cret'],
    ['--database-password', '-s3cret'],
    ['--database-url=postgres://gate:s3cret@db/shop', '--database-url=postgres://gate@db/shop'],
    ['--database-url=postgres://gate:s3cret@db/shop', '--no-such-flag'],
  ])('is a password: %s', (...flags) => {
    const sentence = refusal(['wait', ...flags]);
    expect(sentence).toMatch(
      /a password must not be in a flag\. Anybody on this machine can read it there: `ps` shows it\./,
    );
    for (const place of ['DRAIN_GATE_DATABASE_URL', '--database-password-file', 'PGPASSFILE']) {
      expect(sentence).toContain(place);
    }
    expect(sentence).not.toContain('s3cret');
  });

  test('shows nothing of a value', () => {
    const all = [
      ['s3cret'],
      ['wait', 's3cret'],
      ['wait', '--databse-url=s3cret'],
      ['-s3cret=s3cret'],
      ['wait', '-psecret'],
    ];
    for (const argv of all) expect(refusal(argv)).not.toMatch(/s3cret|psecret/);
  });

  test.each(['output', 'summary', 'artifacts'])('is a place that is empty: %s', (place) => {
    const sentence = / is empty\. Accepted: a path\. Leave it out/;
    expect(refusal(['wait', `--${place}=`], { [variableOf(place)]: 'gate.env' })).toMatch(sentence);
    expect(refusal(['wait'], { [variableOf(place)]: '' })).toMatch(`\`${variableOf(place)}\` is empty`);
  });

  test.each([
    [['check', '--no-such-flag']],
    [['check', '--timeout=1m', '--timeout=1m']],
    [['check', '--keep-version']],
    [['--database-password=s3cret']],
    [['report', '--summary=']],
  ])('leaves the places to be made ready: %j', (argv) => {
    const prepared: unknown[] = [];
    const flags = [...argv, '--output=gate.env'];
    expect(() => readArguments(flags, { DRAIN_GATE_ARTIFACTS: 'here' }, (places) => prepared.push(places))).toThrow(
      InputError,
    );
    expect(prepared).toEqual([{ output: 'gate.env', summary: undefined, artifacts: 'here' }]);
  });
});

test('a variable that means nothing is named, but those of Kubernetes are not', () => {
  const { warnings } = request(['wait'], {
    DRAIN_GATE_KEEP_VERSIONS: '1',
    DRAIN_GATE_ON_TIMEOUT: 'warn',
    DRAIN_GATE_SERVICE_HOST: '10.0.0.1',
    DRAIN_GATE_PORT_5432_TCP: 'tcp://10.0.0.1:5432',
    DRAIN_GATE_SETTLE: '1s',
  });
  expect(warnings.map(plain)).toEqual([
    'The variable "DRAIN_GATE_KEEP_VERSIONS" means nothing to the gate. Is it misspelt?',
    expect.stringMatching(
      /^The variable "DRAIN_GATE_ON_TIMEOUT" means nothing to the gate\. The exit code is the verdict/,
    ),
  ]);
  expect(variableOf('keep-version')).toBe('DRAIN_GATE_KEEP_VERSION');
});

describe('the exit code', () => {
  const signal = AbortSignal.abort('SIGTERM');
  const codeOf = (verdict: (typeof VERDICTS)[number], mode: string | null = 'wait', kind = 'other') =>
    exitCodeOf({ verdict, mode, blockers: [{ kind }], signal });

  test('is 0 for drained, and for a preflight that ends well, and for nothing else', () => {
    expect(VERDICTS.filter((verdict) => codeOf(verdict) === 0)).toEqual(['drained']);
    expect(VERDICTS.filter((verdict) => codeOf(verdict, 'check') === 0)).toEqual(['drained']);
    expect(codeOf('no-target', 'preflight')).toBe(0);
    expect(codeOf('no-target')).toBe(14);
  });

  test('tells a value that is refused from an error, and names the signal', () => {
    expect([
      codeOf('error', null, 'input'),
      codeOf('error', null, 'input-sqlite'),
      codeOf('error', null),
      codeOf('error'),
    ]).toEqual([2, 2, 3, 3]);
    expect(codeOf('cancelled')).toBe(143);
  });

  test('is in the help for every verdict', () => {
    const codes = EXIT_CODES.map(([code]) => code);
    for (const verdict of VERDICTS) expect(codes).toContain(String(codeOf(verdict)));
  });
});

test('the name of the signal is why a run is cancelled', () => {
  const signal = cancelledBySignal();
  process.emit('SIGTERM', 'SIGTERM');
  expect([signal.aborted, signal.reason]).toEqual([true, 'SIGTERM']);
});

describe('a Node', () => {
  test.each(['18.20.4', '20.20.2', '22.11.0'])('%s is too old, in one sentence', (version) => {
    expect(tooOld(version)).toMatch(RegExp(`^dbos-drain-gate needs Node 22\\.12 or newer, and this is ${version}\\.`));
  });

  test.each(['22.12.0', '24.0.0', '26.1.0'])('%s will do', (version) => {
    expect(tooOld(version)).toBeUndefined();
  });

  test('that package.json names is the oldest', () => {
    expect(JSON.parse(readFileSync('package.json', 'utf8')).engines.node).toBe(`>=${OLDEST_NODE}.0`);
  });
});

describe('the places to write to', () => {
  const folder = () => {
    const made = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-places-'));
    onTestFinished(() => rmSync(made, { recursive: true }));
    return made;
  };
  const nowhere = { summary: undefined, output: undefined, artifacts: undefined };

  test('are emptied of an earlier run, and of nothing else', () => {
    const at = folder();
    for (const name of ['gate.env', 'unblock.sh', 'mine.txt']) writeFileSync(path.join(at, name), 'drained=true\n');
    preparePlaces({ ...nowhere, output: path.join(at, 'gate.env'), artifacts: at });
    expect(readFileSync(path.join(at, 'gate.env'), 'utf8')).toBe('');
    expect(readFileSync(path.join(at, 'mine.txt'), 'utf8')).toBe('drained=true\n');
    expect(() => readFileSync(path.join(at, 'unblock.sh'))).toThrow('ENOENT');
  });

  test('are emptied where another is refused', () => {
    const at = folder();
    const file = path.join(at, 'gate.env');
    for (const flag of ['output', 'summary', 'artifacts'] as const) {
      const other = flag === 'output' ? 'summary' : 'output';
      writeFileSync(file, 'drained=true\n');
      expect(() => preparePlaces({ ...nowhere, [flag]: path.join(file, 'below'), [other]: file })).toThrow(InputError);
      expect(readFileSync(file, 'utf8')).toBe('');
    }
  });

  test('are refused where outputs and summary would be one file', () => {
    const at = folder();
    const [output, summary] = [path.join(at, 'gate.env'), path.join(at, '.', 'gate.env')];
    expect(() => preparePlaces({ ...nowhere, output, summary })).toThrow(/name the same file, .*gate\.env/);
  });

  test.each(['summary', 'output', 'artifacts'] as const)('are refused before connecting: --%s', (flag) => {
    const file = path.join(folder(), 'file');
    writeFileSync(file, '');
    expect(() => preparePlaces({ ...nowhere, [flag]: path.join(file, 'below') })).toThrow(
      RegExp(`^\`--${flag}\` names .* which cannot be written \\(ENOTDIR\\)`),
    );
  });
});

describe('the log', () => {
  const written = (
    isTTY: boolean,
    columns = 20,
    terminal = 'xterm',
    status = 'a line that is longer than the terminal',
  ) => {
    let text = '';
    const write = (more: string | Uint8Array) => {
      text += more;
      return true;
    };
    const stream = { isTTY, columns, write };
    const log = terminalLog(
      stream,
      (line) => line.replaceAll('s3cret', '***'),
      (color, label) => `<${color}>${label}`,
      terminal,
    );
    log.line('first s3cret');
    log.status?.(status);
    log.status?.('s3cret');
    log.group('Title', ['item']);
    log.annotate({ level: 'error', title: 'not shown', message: 'what s3cret\nwhy' });
    return text;
  };

  test('has lines, and levels in colors', () => {
    expect(written(false)).toBe('first ***\nTitle:\n  item\n<red>Error: what ***\n  why\n');
  });

  test('writes its last line again on a terminal, no longer than a line', () => {
    const clear = '\r\u001B[2K';
    expect(written(true)).toBe(
      `first ***\na line that is long${clear}***${clear}Title:\n  item\n<red>Error: what ***\n  why\n`,
    );
    const wide = written(true, 10, 'xterm', 'ab漢字漢字漢字');
    expect(wide).toContain(`\nab漢字漢${clear}`);
    expect(written(true, 6, 'xterm', 'ab😀😀')).toContain(`\nab😀${clear}`);
  });

  test('has what standard output lost, unless nobody reads it any more', () => {
    const stdout = new EventEmitter();
    let text = '';
    const write = (more: string | Uint8Array) => {
      text += more;
      return true;
    };
    const stream = { isTTY: false, columns: 0, write };
    warnOfLostOutput(
      stdout,
      terminalLog(stream, String, (_, label) => label),
    );
    stdout.emit('error', Object.assign(new Error(), { code: 'EPIPE' }));
    expect(text).toBe('');
    stdout.emit('error', Object.assign(new Error(), { code: 'ENOSPC' }));
    expect(text).toMatch(/^Warning: Standard output could not be written \(ENOSPC\)\./);
  });

  test('writes no line again on a terminal that cannot clear it, or has no width', () => {
    for (const text of [written(true, 0), written(true, 20, 'dumb')]) expect(text).toBe(written(false));
  });
});
