import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { parseInputs } from '../../src/inputs.ts';
import { outputsOf } from '../../src/report/outputs.ts';
import { parseReviewInputs } from '../../src/review/inputs.ts';
import { GATE } from '../recipes/actions.ts';
import { problemsOfLaws, takesAway } from '../recipes/laws.ts';
import { filesOf, isWorkflow, isYaml, quickStart, recipeOf, recipes } from '../recipes/recipe.ts';
import { shellsOf } from '../recipes/shell.ts';
import { silentFailures } from '../recipes/silence.ts';
import { isGate, isReview, parseWorkflow, triggersOf } from '../recipes/workflow.ts';
import { problemsOfWorkflow } from '../support/language-service.ts';
import { actionlint, hasLinter, zizmor } from '../support/linters.ts';
import { failedReport } from '../support/made-up-reports.ts';
import { readActionMetadata } from '../support/runner/action-metadata.ts';

/* What `docs/recipes/` and the quick start must be without being played: valid, in shape, and within the laws. */

const actionYml = readFileSync('action.yml', 'utf8');
const { defaults } = readActionMetadata('.');
const outputNames = Object.keys(outputsOf(failedReport, '').values);

const pages = recipes();
const files = [...pages, quickStart()].flatMap((recipe) =>
  filesOf(recipe).map((file) => ({ ...file, at: `${recipe.name}: ${file.path}` })),
);
const workflows = files.filter(isWorkflow);
const others = files.filter((file) => !isWorkflow(file));

/** As a workflow writes it. */
function expression(text: string): string {
  return `\${{ ${text} }}`;
}

describe('a recipe', () => {
  test.each(pages)('$name says what it is for, what it assumes, and what goes wrong without it', (recipe) => {
    const { headings, purpose, blocks } = recipe;
    expect(headings.filter((heading) => heading.startsWith('# '))).toHaveLength(1);
    expect(purpose.split(/\s+/).length).toBeLessThanOrEqual(25);
    expect(purpose).toMatch(/^[^.]+\.$/);
    expect(headings.at(1)).toBe('## What it assumes');
    expect(headings.at(-1)).toBe('## What goes wrong without it');
    expect(blocks.filter(({ language, path }) => language === 'yaml' && path === undefined)).toEqual([]);
  });

  test('has a file where the paragraph before a block ends with its name', () => {
    const page =
      '# A\n\nB.\n\nThe deploy, `.github/workflows/a.yml`:\n\n```yaml\non: push\n```\n\nType `this`.\n\n```sh\nls\n```\n';
    expect(recipeOf('a', page)).toMatchObject({
      purpose: 'B.',
      blocks: [
        { path: '.github/workflows/a.yml', language: 'yaml', text: 'on: push\n' },
        { path: undefined, language: 'sh', text: 'ls\n' },
      ],
    });
  });
});

describe('the workflow of a recipe', () => {
  test.each(workflows)("is valid for GitHub's language service, in $at", async ({ text }) => {
    expect(await problemsOfWorkflow(text, actionYml)).toEqual([]);
  });

  test.each(workflows)('keeps the laws of recipes, in $at', ({ text }) => {
    expect(problemsOfLaws(text)).toEqual([]);
  });

  test.each(workflows)('hands the gate inputs that it accepts, and reads outputs that it has, in $at', ({ text }) => {
    for (const { steps } of Object.values(parseWorkflow(text).jobs)) {
      for (const { id, with: given = {} } of steps.filter(isGate)) {
        const { 'database-url': url = expression('secrets.PG'), ...inputs } = given;
        expect(url).toMatch(/^\$\{\{ .*\b(secrets|matrix|env|steps|vars)\..* \}\}$/);
        expect(() => configWith(inputs)).not.toThrow();
        const read = [...text.matchAll(new RegExp(`steps\\.${id}\\.outputs\\.([\\w-]+)`, 'g'))].map(([, name]) => name);
        expect(read.filter((name) => !outputNames.some((output) => output === name))).toEqual([]);
      }
    }
  });
});

