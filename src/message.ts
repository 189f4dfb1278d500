/** A piece of text that somebody else wrote: a name or an id from the database, a value from an input. */
export interface Untrusted {
  readonly quoted: string;
}

/** A statement or a command to be typed as it stands: shown whole, on a line of its own where there are lines. */
export interface Command {
  readonly typed: string;
}

/**
 * A sentence of ours that may quote others. Who prints it (to a log, to Markdown) knows from its shape which
 * parts must be neutralised there.
 */
export type Message = readonly (string | Untrusted | Command)[];

/**
 * Writes a sentence. What is interpolated as a string counts as written by others; numbers are ours, and so
 * is what is already a sentence (see `own`).
 */
export function msg(text: TemplateStringsArray, ...values: readonly (string | number | Message)[]): Message {
  return text.flatMap((part, index) => {
    const value = values[index];
    if (value === undefined) return [part];
    if (typeof value === 'string') return [part, { quoted: value }];
    if (typeof value === 'number') return [part, number(value)];
    return [part, ...value];
  });
}

/** Text of ours, to be interpolated into a sentence as it is. */
export function trusted(text: string): Message {
  return [text];
}

/** `1,234`, for a whole number. The runtime can do it too, but takes 10 ms to load all languages for it. */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 workflow`, `2 workflows`: a count and what is counted. */
export function counted(count: number, noun: string, plural = `${noun}s`): Message {
  return [`${number(count)} ${count === 1 ? noun : plural}`];
}

/** The first few of many names, quoted, and how many more there are. */
export function namesOf(names: readonly string[], total = names.length, shown = 5): Message {
  const listed = names.slice(0, shown);
  const rest = Math.max(total, names.length) - listed.length;
  const parts = listed.flatMap((name, index) => [...(index > 0 ? [', '] : []), { quoted: name }]);
  return rest > 0 ? [...parts, ` and ${number(rest)} more`] : parts;
}

/** Sentences one after the other. */
export function joined(sentences: readonly Message[], separator = ' '): Message {
  return sentences.flatMap((sentence, index) => (index > 0 ? [separator, ...sentence] : sentence));
}
