import { joined, type Message, msg, trusted } from './message.ts';

/** The id of a failure that nobody foresaw. */
const UNEXPECTED = 'unexpected';

/** A failure whose text users read in full: what happened, the likely cause, and the fix. */
export class ReportableError extends Error {
  override readonly name: string = 'ReportableError';
  readonly explanation: Message;
  /** Its kind, in kebab case: an anchor in `docs/troubleshooting.md`. */
  readonly id: string;

  constructor(explanation: Message, { id = UNEXPECTED, ...options }: ErrorOptions & { readonly id?: string } = {}) {
    super(
      explanation
        .map((part) => (typeof part === 'string' ? part : 'command' in part ? part.command : part.untrusted))
        .join(''),
      options,
    );
    this.explanation = explanation;
    this.id = id;
  }
}

/** A poll failed for a transient reason: the next one can succeed. */
export class TransientError extends ReportableError {
  override readonly name = 'TransientError';
  /** The server has accepted the gate before, so the address and the credentials are right. */
  readonly connectedBefore: boolean;
  /** The server stopped the poll for its duration or its use of resources. A smaller poll can succeed. */
  readonly overLimit: boolean;
  /** It most often stays: a minute of nothing but such failures ends a hold. */
  readonly brief: boolean;

  constructor(
    explanation: Message,
    connectedBefore: boolean,
    {
      overLimit = false,
      brief = false,
      ...options
    }: ConstructorParameters<typeof ReportableError>[1] & {
      readonly overLimit?: boolean;
      readonly brief?: boolean;
    } = {},
  ) {
    super(explanation, options);
    this.connectedBefore = connectedBefore;
    this.overLimit = overLimit;
    this.brief = brief;
  }
}

/** The id of an input error: its own where the troubleshooting page has a heading for it. */
export type InputErrorId = 'input' | `input-${string}`;

/** An input is wrong. Raised before anything connects. */
export class InputError extends ReportableError {
  override readonly name = 'InputError';

  constructor(explanation: Message, id: InputErrorId = 'input') {
    super(explanation, { id });
  }

  /** One error for all that is wrong. It keeps the id of one that is alone. */
  static of(errors: readonly InputError[]): InputError {
    const [first, ...others] = errors;
    if (first !== undefined && others.length === 0) return first;
    const messages = errors.map(({ explanation }) => explanation);
    return new InputError(joined(messages, '\n'));
  }
}

/** Returns a function that writes an input error with this id, as `msg` writes a message. */
export function inputError(id: InputErrorId = 'input') {
  return (...parts: Parameters<typeof msg>): InputError => new InputError(msg(...parts), id);
}

/** Explains any failure. An unexpected one could hold a secret in its text, so only its class and code are shown. */
export function explain(error: unknown): Message {
  if (error instanceof ReportableError) return error.explanation;
  const kind = error instanceof Error ? error.constructor.name : typeof error;
  const code = codeOf(error);
  return msg`Unexpected error (${trusted(code === undefined ? kind : `${kind}, ${code}`)}). Please report it to the dbos-drain-gate project. After an error, nothing is reported as drained or as reviewed.`;
}

/** A failure as reports have it. */
export interface ReportedFailure {
  /** Its id. */
  readonly kind: string;
  readonly message: Message;
}

/** Returns what reports have of any failure. */
export function reportedFailure(error: unknown): ReportedFailure {
  return { kind: error instanceof ReportableError ? error.id : UNEXPECTED, message: explain(error) };
}

/** The code of a failure; undefined where it has none. A server can send any text as a code: other shapes are ignored. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  // OpenSSL has `SSL/TLS` in some of its own.
  return /^[A-Z0-9_/]{1,60}$/.test(error.code) ? error.code : undefined;
}

/** Whether the code is an SQLSTATE: a server answered, and says so. None of Node's has five characters and a digit. */
export function isSqlState(code: string | undefined): boolean {
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(code ?? '');
}
