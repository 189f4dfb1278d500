/** Text that somebody else wrote: a name or an id from the database, a value from an input. */
export interface Untrusted {
  readonly untrusted: string;
}

/** A statement or a command, to be typed as it stands. It is shown whole, and on one line. */
export interface Command {
  readonly command: string;
}

/** A sentence: trusted text, untrusted text and commands. Whoever prints it neutralises the untrusted parts there. */
export type Message = readonly (string | Untrusted | Command)[];

/** Writes a message. An interpolated string is untrusted. Numbers and messages are trusted (see `trusted`). */
export function msg(text: TemplateStringsArray, ...values: readonly (string | number | Message)[]): Message {
  return text.flatMap((part, index) => {
    const value = values[index];
    if (value === undefined) return [part];
    if (typeof value === 'string') return [part, { untrusted: value }];
    if (typeof value === 'number') return [part, number(value)];
    return [part, ...value];
  });
}

/** Trusted text, to be interpolated into a message as it is. */
export function trusted(text: string): Message {
  return [text];
}

/** `1,234`, for a whole number. The runtime can do it too, but takes 10 ms to load all languages for it. */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 workflow`, `2 workflows`: a count and what is counted. */
export function counted(count: number, noun: string): Message {
  return [`${number(count)} ${noun}${count === 1 ? '' : 's'}`];
}

/** The first few of many names, quoted, and how many more there are. */
export function namesOf(names: readonly string[], total = names.length, shown = 5): Message {
  const listed = names.slice(0, shown);
  const rest = Math.max(total, names.length) - listed.length;
  const parts = listed.flatMap((name, index) => [...(index > 0 ? [', '] : []), { untrusted: name }]);
  return rest > 0 ? [...parts, ` and ${number(rest)} more`] : parts;
}

/** Messages one after the other. */
export function joined(messages: readonly Message[], separator = ' '): Message {
  return messages.flatMap((message, index) => (index > 0 ? [separator, ...message] : message));
}

/** The message with `***` in place of every secret in its untrusted parts. */
export function withoutSecrets(message: Message, secrets: readonly string[]): Message {
  return message.map((part) =>
    typeof part === 'string' || 'command' in part ? part : { untrusted: textWithoutSecrets(part.untrusted, secrets) },
  );
}

/** The text with `***` in place of every secret. */
export function textWithoutSecrets(text: string, secrets: readonly string[]): string {
  // A secret can be a part of a longer one.
  const longestFirst = secrets.toSorted((a, b) => b.length - a.length);
  return longestFirst.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}
