/** A line of output that the runner takes for a command, decoded. */
export interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

/** The commands that the runner knows; a line with another name is text. Source: actions/runner, `ActionCommandManager`. */
const KNOWN = new Set([
  'add-mask',
  'add-matcher',
  'add-path',
  'debug',
  'echo',
  'endgroup',
  'error',
  'group',
  'notice',
  'remove-matcher',
  'save-state',
  'set-env',
  'set-output',
  'stop-commands',
  'warning',
]);

const DATA_ESCAPES = { '%0D': '\r', '%0A': '\n', '%25': '%' };
const PROPERTY_ESCAPES = { ...DATA_ESCAPES, '%3A': ':', '%2C': ',' };
const LEGACY_ESCAPES = { ...DATA_ESCAPES, '%3B': ';', '%5D': ']' };

/**
 * Reads a line of output as the runner does: `::name key=value,key=value::data` after any leading space, or else,
 * which includes a name that is not known, the older `##[name key=value;key=value]data`, which may begin anywhere in
 * the line.
 *
 * @returns `undefined` for a line that is only text
 */
export function parseCommand(line: string): Command | undefined {
  return currentCommand(line) ?? olderCommand(line);
}

function currentCommand(line: string): Command | undefined {
  // .NET counts U+0085 as white space, JavaScript does not.
  const [, name, properties = '', data = ''] = /^[\s\u0085]*::([^ :]+)(?: (.*?))?::(.*)$/s.exec(line) ?? [];
  return known(name, parseProperties(properties, ',', PROPERTY_ESCAPES), unescaped(data, DATA_ESCAPES));
}

function olderCommand(line: string): Command | undefined {
  const [, name, properties = '', data = ''] = /##\[([^ \]]+)(?: ([^\]]*))?\](.*)$/s.exec(line) ?? [];
  return known(name, parseProperties(properties, ';', LEGACY_ESCAPES), unescaped(data, LEGACY_ESCAPES));
}

function known(name: string | undefined, properties: Record<string, string>, data: string): Command | undefined {
  const lowerCase = name?.toLowerCase() ?? '';
  return KNOWN.has(lowerCase) ? { name: lowerCase, properties, data } : undefined;
}

function parseProperties(text: string, separator: string, escapes: Record<string, string>): Record<string, string> {
  const pairs = text.split(separator).flatMap((pair) => {
    const [, key, value] = /^\s*([^=]+)=(.*)$/s.exec(pair) ?? [];
    return key === undefined || value === undefined ? [] : [[key, unescaped(value, escapes)] as const];
  });
  return Object.fromEntries(pairs);
}

function unescaped(text: string, escapes: Record<string, string>): string {
  return text.replace(/%[0-9A-F]{2}/g, (code) => escapes[code] ?? code);
}
