import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Workflow } from './workflows.ts';

/* What reads workflows for faults. `.ci/install-linters` installs both. */

type Linter = 'actionlint' | 'zizmor';

/** Whether a linter is there. Where it is not, the screen shows what nobody reads then. */
export function hasLinter(linter: Linter, unread: string): boolean {
  if (spawnSync(linter, ['--version']).status === 0) return true;
  console.error(
    `\nSKIPPED: ${linter} has not read ${unread}. Add the folder that .ci/install-linters prints to the PATH.\n`,
  );
  return false;
}

/** What actionlint finds in workflows, and shellcheck in their shell, if it is there. Empty where they find nothing. */
export function actionlint(workflows: readonly Workflow[]): string {
  return findings('actionlint', ['-no-color'], workflows);
}

/** What zizmor finds in workflows without a network. Empty where it finds nothing. */
export function zizmor(workflows: readonly Workflow[], configuration: string): string {
  return findings('zizmor', ['--offline', '--quiet', '--config', path.resolve(configuration)], workflows);
}

/** Runs a linter on workflows where GitHub has them: some checks go by the place. */
function findings(linter: Linter, options: readonly string[], workflows: readonly Workflow[]): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-workflows-'));
  const folder = path.join(root, '.github', 'workflows');
  mkdirSync(folder, { recursive: true });
  const files = workflows.map(({ name, text }) => {
    const file = path.join(
      folder,
      `${path
        .basename(name)
        .replaceAll(/[^\w.-]+/g, '-')
        .replace(/\.ya?ml$/, '')}.yml`,
    );
    writeFileSync(file, text);
    return path.relative(root, file);
  });
  const { status, stdout, stderr } = spawnSync(linter, [...options, ...files], { cwd: root, encoding: 'utf8' });
  rmSync(root, { recursive: true });
  return status === 0 ? '' : `${linter} ended with ${status}.\n${stdout}${stderr}`;
}