describe('the review in a recipe', () => {
  const review = readActionMetadata('review');
  const context = { shell: 'action', environment: {}, withoutSecrets: undefined } as const;
  const steps = workflows.flatMap(({ at, text }) => {
    const jobs = Object.values(parseWorkflow(text).jobs);
    return jobs.flatMap((job) => job.steps.filter(isReview).map((step) => ({ at, given: step.with ?? {}, text })));
  });

  test.each(steps)('has inputs that it accepts, and no credential in a pull request, in $at', ({ given, text }) => {
    const { 'database-url': url, ...inputs } = given;
    const isPullRequest = triggersOf(parseWorkflow(text)).includes('pull_request');
    expect([given['mode'] ?? 'review', url]).toEqual(
      isPullRequest ? ['review', undefined] : ['inventory', expression('secrets.DBOS_SYSTEM_DATABASE_URL')],
    );
    const database = url === undefined ? {} : { 'database-url': 'postgresql://gate:secret@db.example/shop' };
    const texts = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, String(value)]));
    expect(() => parseReviewInputs({ ...review.defaults, ...texts, ...database }, context)).not.toThrow();
  });

  test('has paths that it accepts, where the page shows them alone', () => {
    const fragments = pages.flatMap(({ blocks }) => blocks.filter(({ text }) => text.startsWith('paths:')));
    const [paths, ...others] = fragments.map(({ text }) => String(parse(text).paths));
    expect(others).toEqual([]);
    const inputs = parseReviewInputs({ ...review.defaults, paths: paths ?? '' }, context);
    expect(inputs.paths.map(({ isExclusion, application }) => [isExclusion, application])).toEqual([
      [false, 'shop'],
      [false, 'mail'],
      [true, undefined],
    ]);
  });

  test('finds in its cache what the inventory has saved there', () => {
    const caches = workflows.flatMap(({ text }) =>
      Object.values(parseWorkflow(text).jobs).flatMap((job) =>
        job.steps.flatMap(({ uses = '', with: given = {} }) =>
          uses.startsWith('actions/cache/')
            ? [{ path: given['path'], key: given['restore-keys'] ?? given['key'] }]
            : [],
        ),
      ),
    );
    const [saved, restored] = caches;
    expect(caches).toHaveLength(2);
    expect(saved?.path).toBe(restored?.path);
    expect(String(saved?.key)).toContain(restored?.key);
  });
});

