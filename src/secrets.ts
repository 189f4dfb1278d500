import { type Message, textWithoutSecrets, withoutSecrets } from './message.ts';

/** The secrets that a run has met so far. */
export interface Secrets {
  /** Adds secrets, and masks them in the job's log from now on. */
  add(secrets: Iterable<string>): void;
  /** Adds a password as it was read, and each line of it. */
  addPassword(password: string): void;
  /** Returns the message without the secrets. The runner masks the log only, and no summary, output or file. */
  removedFrom(message: Message): Message;
  /** Returns the text without the secrets, as a runner shows it. */
  hiddenIn(text: string): string;
  /** Returns whether a text holds a secret. */
  isIn(text: string): boolean;
  /** Returns the length of the shortest secret in characters; undefined when there is none. */
  shortestLength(): number | undefined;
}

/** @param mask Makes the runner mask a secret. */
export function collectSecrets(mask: (secret: string) => void): Secrets {
  const known = new Set<string>();
  const add: Secrets['add'] = (secrets) => {
    for (const secret of secrets) {
      if (secret.trim() === '' || known.has(secret)) continue;
      known.add(secret);
      mask(secret);
    }
  };
  return {
    add,
    addPassword: (password) => add([password, ...password.split(/\r?\n/)]),
    removedFrom: (message) => withoutSecrets(message, [...known]),
    hiddenIn: (text) => textWithoutSecrets(text, [...known]),
    isIn: (text) => [...known].some((secret) => text.includes(secret)),
    shortestLength: () => (known.size === 0 ? undefined : Math.min(...[...known].map(({ length }) => length))),
  };
}
