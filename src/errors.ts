import { type Message, msg, trusted } from './message.ts';

/** A failure that is told to the user in full: what happened, the likely cause, and the fix. */
export class ReportableError extends Error {
  override readonly name: string = 'ReportableError';
  readonly sentence: Message;

  constructor(sentence: Message, options?: ErrorOptions) {
    super(
      sentence
        .map((part) => (typeof part === 'string' ? part : 'typed' in part ? part.typed : part.quoted))
        .join(''),
      options,
    );
    this.sentence = sentence;
  }
}

/** A poll failed for a reason that may pass by itself: the next one may succeed. */
export class TransientError extends ReportableError {
  override readonly name = 'TransientError';
  /** The server has let the gate in before, so that this is no question of where the database is. */
  readonly connectedBefore: boolean;
  /** It was stopped for how long it took, or for what it took: a poll that asks for less may not be. */
  readonly overLimit: boolean;

  constructor(
    sentence: Message,
    connectedBefore: boolean,
    { overLimit = false, ...options }: ErrorOptions & { readonly overLimit?: boolean } = {},
  ) {
    super(sentence, options);
    this.connectedBefore = connectedBefore;
    this.overLimit = overLimit;
  }
}

/** Something that the user passed is wrong. Raised before anything connects. */
export class InputError extends ReportableError {
  override readonly name = 'InputError';
}

/**
 * What may be said of any failure. The text of an error that nobody foresaw could hold anything, a secret
 * included: only its class and code are told.
 */
export function explain(error: unknown): Message {
  if (error instanceof ReportableError) return error.sentence;
  const kind = error instanceof Error ? error.constructor.name : typeof error;
  const code = codeOf(error);
  return msg`An unexpected failure (${trusted(code === undefined ? kind : `${kind}, ${code}`)}). Please report it to the dbos-drain-gate project; the gate does not say "drained" after one.`;
}

/** The code of a failure. A server can answer with any text in its place: only what looks like a code is one. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  // OpenSSL has `SSL/TLS` in some of its own.
  return /^[A-Z0-9_/]{1,60}$/.test(error.code) ? error.code : undefined;
}