/** What an expression comes to is not known here: any word stands for it, and nothing for a file that a step writes, or for a commit. */
function configWith(inputs: Readonly<Record<string, string | number | boolean>>): void {
  const values = Object.entries(inputs).map(([name, value]) => {
    const isFile = name === 'tls-ca' || name.endsWith('-file') || name === 'check-sha';
    const [wanted, stand] = isFile ? [/.*\$\{\{.*/gs, ''] : [/\$\{\{.*?\}\}/gs, '1.0.0'];
    return [name, String(value).replaceAll(wanted, stand)] as const;
  });
  const raw = {
    ...defaults,
    ...Object.fromEntries(values),
    'database-url': 'postgresql://gate:secret@db.example/shop',
  };
  parseInputs(raw, { shell: 'action', environment: {}, withoutSecrets: undefined });
}

const named = workflows.map(({ at, text }) => ({ name: at.replace('.github/workflows/', ''), text }));
const hasActionlint = hasLinter('actionlint', 'the workflows of the recipes');
const hasZizmor = hasLinter('zizmor', 'the workflows of the recipes');

describe('the workflows of the recipes', () => {
  test.skipIf(!hasActionlint)('have no faults for actionlint', () => {
    expect(named.length).toBeGreaterThan(15);
    expect(actionlint(named)).toBe('');
  });

  test.skipIf(!hasZizmor)('have no faults for zizmor', () => {
    expect(zizmor(named, 'tests/linters/zizmor-recipes.yml')).toBe('');
  });
});

describe('another file of a recipe', () => {
  test.each(others.filter(isYaml))('is YAML, in $at', ({ text }) => {
    expect(parseAllDocuments(text).flatMap(({ errors }) => errors)).toEqual([]);
  });

  test.each(others.filter(({ path }) => path.endsWith('.json')))('is JSON, in $at', ({ text }) => {
    expect(() => JSON.parse(text)).not.toThrow();
  });

  test.each(others.filter(({ language }) => language === 'sh'))('says which shell runs it, in $at', ({ text }) => {
    expect(text).toMatch(/^#!(\/bin\/sh|\/usr\/bin\/env bash)\n/);
  });

  test.each(others.filter(({ text }) => takesAway(text)))('ends what has drained, in $at', ({ text }) => {
    expect(text).toMatch(/drained[-_]versions/i);
  });

  test.each(others.filter(({ text }) => /keep[-_]version[^\n]*\blatest\b/i.test(text)))(
    'keeps the latest version in a sweep only, in $at',
    ({ text }) => {
      expect(text).toMatch(/^kind: CronJob$|CI_PIPELINE_SOURCE == "schedule"/m);
    },
  );
});

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
if (!hasShellcheck) {
  console.error('\nSKIPPED: nobody has read the shell of the recipes for faults. Install shellcheck.\n');
}

describe('the shell of recipes', () => {
  test.skipIf(!hasShellcheck)('has no faults for shellcheck', () => {
    const shells = [...pages, quickStart()].flatMap(shellsOf);
    expect(shells).not.toEqual([]);
    expect(shellcheck(shells)).toBe('');
  });

  test.skipIf(!hasShellcheck)('with a fault is caught', () => {
    const page =
      '`.github/workflows/a.yml`:\n\n```yaml\non: push\njobs:\n  a:\n    steps:\n      - run: rm -r $1\n```\n';
    expect(shellcheck(shellsOf(recipeOf('planted', page)))).toContain('SC2086');
  });

  test('loses no failure', () => {
    const shells = [...pages, quickStart()].flatMap(shellsOf);
    expect(shells.filter(({ text }) => silentFailures(text).length > 0)).toEqual([]);
  });

  test('is found in workflows, in the scripts of GitLab and in the commands of containers', () => {
    const page = [
      '`.github/workflows/a.yml`:\n\n```yaml\non: push\njobs:\n  a:\n    steps:\n      - run: one\n```\n',
      '`.gitlab-ci.yml`:\n\n```yaml\na:\n  script:\n    - two\n    - three\n```\n',
      '`job.yaml`:\n\n```yaml\nspec:\n  command: [/bin/sh, -ec, four]\n---\nspec:\n  command: [node]\n```\n',
      '`five.sh`:\n\n```sh\n#!/bin/sh\nfive\n```\n',
    ].join('\n');
    const texts = shellsOf(recipeOf('a', page)).map(({ text }) => text);
    expect(texts).toEqual(['#!/bin/sh\nfive\n', 'one', 'two\nthree', 'four']);
  });
});

/** One process for all. GitHub runs `run:` with bash and -e, and with pipefail where `shell: bash` stands. */
function shellcheck(shells: ReturnType<typeof shellsOf>): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-shell-'));
  for (const { where, text } of shells) {
    const file = path.join(folder, where);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text.startsWith('#!') ? text : `#!/usr/bin/env bash\nset -eo pipefail\n${text}\n`);
  }
  const { stdout, stderr } = spawnSync('shellcheck', ['--format=gcc', ...shells.map(({ where }) => where)], {
    cwd: folder,
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });
  return stdout + stderr;
}

describe('a law of recipes', () => {
  const sound = `
on:
  push:
permissions: {}
jobs:
  deploy:
    runs-on: ubuntu-latest
    timeout-minutes: 10
    permissions:
      contents: read
    concurrency:
      group: deploy
    steps:
      - uses: actions/checkout@v7
      - name: Shift traffic
        run: shift-traffic
  tear-down:
    needs: deploy
    runs-on: ubuntu-latest
    timeout-minutes: 60
    concurrency:
      group: tear-down
      cancel-in-progress: false
    steps:
      - id: gate
        uses: ${GATE}@v1
        with:
          keep-version: \${{ github.sha }}
          timeout: 45m
      - name: Tear down what has drained
        env:
          VERSIONS: \${{ steps.gate.outputs.drained-versions }}
        run: kubectl delete deployment "$VERSIONS"
`;

  test('is kept by a sound workflow', () => {
    expect(problemsOfLaws(sound)).toEqual([]);
  });

  test.each<[string, string, string, string]>([
    ['versions that have not drained', 'outputs.drained-versions', 'outputs.draining-versions', 'draining-versions'],
    ['versions from elsewhere', expression('steps.gate.outputs.drained-versions'), "'1.0.0'", 'drained-versions'],
    ['a teardown by another name', 'name: Tear down what', 'name: Clean up what', 'is not named'],
    ['an older tag of an action', 'actions/checkout@v7', 'actions/checkout@v1', 'with this tag'],
    ['a pipe that hides a failure', 'run: shift-traffic', 'run: list-traffic | shift-traffic', 'hides a failure'],
    ['a failure in a list', 'run: shift-traffic', 'run: for each in $(list); do shift-traffic; done', 'is lost'],
    [
      'a failure in a condition',
      'run: shift-traffic',
      'run: until [ -z "$(list)" ]; do shift-traffic; done',
      'is lost',
    ],
    ['an empty live version', 'run: shift-traffic', 'run: live=$(list)', 'protects nothing'],
    ['an expression in shell', 'run: shift-traffic', `run: shift-traffic ${expression('github.ref')}`, 'through env'],
    [
      'the latest version in a deploy',
      `keep-version: ${expression('github.sha')}`,
      'keep-version: latest',
      'names its version',
    ],
    ['no timeout', '    timeout-minutes: 10\n', '', 'no timeout-minutes'],
    ['a job that ends before its gate', 'timeout-minutes: 60', 'timeout-minutes: 45', 'before its gates'],
    ['a job that outlasts its runner', 'timeout-minutes: 60', 'timeout-minutes: 600', 'after six hours'],
    ['a deploy that waits', 'id: gate', 'name: Deploy\n        id: gate', 'share the job'],
    ['no concurrency', 'group: tear-down\n      cancel-in-progress: false', 'group: x', 'cancel-in-progress: false'],
    ['a cancelled teardown', 'cancel-in-progress: false', 'cancel-in-progress: true', 'cancel-in-progress: false'],
    ["the deploy's group", 'group: tear-down', 'group: deploy', 'shares its concurrency group'],
    ['broad permissions', 'permissions: {}', 'permissions: write-all', 'at the top'],
    ['a checkout that cannot read', '      contents: read', '      actions: read', 'contents: read'],
    ['an unguarded matrix', '    needs: deploy', '    strategy: fromJSON(needs.deploy.outputs.x)', 'empty matrix'],
  ])('catches %s', (_, good, bad, problem) => {
    expect(problemsOfLaws(sound.replace(good, bad)).join('\n')).toContain(problem);
  });

  test('lets the latest version be kept on a schedule, with the concurrency of the workflow', () => {
    const sweep = sound
      .replace('  push:', "  schedule:\n    - cron: '17 * * * *'")
      .replace('permissions: {}', 'permissions: {}\nconcurrency:\n  group: sweep\n  cancel-in-progress: false')
      .replace(`keep-version: ${expression('github.sha')}`, 'keep-version: latest')
      .replace('name: Shift traffic', 'name: List')
      .replace('    concurrency:\n      group: tear-down\n      cancel-in-progress: false\n', '');
    expect(problemsOfLaws(sweep)).toEqual([]);
  });

  test('does not mistake a container that removes itself for the end of a version', () => {
    expect(takesAway('docker compose run --rm gate check')).toBe(false);
    expect(takesAway('docker compose rm shop')).toBe(true);
  });

  test('follows versions through steps, jobs and a matrix', () => {
    const matrix = sound
      .replace(
        '    timeout-minutes: 60',
        `    timeout-minutes: 60\n    outputs:\n      versions: ${expression('steps.some.outputs.v')}`,
      )
      .replace(
        / {6}- name: Tear down[\s\S]*/,
        `      - id: some
        env:
          ALL: \${{ steps.gate.outputs.drained-versions }}
        run: echo "v=$ALL" >> "$GITHUB_OUTPUT"
  each:
    needs: tear-down
    if: contains(needs.tear-down.outputs.versions, '"')
    runs-on: ubuntu-latest
    timeout-minutes: 5
    concurrency:
      group: tear-down-\${{ matrix.version }}
      cancel-in-progress: false
    strategy:
      matrix:
        version: \${{ fromJSON(needs.tear-down.outputs.versions) }}
    env:
      VERSION: \${{ matrix.version }}
    steps:
      - name: Tear down one
        run: kubectl delete deployment "$VERSION"
`,
      );
    expect(problemsOfLaws(matrix).join('\n')).toContain('does not look at observed-at');
    const looks = matrix
      .replace('    outputs:\n', `    outputs:\n      at: ${expression('steps.gate.outputs.observed-at')}\n`)
      .replace(
        '    env:\n      VERSION:',
        `    env:\n      AT: ${expression('needs.tear-down.outputs.at')}\n      VERSION:`,
      );
    expect(problemsOfLaws(looks)).toEqual([]);
    const wrong = matrix.replace('outputs.drained-versions', 'outputs.draining-versions');
    expect(problemsOfLaws(wrong).join('\n')).toContain('does not take its versions from drained-versions');
  });

  test('finds a misspelt input of the gate', async () => {
    const misspelt = sound.replace('keep-version:', 'keep-versions:');
    expect((await problemsOfWorkflow(misspelt, actionYml)).join('\n')).toContain(
      "Invalid action input 'keep-versions'",
    );
  });
});
