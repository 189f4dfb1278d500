import { createInterface } from 'node:readline';
import { ANSWER } from '../protocol.ts';

type Method = (params: never) => Promise<unknown>;

/** Answers the calls on standard input until it ends, which ends the process. */
export function answerCalls(calls: object): void {
  const methods = new Map<string, Method>(Object.entries(calls));
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    const { id, method, params } = JSON.parse(line);
    let answer: object;
    try {
      const value = await methods.get(method)?.(params as never);
      answer = { id, value: value ?? null };
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      // An error of ours says how it starts.
      answer = { id, error: text.replace(/^Error: /, '') };
    }
    process.stdout.write(`${ANSWER}${JSON.stringify(answer)}\n`, () => {
      if (method === 'shutdown') process.exit();
    });
  });
  lines.on('close', () => process.exit());
}
