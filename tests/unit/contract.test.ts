import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { generatedFiles } from '../../scripts/generators/files.ts';
import { withSections } from '../../scripts/generators/marked-sections.ts';
import { repositorySlug } from '../../scripts/repository.ts';
import { INPUT_NAMES, parseInputs } from '../../src/inputs.ts';
import { outputsOf } from '../../src/report/outputs.ts';
import { type RunReport, runReportSchema } from '../../src/report/schema.ts';
import { REVIEW_INPUT_NAMES } from '../../src/review/inputs.ts';
import { PERMISSIONS } from '../../src/review/pull-request/problems.ts';
import { reportText, outputsOf as reviewOutputsOf } from '../../src/review/report/schema.ts';
import { EMPTY_RUN } from '../../src/review/run.ts';
import { VERDICTS } from '../../src/rules/verdict.ts';
import { problemsOfLaws } from '../recipes/laws.ts';
import { problemsOfAction, problemsOfWorkflow } from '../support/language-service.ts';
import { blockedReport, failedReport } from '../support/made-up-reports.ts';
import { runWith } from '../support/made-up-reviews.ts';
import { isReport } from '../support/report-file.ts';
import { readActionMetadata } from '../support/runner/action-metadata.ts';
import { workflowsOfDocuments, workflowsOfRepository } from '../support/workflows.ts';

const actionYml = readFileSync('action.yml', 'utf8');
const action = parse(actionYml);
const outputNames = Object.keys(outputsOf(failedReport, '').values);

function configWith(inputs: Readonly<Record<string, string>>) {
  const { defaults } = readActionMetadata('.');
  const raw = { ...defaults, 'database-url': 'postgresql://gate:secret@db.example/shop', ...inputs };
  return parseInputs(raw, { shell: 'action', environment: {}, withoutSecrets: undefined });
}

describe('action.yml', () => {
  test('declares the inputs that the code reads, and no others', () => {
    expect(Object.keys(action.inputs).sort()).toEqual([...INPUT_NAMES].sort());
  });

  test('declares the outputs that the code sets, and no others', () => {
    expect(Object.keys(action.outputs).sort()).toEqual(outputNames.toSorted());
  });

  test('names the verdicts that the gate gives, and no others', () => {
    const named = [...action.outputs.verdict.description.matchAll(/`([\w-]+)`/g)].map(([, name]) => name);
    expect(named.sort()).toEqual([...VERDICTS].sort());
  });

  test('has defaults that make a configuration, given a version and a URL', () => {
    const { gate, database, ignoredParameters } = configWith({ 'retire-version': '1.0.0' });
    expect(gate).toEqual({
      targets: { kind: 'named', versions: ['1.0.0'] },
      application: undefined,
      mode: 'wait',
      timeoutMs: 30 * 60_000,
      longestRunMs: 6 * 60 * 60_000,
      onTimeout: 'fail',
      pollIntervalMs: undefined,
      pollTimeoutMs: 30_000,
      settleMs: 30_000,
      failFast: true,
      stuckAfterMs: 15 * 60_000,
      ignoreWorkflows: [],
      onUnknown: 'fail',
      onLive: 'block',
      onUnversioned: 'auto',
      details: 'full',
      longNames: [],
    });
    expect(database).toMatchObject({ schema: 'dbos', tlsMode: 'prefer', tlsCa: undefined });
    expect(ignoredParameters).toBe(0);
  });

  test("is valid for GitHub's language service", async () => {
    expect(await problemsOfAction(actionYml)).toEqual([]);
  });

  test.each([
    ['a runtime that GitHub does not have', 'node24', 'node99', "Unexpected value 'node99'"],
    ['an icon that GitHub does not have', 'pause-circle', 'gate', "Unexpected value 'gate'"],
    ['a key that GitHub does not know', '\nruns:', '\nsecrets: {}\nruns:', "Unexpected value 'secrets'"],
  ])("with %s is caught by GitHub's language service", async (_, sound, broken, problem) => {
    const problems = await problemsOfAction(actionYml.replace(sound, broken));
    expect(problems.join('\n')).toContain(problem);
  });
});

describe('review/action.yml', () => {
  const reviewYml = readFileSync('review/action.yml', 'utf8');
  const review = parse(reviewYml);

  test('declares the inputs that the code reads and the outputs that it sets, and no others', () => {
    expect(Object.keys(review.inputs).toSorted()).toEqual([...REVIEW_INPUT_NAMES].toSorted());
    expect(Object.keys(review.outputs).toSorted()).toEqual(Object.keys(reviewOutputsOf(EMPTY_RUN, '')).toSorted());
  });

  test('has the gate’s words and defaults for the inputs of the database', () => {
    for (const name of ['database-password', 'tls-ca', 'schema'])
      expect(review.inputs[name]).toEqual(action.inputs[name]);
    expect(review.inputs['poll-timeout'].default).toBe(action.inputs['poll-timeout'].default);
  });

  test('has the job’s token where none is given, and names what it needs', () => {
    expect(review.inputs['github-token'].default).toBe(`$${'{{ github.token }}'}`);
    for (const permission of Object.keys(PERMISSIONS)) {
      expect(review.inputs['github-token'].description).toContain(`\`${permission}\``);
    }
  });

  test("is valid for GitHub's language service, and so are workflows that use it", async () => {
    expect(await problemsOfAction(reviewYml)).toEqual([]);
    const workflow = (input: string) =>
      `on: pull_request\njobs:\n  review:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ${repositorySlug()}/review@v1\n        with:\n          ${input}: x\n`;
    expect(await problemsOfWorkflow(workflow('inventory'), actionYml)).toEqual([]);
    expect(await problemsOfWorkflow(workflow('retire-version'), actionYml)).toEqual([
      expect.stringContaining("Invalid action input 'retire-version'"),
    ]);
  });
});

