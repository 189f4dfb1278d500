import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { runAction } from '../support/runner.ts';

/* The action when its surroundings fail: it reports the failure, and exits by itself. */

const AUTHENTICATED = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

let server: Server | undefined;

afterEach(() => {
  server?.close();
});

/** Starts a server that answers each message with `answer`, and returns its URL. */
async function serverThat(answer: (message: Buffer, socket: Socket) => void): Promise<string> {
  const listening = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (message) => answer(message, socket));
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `postgres://gate:s3cret@127.0.0.1:${address.port}/shop?sslmode=disable`;
}

const inputs = { 'retire-version': '1.0.0', 'poll-timeout': '100ms' };

describe('a job that is cancelled', () => {
  test.each<[string, (message: Buffer, socket: Socket) => void]>([
    ['never answers', () => undefined],
    [
      'lets the gate in and never answers a query',
      (message, socket) => {
        if (message[0] === 0) socket.write(Buffer.concat([AUTHENTICATED, READY]));
      },
    ],
  ])('ends as `cancelled` when the server %s', async (_what, answer) => {
    const reached = Promise.withResolvers<void>();
    const url = await serverThat((message, socket) => {
      answer(message, socket);
      reached.resolve();
    });
    const run = runAction({ inputs: { ...inputs, 'poll-timeout': '1h', 'database-url': url } });
    await reached.promise;
    run.kill('SIGINT');
    const { exitCode, signal, outputs } = await run.finished;
    expect([exitCode, signal, outputs['verdict']]).toEqual([1, null, 'cancelled']);
  });
});

/** Builds a message of the protocol: its letter, its length and its content. */
function message(letter: string, content: Buffer, length = content.length + 4): Buffer {
  const head = Buffer.alloc(5, letter);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, content]);
}

const authentication = (kind: number, rest = '') => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(kind);
  return message('R', Buffer.concat([bytes, Buffer.from(rest)]));
};

describe('ends with a verdict and not with a crash when the server sends', () => {
  const NOT_POSTGRES = /The server that answered is not PostgreSQL/;
  test.each<[string, Buffer, RegExp]>([
    ['an unterminated error message', message('E', Buffer.from('SFATAL\0')), NOT_POSTGRES],
    ['an unterminated notice', message('N', Buffer.from('SNOTICE\0')), NOT_POSTGRES],
    ['a row with a negative number of columns', message('D', Buffer.from([0xff, 0xff])), NOT_POSTGRES],
    ['a message of four gigabytes', message('D', Buffer.alloc(100), 0xffff_fff0), NOT_POSTGRES],
    [
      'an HTTP response',
      Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      /is not PostgreSQL|did not answer|Connection lost/,
    ],
    [
      'an authentication method that the driver does not support',
      authentication(7),
      /requires an unsupported authentication method/,
    ],
  ])('%s', async (_what, answer, explanation) => {
    const url = await serverThat((_message, socket) => socket.write(answer));
    const run = await runAction({ inputs: { ...inputs, 'database-url': url, timeout: '1s', settle: '1s' } }).finished;
    expect([run.exitCode, run.signal, run.outputs['verdict'], run.stderr]).toEqual([1, null, 'error', '']);
    expect(run.annotations[0]?.message).toMatch(explanation);
    expect(run.report).toBeDefined();
  });
});

test('an answer of four gigabytes by a server that has let the gate in is called too long', async () => {
  const answer = message('D', Buffer.alloc(100), 0xffff_fff0);
  const letIn = Buffer.concat([AUTHENTICATED, READY]);
  const url = await serverThat((bytes, socket) => socket.write(bytes[0] === 0 ? letIn : answer));
  const run = await runAction({ inputs: { ...inputs, 'database-url': url, timeout: '1s', settle: '1s' } }).finished;
  expect([run.exitCode, run.outputs['verdict'], run.stderr]).toEqual([1, 'error', '']);
  expect(run.annotations[0]?.message).toMatch(
    /The result of the poll is larger than 256 MiB.*SELECT max\(octet_length/,
  );
});

test('channel_binding=require sends no password except by SCRAM with channel binding', async () => {
  const heard: Buffer[] = [];
  const answers = [
    authentication(3),
    authentication(5, 'salt'),
    authentication(10, 'SCRAM-SHA-256\0\0'),
    Buffer.concat([AUTHENTICATED, READY]),
  ];
  for (const answer of answers) {
    const url = await serverThat((bytes, socket) => {
      heard.push(bytes);
      socket.write(answer);
    });
    const run = await runAction({
      inputs: { ...inputs, 'database-url': `${url}&channel_binding=require` },
    }).finished;
    expect(run.outputs['verdict']).toBe('error');
    expect(run.annotations[0]?.message).toMatch(/does not support channel binding/);
    server?.close();
  }
  // One startup message per connection, and nothing after it.
  expect(heard.map((bytes) => bytes[0])).toEqual(answers.map(() => 0));
});

test('a hostile error code from the server is neutralised everywhere', async () => {
  const code = 'ERR_SSL\n::error::x\n## [click](http://evil.example) @octocat';
  const fields = Buffer.from(`SFATAL\0C${code}\0Mno\0\0`);
  const length = Buffer.alloc(4);
  length.writeInt32BE(fields.length + 4);
  const url = await serverThat((_message, socket) => socket.end(Buffer.concat([Buffer.from('E'), length, fields])));
  const run = await runAction({ inputs: { ...inputs, 'database-url': url } }).finished;
  expect([run.exitCode, run.outputs['verdict']]).toEqual([1, 'error']);
  expect([run.summary, run.log].join()).not.toMatch(/evil\.example|octocat/);
});

describe('a file that cannot be written', () => {
  test.each([
    ['RUNNER_TEMP', 'The report file'],
    ['GITHUB_OUTPUT', 'The outputs'],
    ['GITHUB_STEP_SUMMARY', 'The job summary'],
  ])('is reported for %s, and does not stop other output', async (variable, what) => {
    const run = await runAction({
      inputs: { ...inputs, 'database-url': 'sqlite:///shop' },
      env: { [variable]: '/nowhere/at/all' },
    }).finished;
    expect([run.exitCode, run.stderr]).toEqual([1, '']);
    const [error, warning] = run.annotations;
    expect(error).toMatchObject({ level: 'error', message: expect.stringContaining('SQLite') });
    expect(warning).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(RegExp(`^${what} could not be written \\(ENOENT\\)[^\n]*$`)),
    });
    if (variable !== 'GITHUB_OUTPUT') expect(run.outputs['verdict']).toBe('error');
    if (variable !== 'GITHUB_STEP_SUMMARY') expect(run.summary).toContain('SQLite');
  });
});
