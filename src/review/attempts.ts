import { codeOf, ReportableError } from '../errors.ts';
import { type Message, msg, trusted } from '../message.ts';

/** Runs `work`. Where it throws, `what` could not be written: it calls `warn`, and the run continues. */
export async function attempted<T>(
  what: string,
  work: () => T | Promise<T>,
  warn: (problem: Message) => void,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const code = trusted(codeOf(error) ?? 'unknown reason');
    warn(error instanceof ReportableError ? error.explanation : msg`${trusted(what)} could not be written (${code}).`);
    return undefined;
  }
}
