import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { actionOf } from './actions.ts';
import { CACHES } from './caches.ts';
import { isGate, isReview, type Workflow } from './workflow.ts';

/** Programs by name, each the body of a shell script that answers: `case "$*" in 'get pods'*) echo … ;; esac`. */
export type Programs = Readonly<Record<string, string>>;

/** Actions by name without tag, each with the outputs that it sets. */
export type Actions = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Writes executables that record their calls, one line each, before they answer. */
export function writePrograms(folder: string, calls: string, programs: Programs): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, answer] of Object.entries(programs)) {
    const record = `printf '%s\\n' "$(printf '%s' "${name} $*" | tr '\\n' ' ')" >> '${calls}'`;
    const file = path.join(folder, name);
    writeFileSync(file, `#!/bin/sh\n${record}\n${answer}\n`);
    chmodSync(file, 0o755);
  }
}

/** Where stand-ins of actions are written, where they record their calls, what a checkout brings, and what is cached. */
export interface ActionPlaces {
  readonly folder: string;
  readonly calls: string;
  readonly checkout: string;
  readonly caches: string;
}

/**
 * Writes a stand-in for each action of a workflow but those of this repository: it takes the inputs that it is given and
 * records them. That of `actions/checkout` brings the files, that of `actions/upload-artifact` records which it found, and
 * those of `actions/cache` save and restore. Returns where each repository of actions is, by `owner/name@tag`.
 */
export function writeActions(places: ActionPlaces, workflow: Workflow, actions: Actions): Map<string, string> {
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
  const written = new Map<string, string>();
  for (const { uses } of steps.filter((step) => !isGate(step) && !isReview(step))) {
    if (uses === undefined || uses.startsWith('./')) continue;
    const inputs = steps.filter((step) => step.uses === uses).flatMap((step) => Object.keys(step.with ?? {}));
    const name = actionOf(uses);
    const [owner = '', repository = '', ...within] = name.split('/');
    const root = `${owner}/${repository}${uses.slice(name.length)}`;
    const place = path.join(places.folder, root.replaceAll('/', '+'));
    const folder = path.join(place, ...within);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      path.join(folder, 'action.yml'),
      JSON.stringify(actionFor(name, inputs, places, actions[name] ?? {})),
    );
    written.set(root, place);
  }
  return written;
}

function actionFor(
  name: string,
  inputs: readonly string[],
  { calls, checkout, caches }: ActionPlaces,
  outputs: Readonly<Record<string, string>>,
) {
  const lines = [
    `printf '%s\\n' "${name} $(printf '%s' "$GIVEN" | tr -d '\\n')" >> '${calls}'`,
    ...(name === 'actions/checkout' ? [`cp -R '${checkout}/.' .`] : []),
    ...(name === 'actions/upload-artifact'
      ? [`echo "uploaded $(find $FILES -type f -exec basename {} ';' | tr '\\n' ' ')" >> '${calls}'`]
      : []),
    ...(CACHES[name] ?? []),
    ...Object.entries(outputs).map(([output, value]) => `echo '${output}=${value}' >> "$GITHUB_OUTPUT"`),
  ];
  const given = Object.fromEntries(inputs.map((input) => [input, `\${{ inputs.${input} }}`]));
  return {
    name,
    description: 'A stand-in.',
    inputs: Object.fromEntries(inputs.map((input) => [input, { description: 'Recorded.' }])),
    outputs: Object.fromEntries(
      Object.keys(outputs).map((output) => [output, { description: '', value: `\${{ steps.it.outputs.${output} }}` }]),
    ),
    runs: {
      using: 'composite',
      steps: [
        {
          id: 'it',
          shell: 'bash',
          env: {
            GIVEN: JSON.stringify(given),
            FILES: given['path'] ?? '',
            CACHES: caches,
            KEY: given['key'] ?? '',
            RESTORE_KEYS: given['restore-keys'] ?? '',
          },
          run: lines.join('\n'),
        },
      ],
    },
  };
}

const event = z.looseObject({
  jobID: z.string().optional(),
  jobResult: z.string().optional(),
  msg: z.string().default(''),
});

/** A line of act's log. */
export type LogEvent = z.infer<typeof event>;

/** Reads a line of `act --json`; what is no JSON is a message. */
export function logEventOf(line: string): LogEvent {
  try {
    return event.parse(JSON.parse(line));
  } catch {
    return { msg: `${line}\n` };
  }
}
