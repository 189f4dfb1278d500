import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseWorkflow } from '../recipes/workflow.ts';
import { actionlint, hasLinter, zizmor } from '../support/linters.ts';
import { type Workflow, workflowsOfRepository } from '../support/workflows.ts';

/* The workflows of this repository: pinned, with no more rights than each job needs, and read by linters. */

const workflows = workflowsOfRepository();

describe('a workflow of this repository', () => {
  test.each(workflows)('in $name pins every action by its commit, and names the version', ({ text }) => {
    expect(unpinned(text)).toEqual([]);
  });

  test.each(workflows)('in $name grants nothing but by its jobs, which all end', ({ text }) => {
    const { permissions, jobs } = parseWorkflow(text);
    expect(permissions).toEqual({});
    for (const [name, job] of Object.entries(jobs)) {
      expect(job.permissions, name).toBeTypeOf('object');
      expect(job['timeout-minutes'], name).toBeLessThanOrEqual(60);
    }
  });

  test.each(workflows)('in $name leaves no token behind a checkout', ({ text }) => {
    const checkouts = stepsOf(text).filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    for (const { with: inputs } of checkouts) expect(inputs?.['persist-credentials']).toBe(false);
  });

  test.each(workflows)('in $name needs no secret but the token of its run', ({ text }) => {
    expect(text).not.toMatch(/\bsecrets\b/);
  });

  test.each(workflows)('in $name runs packages of npm only where nothing can be written', ({ text }) => {
    const writing = Object.entries(parseWorkflow(text).jobs).filter(([, { permissions, steps }]) => {
      const rights = typeof permissions === 'object' ? Object.values(permissions) : [];
      return (
        rights.includes('write') && steps.some(({ run = '' }) => /\b(npm (ci|test|run)|npx|node tests)\b/.test(run))
      );
    });
    expect(writing.map(([name]) => name)).toEqual([]);
  });

  test('is unpinned where it names a tag, a branch, or no version', () => {
    const sha = '3d3c42e5aac5ba805825da76410c181273ba90b1';
    const uses = [`a/b@${sha} # v1.2.3`, 'a/b@v1', `a/b@${sha}`, `a/b/c@${sha} # v1.2.3`, './', `a/b@${sha} # main`];
    expect(unpinned(uses.map((used) => `      - uses: ${used}`).join('\n'))).toEqual([uses[1], uses[2], uses[5]]);
  });
});

describe('the workflow that releases', () => {
  const { jobs } = parseWorkflow(readFileSync('.github/workflows/release.yml', 'utf8'));

  test('runs packages of npm only in the job that can neither sign nor write', () => {
    const running = Object.entries(jobs).filter(([, { steps }]) =>
      steps.some(({ run = '' }) => /npm (ci|test)/.test(run)),
    );
    expect(running.map(([name, { permissions }]) => [name, permissions])).toEqual([['build', { contents: 'read' }]]);
  });

  test('publishes a file, which npm takes for a repository on GitHub without ./', () => {
    const commands = jobs['npm']?.steps.map(({ run = '' }) => run).join('\n');
    expect(commands).toContain('npm publish ./');
  });

  // Until it is published, a tag can be moved: the jobs that follow publish what the commit has.
  test('verifies that the files come from the commit that it publishes', () => {
    const commands = jobs['verify']?.steps.map(({ run = '' }) => run).join('\n');
    expect(commands).toMatch(/gh attestation verify .*--source-ref "\$GITHUB_REF" .*--source-digest "\$GITHUB_SHA"/s);
  });

  test.each(['major', 'npm', 'image'])('publishes in an environment, after the release was verified: %s', (name) => {
    expect(jobs[name]).toMatchObject({ environment: 'release', needs: 'verify' });
  });
});

describe('the workflow of CI', () => {
  const text = readFileSync('.github/workflows/ci.yml', 'utf8');
  const { jobs } = parseWorkflow(text);

  test('runs all suites that .ci/run runs', () => {
    const suites = readFileSync('.ci/run', 'utf8').matchAll(/^.*\bpart (npm (?:run )?test[\w:]*)/gm);
    for (const [, command] of suites) expect(text).toMatch(new RegExp(`run: ${command}(?: |$)`, 'm'));
  });

  test('publishes a check run with the committed action, in the only job that can write', () => {
    const { publish, ...others } = jobs;
    expect(publish?.permissions).toEqual({ checks: 'write', contents: 'read' });
    for (const { permissions } of Object.values(others)) expect(permissions).toEqual({ contents: 'read' });
    const gates = publish?.steps.filter(({ uses }) => uses === './').map((step) => step.with) ?? [];
    expect(new Set(gates.map((inputs) => inputs?.['check-run']))).toEqual(new Set(['drain of the example']));
    for (const inputs of gates) expect(inputs?.['github-token']).toBe('$' + '{{ github.token }}');
  });
});

describe('the workflow that rebuilds dist/', () => {
  const { jobs } = parseWorkflow(readFileSync('.github/workflows/rebuild-dist.yml', 'utf8'));

  test('runs code of a pull request without the right to write, and writes without running it', () => {
    expect(jobs['build']?.permissions).toEqual({ contents: 'read' });
    const commands = jobs['commit']?.steps.map(({ run = '' }) => run).join('\n');
    expect(commands).not.toMatch(/\b(npm|npx|node)\b/);
  });
});

test('Dependabot looks where packages are, and gives each release a week', () => {
  const manifests = new Map([
    ['github-actions', '.github/workflows'],
    ['npm', 'package.json'],
    ['pip', 'requirements.txt'],
  ]);
  const { updates } = parse(readFileSync('.github/dependabot.yml', 'utf8'));
  for (const { directory, directories = [directory], cooldown, 'package-ecosystem': ecosystem } of updates) {
    expect(cooldown['default-days']).toBeGreaterThanOrEqual(7);
    const manifest = manifests.get(ecosystem);
    for (const folder of directories) expect(existsSync(`.${folder}/${manifest}`), folder).toBe(true);
  }
});

const hasActionlint = hasLinter('actionlint', 'the workflows of this repository');
const hasZizmor = hasLinter('zizmor', 'the workflows of this repository');

describe('a linter', () => {
  const planted: readonly Workflow[] = [
    {
      name: 'planted.yml',
      text: `on: issues\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo \${{ github.event.issue.title }}\n`,
    },
  ];

  test.skipIf(!hasActionlint)('called actionlint finds nothing in the workflows', () => {
    expect(actionlint(workflows)).toBe('');
    expect(actionlint(planted)).toContain('untrusted');
  });

  test.skipIf(!hasZizmor)('called zizmor finds nothing in the workflows', () => {
    expect(zizmor(workflows, '.github/zizmor.yml')).toBe('');
    expect(zizmor(planted, '.github/zizmor.yml')).toContain('template-injection');
  });
});

/** What a workflow uses that is neither this repository nor `owner/name@SHA # v1.2.3`. */
function unpinned(text: string): readonly string[] {
  const used = [...text.matchAll(/^ *(?:- )?uses: *(.*)$/gm)].map(([, uses = '']) => uses.trim());
  return used.filter((uses) => !/^(\.\/|[\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/.test(uses));
}

function stepsOf(text: string) {
  return Object.values(parseWorkflow(text).jobs).flatMap(({ steps }) => steps);
}
