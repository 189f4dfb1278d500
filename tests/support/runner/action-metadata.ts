import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

/** What the runner takes from `action.yml`. */
export interface ActionMetadata {
  readonly main: string;
  readonly defaults: Readonly<Record<string, string>>;
}

/** Only GitHub has one: a test passes its own. */
const JOB_TOKEN = '$' + '{{ github.token }}';

/**
 * Reads `action.yml`. The failsafe schema keeps every scalar the text that it is, which is how the runner
 * hands a default on.
 *
 * @throws when it is not a JavaScript action, or a default is an expression, which only GitHub evaluates, but for the job's token
 */
export function readActionMetadata(folder: string): ActionMetadata {
  const action = parse(readFileSync(path.join(folder, 'action.yml'), 'utf8'), { schema: 'failsafe' });
  const main: unknown = action.runs?.main;
  if (typeof main !== 'string') throw new Error('action.yml has no runs.main.');
  const inputs: [string, { default?: string } | null][] = Object.entries(action.inputs ?? {});
  const defaults = inputs.map(([name, input]) => [name, input?.default ?? ''] as const);
  const given = defaults.map(([name, value]) => {
    if (value === JOB_TOKEN) return [name, ''] as const;
    if (value.includes('${{')) throw new Error(`The default of ${name} is an expression: ${value}`);
    return [name, value] as const;
  });
  return { main: path.join(folder, main), defaults: Object.fromEntries(given) };
}

/** The environment variables that carry inputs: upper case, spaces to underscores, dashes as they are. */
export function inputVariables(inputs: Readonly<Record<string, string>>): Record<string, string> {
  const toVariable = (name: string) => `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`;
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [toVariable(name), value]));
}
