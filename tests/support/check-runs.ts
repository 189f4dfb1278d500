import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';

const publishedCheck = z.looseObject({
  name: z.string(),
  status: z.enum(['in_progress', 'completed']),
  conclusion: z.string().optional(),
  output: z.looseObject({ title: z.string(), summary: z.string() }),
});

/** A check run as the gate has published it. */
export type PublishedCheck = z.infer<typeof publishedCheck>;

/** Reads what `JSON.stringify` made of a list of them. */
export function checksIn(text: string): readonly PublishedCheck[] {
  return z.array(publishedCheck).parse(JSON.parse(text));
}

/** GitHub's API for check runs, as far as the demo and a benchmark need it. `tests/github` has one that is strict. */
export interface CheckRuns {
  /** What `GITHUB_API_URL` is. */
  readonly url: string;
  /** Returns what was published since the last call, in order. */
  taken(): readonly PublishedCheck[];
  stop(): Promise<unknown>;
}

/** Starts the API, which keeps what is published. */
export async function startCheckRuns(): Promise<CheckRuns> {
  const kept: PublishedCheck[] = [];
  const published: PublishedCheck[] = [];
  const answerTo = async (request: IncomingMessage): Promise<unknown> => {
    if (request.method === 'GET') return { total_count: kept.length, check_runs: kept };
    const id = request.method === 'POST' ? kept.length : Number(request.url?.split('/').at(-1));
    const body = z.looseObject({}).parse(await json(request));
    const check = publishedCheck.parse({ ...kept[id], ...body, id });
    kept[id] = check;
    published.push(check);
    return check;
  };
  const server = createServer(async (request, response) => {
    const [status, answer] = await answerTo(request).then(
      (answer) => [200, answer] as const,
      (error) => [422, { message: String(error) }] as const,
    );
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    taken: () => published.splice(0),
    async stop() {
      const closed = once(server.close(), 'close');
      server.closeAllConnections();
      await closed;
    },
  };
}
