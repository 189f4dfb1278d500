import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Request, readArguments } from '../../src/command-line/arguments.ts';
import { EXIT_CODES } from '../../src/command-line/exit-codes.ts';
import { parseInputs } from '../../src/inputs.ts';
import { GATE } from '../recipes/actions.ts';
import { filesOf, isWorkflow, isYaml, type Recipe, recipeNamed, recipeOf, recipes } from '../recipes/recipe.ts';
import { shellsOf } from '../recipes/shell.ts';

/* What recipes hand to the command line: the arguments of its container, and what their shell calls it with. */

const IMAGE = `ghcr.io/${GATE}:1`;

interface Call {
  readonly at: string;
  readonly words: readonly string[];
}

function callsIn(recipe: Recipe): readonly Call[] {
  const manifests = filesOf(recipe).filter((file) => isYaml(file) && !isWorkflow(file));
  const ofContainers = manifests.flatMap(({ path, text }) =>
    parseAllDocuments(text).flatMap((document) =>
      argumentsIn(document.toJS()).map((words) => ({ at: `${recipe.name}: ${path}`, words: words.map(filled) })),
    ),
  );
  const ofShells = shellsOf(recipe).flatMap(({ where, text }) => {
    const lines = text.replaceAll(/\\\n\s*/g, '').split('\n');
    return lines.flatMap((line) => wordsIn(line).map((words) => ({ at: where, words })));
  });
  return [...ofContainers, ...ofShells];
}

/** The arguments of every container of the gate's image. */
function argumentsIn(node: unknown): readonly (readonly string[])[] {
  if (typeof node !== 'object' || node === null) return [];
  if (Array.isArray(node)) return node.flatMap(argumentsIn);
  const { image, args }: { image?: unknown; args?: unknown } = node;
  const own = image === IMAGE && Array.isArray(args) ? [args.map(String)] : [];
  return [...own, ...Object.values(node).flatMap(argumentsIn)];
}

/** The arguments in a line that calls the package, or the service `gate` of Docker Compose. */
function wordsIn(line: string): readonly (readonly string[])[] {
  const [, rest] = /(?:dbos-drain-gate@1|\bgate) ((?:wait|check|preflight)\b[^;|&]*)/.exec(line) ?? [];
  return rest === undefined ? [] : [filled(rest).replaceAll(/["']/g, '').trim().split(/\s+/)];
}

/** What a shell or Helm fills in is not known here: a version stands for it. */
function filled(text: string): string {
  return text.replaceAll(/"?\$\([^)]*\)"?|\$\{?\w+\}?|\{\{[^}]*\}\}/g, '1.0.0');
}

/** @throws for what the command line would refuse */
function read(words: readonly string[]): Request {
  const request = readArguments(words, { DRAIN_GATE_DATABASE_URL: 'postgresql://gate:secret@db.example/shop' });
  if (typeof request === 'string') throw new Error(`No run was asked for by ${words.join(' ')}`);
  parseInputs(request.raw, { shell: 'command-line', environment: {}, withoutSecrets: undefined });
  return request;
}

const calls = recipes().flatMap(callsIn);

describe('the command line in a recipe', () => {
  test('is found in manifests, in scripts, and in what GitLab runs', () => {
    const pages = new Set(calls.map(({ at }) => at.split(/[:/]/, 1)[0]));
    expect([...pages]).toEqual(expect.arrayContaining(['gitlab', 'kubernetes-job', 'single-host']));
  });

  test.each(calls)('has arguments that it accepts, in $at', ({ words }) => {
    expect(() => read(words)).not.toThrow();
  });

  test.each([
    ['a container', `\`job.yaml\`:\n\n\`\`\`yaml\nimage: ${IMAGE}\nargs: [wait, --keep-versions, '1']\n\`\`\`\n`],
    ['a script', '`a.sh`:\n\n```sh\n#!/bin/sh\nnpx dbos-drain-gate@1 wait \\\n  --keep-versions "$V"\n```\n'],
  ])('with a flag that there is not is caught in %s', (_, page) => {
    const [call] = callsIn(recipeOf('planted', page));
    expect(() => read(call?.words ?? [])).toThrow('There is no flag --keep-versions');
  });

  test('fails the Job of Kubernetes with every exit code that is not drained', () => {
    const [job] = filesOf(recipeNamed('kubernetes-job'));
    const [, values] = /values: \[([\d, ]+)\]/.exec(job?.text ?? '') ?? [];
    const ofVerdicts = EXIT_CODES.map(([code]) => code).filter((code) => code !== '0' && Number(code) < 128);
    expect(values?.split(', ')).toEqual(ofVerdicts);
  });
});
