import { createSocket } from 'node:dgram';
import { onTestFinished } from 'vitest';

/** A name server that knows no name, or never answers. Returns its address; it ends with the test. */
export async function nameServer(isSilent: boolean): Promise<string> {
  const server = createSocket('udp4');
  server.on('message', (query, { port }) => {
    // The question itself, as an answer (0x81) without such a name (0x83).
    const answer = Buffer.concat([query.subarray(0, 2), Buffer.from([0x81, 0x83]), query.subarray(4)]);
    if (!isSilent) server.send(answer, port, '127.0.0.1');
  });
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${server.address().port}`;
}