describe('a workflow', () => {
  test.each([...workflowsOfDocuments(), ...workflowsOfRepository()])(
    "in $name is valid for GitHub's language service",
    async ({ text }) => {
      expect(await problemsOfWorkflow(text, actionYml)).toEqual([]);
    },
  );

  test.each([...workflowsOfDocuments(), ...workflowsOfRepository()])(
    'in $name names outputs of the gate that it has',
    ({ text }) => {
      const steps = Object.values<Job>(parse(text).jobs).flatMap((job) => job.steps ?? []);
      const gates = steps.filter(({ uses = '' }) => uses === './' || uses.startsWith(`${repositorySlug()}@`));
      const named = [...text.matchAll(/steps\.(\w+)\.outputs\.([\w-]+)/g)]
        .filter(([, step]) => gates.some(({ id }) => id === step))
        .map(([, , name]) => name);
      expect(named.filter((name) => !outputNames.some((output) => output === name))).toEqual([]);
    },
  );

  test.each(workflowsOfDocuments())('in $name passes inputs that the gate accepts', ({ text }) => {
    const uses = Object.values<Job>(parse(text).jobs)
      .flatMap(({ steps }) => steps ?? [])
      .filter(({ uses }) => uses?.startsWith(`${repositorySlug()}@`));
    expect(uses).not.toEqual([]);
    for (const { with: inputs } of uses) {
      const { 'database-url': url, 'database-password-file': file, ...others } = inputs ?? {};
      // A step before the gate writes the file.
      if (file !== undefined) expect(file).toMatch(/^\$\{\{ runner\.temp \}\}\//);
      expect(url).toMatch(/^\$\{\{ secrets\.\w+ \}\}$/);
      expect(() => configWith(others)).not.toThrow();
    }
  });

  test.each(workflowsOfDocuments())('in $name keeps the laws of recipes', ({ text }) => {
    expect(problemsOfLaws(text)).toEqual([]);
  });

  test('with a misspelt input is caught', async () => {
    const example = workflowsOfDocuments().find(({ text }) => text.includes('keep-version:'));
    const misspelt = example?.text.replace('keep-version:', 'keep-versions:') ?? '';
    expect((await problemsOfWorkflow(misspelt, actionYml)).join('\n')).toContain(
      "Invalid action input 'keep-versions'",
    );
  });
});

interface Job {
  readonly steps?: readonly {
    readonly id?: string;
    readonly uses?: string;
    readonly with?: Readonly<Record<string, string>>;
  }[];
}

describe('what is generated', () => {
  test.each(generatedFiles())('$path is what `npm run generate` writes', ({ path, content }) => {
    expect(readFileSync(path, 'utf8')).toBe(content);
  });

  test('has its place between two markers', () => {
    const text = 'a\n<!-- generated: x -->\nold\n<!-- end of x -->\nb';
    expect(withSections(text, { x: 'new' })).toBe('a\n<!-- generated: x -->\n\nnew\n\n<!-- end of x -->\nb');
    expect(() => withSections(text, { y: 'new' })).toThrow(/generated: y/);
    expect(() => withSections(text + text, { x: 'new' })).toThrow(/once/);
  });
});

describe('report.schema.json', () => {
  const reports: readonly (readonly [string, RunReport])[] = [
    ['that found work in flight', blockedReport],
    ['without a poll', failedReport],
  ];

  test.each(reports)('fits the report of a run %s', (_, report) => {
    isReport(JSON.parse(JSON.stringify(runReportSchema.parse(report))));
    expect(isReport.errors).toBeNull();
  });

  test('does not fit a report with a count that is no count', () => {
    expect(isReport({ ...runReportSchema.parse(failedReport), inFlight: -1 })).toBe(false);
  });
});

test('review.schema.json fits the report of a review', () => {
  const fits = new Ajv2020({ formats: { 'date-time': (text) => !Number.isNaN(Date.parse(text)) } }).compile(
    JSON.parse(readFileSync('review.schema.json', 'utf8')),
  );
  for (const run of [EMPTY_RUN, runWith(['a', 'b', 'c'])]) {
    expect(fits(JSON.parse(reportText(run)))).toBe(true);
  }
  expect(fits({ ...JSON.parse(reportText(EMPTY_RUN)), omitted: -1 })).toBe(false);
});
