import type { ChildProcess } from 'node:child_process';

/** An object whose methods are called from another process: arguments and results are plain values. */
export type Callable<T> = { [K in keyof T]: (...args: never[]) => Promise<unknown> };

interface Request {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

interface Response {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/**
 * In the child: answers the calls of the parent. Ends the process when the parent lets go of it or dies, so
 * that no child is left over. Leaves Ctrl-C, which a terminal sends to parent and child alike, to the parent.
 */
export function answerCalls<T extends Callable<T>>(target: T): void {
  const methods = new Map<string, (...args: unknown[]) => Promise<unknown>>(Object.entries(target));
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ id, method, args }: Request) => {
    try {
      const value = await methods.get(method)?.(...args);
      process.send?.({ id, value } satisfies Response);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.send?.({ id, error: text } satisfies Response);
    }
  });
}

/**
 * In the parent: the methods that the child answers. A call rejects with the child's error, or when the child
 * ends before it has answered; `output` is what the child has printed, for the error to show.
 */
export function callsTo<T extends Callable<T>>(child: ChildProcess, output: () => string): T {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let lastId = 0;
  child.on('message', ({ id, value, error }: Response) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) call?.resolve(value);
    else call?.reject(new Error(`${error}\n--- output of the child process ---\n${output()}`));
  });
  child.once('close', (code, signal) => {
    for (const call of waiting.values()) {
      call.reject(new Error(`The child process ended (${signal ?? `exit code ${code}`}):\n${output()}`));
    }
    waiting.clear();
  });
  const call = (method: string, args: readonly unknown[]) => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = ++lastId;
    waiting.set(id, { resolve, reject });
    child.send({ id, method, args } satisfies Request, (error) => {
      if (error !== null) reject(new Error(`${error.message}:\n${output()}`));
    });
    return promise;
  };
  return new Proxy({} as T, {
    get: (target, property) => {
      // What the caller has added; and never `then`, which would make the object look like a promise.
      if (property in target || typeof property !== 'string' || property === 'then') {
        return Reflect.get(target, property);
      }
      return (...args: readonly unknown[]) => call(property, args);
    },
  });
}
