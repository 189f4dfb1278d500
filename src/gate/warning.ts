import type { GateConfig } from './config.ts';
import type { Judgement } from './judge.ts';
import { counted, joined, namesOf, own, type Sentence, say } from './sentence.ts';
import { isNewerThanKnown, NEWEST_KNOWN_MIGRATION } from './trust.ts';

/** DBOS's constant version of applications that use patching instead of versions. */
const PATCHING_VERSION = 'PATCHING_ENABLED';

/** A job on a GitHub-hosted runner ends after six hours. */
const HOSTED_JOB_LIMIT_MS = 6 * 60 * 60 * 1000;

/** A system database that nobody writes to for so long is idle, or a copy. In milliseconds. */
const QUIET_DATABASE_MS = 24 * 60 * 60 * 1000;

/** What a person should know before acting on the configuration alone. */
export function configurationWarnings(config: GateConfig): readonly Sentence[] {
  const warnings: Sentence[] = [];
  if (config.mode === 'wait' && config.timeoutMs > HOSTED_JOB_LIMIT_MS) {
    warnings.push(
      say`\`timeout\` is longer than the six hours after which GitHub ends a job on its own runners: such a job ends without a verdict.`,
    );
  }
  if (config.settleMs === 0) {
    warnings.push(
      say`\`settle\` is \`0s\`: one look is believed, so short workflows that start and end between looks go unnoticed.`,
    );
  }
  return warnings;
}

/** What a person should know beside the verdict; none of it blocks. */
export function warningsOf(judgement: Judgement): readonly Sentence[] {
  const { observation, targets, seen } = judgement;
  if (seen === undefined) return [];
  const warnings: Sentence[] = [];
  const add = (warning: Sentence) => warnings.push(warning);

  if (isNewerThanKnown(observation.database)) {
    add(
      say`The schema (migration ${own(String(observation.database.migration))}) is newer than this release of dbos-drain-gate knows (${own(
        String(NEWEST_KNOWN_MIGRATION),
      )}). Look for a newer release.`,
    );
  }
  if (seen.registered.length === 0) {
    add(
      say`No application version is registered here (SDKs before TypeScript 4.10, Python 2.14, Java 0.8 and Go 0.15 register none), so the gate cannot tell the latest version: that a target is still the latest goes unnoticed.`,
    );
  }
  if (targets.some(({ version }) => version === PATCHING_VERSION)) {
    add(
      say`${PATCHING_VERSION} is the constant version of applications that use patching: every deployment carries it, so draining it means nothing.`,
    );
  }
  const takenOut = targets.filter(({ judged }) => !judged).map(({ version }) => version);
  if (takenOut.length > 0) {
    add(say`Never seen here, and taken out of the judgement by \`on-unknown: pass\`: ${namesOf(takenOut)}.`);
  }
  const nameless = seen.inFlight.get('');
  const namelessCount = nameless === undefined ? 0 : nameless.pending + nameless.enqueued + nameless.delayed;
  if (namelessCount > 0) {
    add(
      say`${counted(namelessCount, 'workflow')} in flight ${own(namelessCount === 1 ? 'carries' : 'carry')} an empty application version: no process will ever take ${own(
        namelessCount === 1 ? 'it' : 'them',
      )}. Fork or cancel.`,
    );
  }
  for (const { version, failed } of targets) {
    if (failed === undefined) continue;
    const parts = [
      ...(failed.cancelled > 0 ? [say`${own(String(failed.cancelled))} cancelled`] : []),
      ...(failed.deadLettered > 0 ? [say`${own(String(failed.deadLettered))} dead-lettered`] : []),
    ];
    add(
      say`${version} has at least ${joined(parts, ' and ')} ${own(
        failed.cancelled + failed.deadLettered === 1 ? 'workflow' : 'workflows',
      )}: to resume one, a process of that version is needed.`,
    );
  }
  const stranded = targets.filter(({ ignored }) => ignored > 0);
  if (stranded.length > 0) {
    const count = stranded.reduce((sum, { ignored }) => sum + ignored, 0);
    add(
      say`${counted(count, 'workflow')} matched by \`ignore-workflows\` will be stranded when ${namesOf(
        stranded.map(({ version }) => version),
      )} ${own(stranded.length === 1 ? 'is' : 'are')} torn down.`,
    );
  }
  const newest = Math.max(
    seen.contents.newestWriteAt ?? Number.NEGATIVE_INFINITY,
    seen.registered[0]?.timestamp ?? Number.NEGATIVE_INFINITY,
  );
  if (Number.isFinite(newest) && observation.observedAt - newest > QUIET_DATABASE_MS) {
    const days = Math.floor((observation.observedAt - newest) / QUIET_DATABASE_MS);
    add(
      say`Nothing has been written to this system database for ${counted(days, 'day')}. A restored copy looks just like this: is it the live database?`,
    );
  }
  return warnings;
}
