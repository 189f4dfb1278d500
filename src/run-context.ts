import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ShellKind } from './config.ts';

/** Where the gate runs, and what it knows about the workflow run that it is a step of. */
export interface RunContext {
  readonly shell: ShellKind;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Why GitHub passes no secrets to this run; undefined where it does. */
  readonly withoutSecrets: 'fork' | 'dependabot' | undefined;
}

const repository = z.object({ full_name: z.string() }).nullish();
const pullRequestEvent = z.object({
  pull_request: z.object({ head: z.object({ repo: repository }), base: z.object({ repo: repository }) }),
});

/** The page that explains the gate's messages, as a path in the gate's repository. */
export const TROUBLESHOOTING = 'docs/troubleshooting.md';

/**
 * Returns the address of that page in the release of the action that runs. Only the path where it is not known: for a
 * local action, and on another server than github.com, where the name can be that of a copy.
 */
export function troubleshootingPage(environment: RunContext['environment']): string {
  const { GITHUB_SERVER_URL: server } = environment;
  const action = runningAction(environment);
  if (server !== 'https://github.com' || action === undefined) return TROUBLESHOOTING;
  return `${server}/${action.name}/blob/${action.ref}/${TROUBLESHOOTING}`;
}

/** Returns the address of that page in a release: who has the package alone finds no path. */
export function releasedPage(repository: string, release: string): string {
  return `${repository}/blob/v${release}/${TROUBLESHOOTING}`;
}

/** Returns what a workflow writes behind `uses:` to run this action. */
export function actionReference(environment: RunContext['environment']): string {
  const action = runningAction(environment);
  return action === undefined ? 'owner/dbos-drain-gate@v1' : `${action.name}@${action.ref}`;
}

/** The repository and the ref of the running action; undefined where they are not known, or look unlike any. */
function runningAction({
  GITHUB_ACTION_REPOSITORY: name = '',
  GITHUB_ACTION_REF: ref = '',
}: RunContext['environment']) {
  // A part that is `.` or `..` would lead elsewhere.
  const isNamed =
    /^[A-Za-z0-9-]{1,39}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/.test(name) && /^\w[\w.-]*(?:\/[\w-][\w.-]*)*$/.test(ref);
  return isNamed && ref.length <= 100 && !ref.includes('..') ? { name, ref } : undefined;
}

export function readRunContext(environment: RunContext['environment']): RunContext {
  return { shell: 'action', environment, withoutSecrets: withoutSecrets(environment) };
}

const headEvent = z.object({ pull_request: z.object({ head: z.object({ sha: z.string() }) }) });

/** The commit that a check run belongs on: the head of the pull request, where `GITHUB_SHA` is a merge; empty for none. */
export function commitOf(environment: RunContext['environment']): string {
  const event = headEvent.safeParse(readEvent(environment['GITHUB_EVENT_PATH']));
  return event.success ? event.data.pull_request.head.sha : (environment['GITHUB_SHA'] ?? '');
}

function withoutSecrets(environment: RunContext['environment']): RunContext['withoutSecrets'] {
  if (environment['GITHUB_ACTOR'] === 'dependabot[bot]') return 'dependabot';
  const event = pullRequestEvent.safeParse(readEvent(environment['GITHUB_EVENT_PATH']));
  if (!event.success || environment['GITHUB_EVENT_NAME'] === 'pull_request_target') return undefined;
  const { head, base } = event.data.pull_request;
  return head.repo?.full_name === base.repo?.full_name ? undefined : 'fork';
}

export function readEvent(path: string | undefined): unknown {
  try {
    return path === undefined ? undefined : JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
