import type { Answer, Question } from './gates.ts';
import { IN_FLIGHT, OLD, OLDER, type World } from './world.ts';

const MINUTE = 60_000;

/** In the application that the gate is asked about, `$1`. */
const IN_SCOPE = `($1::text IS NULL OR application_name IS NULL OR application_name = $1)`;

/**
 * Judges what the gate says with the knowledge of everything. It promises what the rule of retirement does, and no
 * more: a version that runs again and has not been used yet looks like one that is dead.
 */
export class Oracle {
  readonly #world: World;
  readonly #question: Question;
  /** When the gate started, by the clock of the rows. */
  readonly #began = Date.now();
  /** Registered when the gate started. */
  readonly #before: ReadonlySet<string>;
  /** What stays, by rule 8. */
  #kept: ReadonlySet<string> = new Set();
  /** With `keep-version: latest`, every other version that was there at a poll. */
  readonly #targets = new Set<string>();

  constructor(world: World, question: Question) {
    this.#world = world;
    this.#question = question;
    this.#before = new Set(world.registered);
    const { targets } = question;
    if (targets.kind === 'all-but') this.#kept = new Set(targets.keep);
  }

  /** Follows which version is the latest: to be called after each poll that succeeded. */
  async observe(): Promise<void> {
    if (this.#question.targets.kind !== 'all-but-latest') return;
    const latest = await this.#latest();
    if (latest === undefined) return;
    // A target never becomes one that stays.
    if (!this.#targets.has(latest)) this.#kept = new Set([latest]);
    for (const version of this.#world.registered) if (!this.#kept.has(version)) this.#targets.add(version);
  }

  /** What is wrong about an answer at the moment of it; empty if all is well. */
  async wrongIn(answer: Answer): Promise<readonly string[]> {
    const { verdict, drained } = answer;
    const { targets } = this.#question;
    const wrong = [...(await this.strandedOn(drained))];
    const latest = await this.#latest();
    for (const version of drained) {
      if (version === latest) wrong.push(`${version} is drained, and the latest`);
      if (this.#kept.has(version)) wrong.push(`${version} is drained, and stays`);
      if (await this.#isKnownToBeLive(version)) wrong.push(`${version} is drained, and live`);
      if (targets.kind === 'all-but' && !this.#before.has(version))
        wrong.push(`${version} is drained, and of a later deploy`);
    }
    if (verdict === 'drained') wrong.push(...(await this.#wrongIfDrained(answer)));
    if (verdict === 'no-target') wrong.push(...(await this.#wrongIfThereIsNoTarget()));
    if (verdict === 'drained' || verdict === 'no-target') wrong.push(...(await this.#formerNameUntold(answer)));
    return wrong;
  }

  /** Work of these versions that nobody would ever finish, if all of their processes ended now. */
  async strandedOn(versions: readonly string[]): Promise<readonly string[]> {
    const rows = await this.#rows(`application_version = ANY ($2)`, [versions]);
    return rows.map((row) => `${row} is stranded`);
  }

  async #wrongIfDrained({ drained, isAnythingDrained }: Answer): Promise<readonly string[]> {
    const { targets } = this.#question;
    if (!isAnythingDrained) return ['nothing is drained'];
    if (targets.kind === 'named')
      return targets.versions.filter((version) => !drained.includes(version)).map((version) => `${version} is not`);
    const others = await this.#rows(`application_version <> ALL ($2) AND application_version <> ''`, [
      this.#notToRetire(),
    ]);
    const versionless = await this.#rows(`status = 'PENDING' AND coalesce(application_version, '') = ''`, []);
    return [...others, ...versionless].map((row) => `${row} is in flight`);
  }

  async #wrongIfThereIsNoTarget(): Promise<readonly string[]> {
    const stays = this.#notToRetire();
    const others = await this.#rows(`application_version <> ALL ($2) AND application_version <> ''`, [stays]);
    const registered = await this.#query(
      `SELECT version_name AS name FROM dbos.application_versions WHERE ${IN_SCOPE} AND version_name <> ALL ($2)`,
      [stays],
    );
    return [...others, ...registered.map(({ name }) => String(name))].map((what) => `${what} is there`);
  }

  /** With kept versions named, what registers after the gate started belongs to another deploy. */
  #notToRetire(): readonly string[] {
    const later = this.#world.registered.filter((version) => !this.#before.has(version));
    return [...this.#kept, ...(this.#question.targets.kind === 'all-but' ? later : [])];
  }

  /** The application had another name, under which work is in flight: the gate has to say so. */
  async #formerNameUntold({ warnings }: Answer): Promise<readonly string[]> {
    const { registered } = this.#world;
    const names = [OLDER, OLD].filter((version) => registered.includes(version));
    const rows = await this.#query(
      `WITH registration AS (SELECT application_name AS name, created_at, version_timestamp FROM dbos.application_versions)
       SELECT DISTINCT application_name AS name FROM dbos.workflow_status
        WHERE ${IN_FLIGHT} AND application_name <> $1 AND application_name = ANY ($2)
          AND (SELECT max(version_timestamp) FROM registration WHERE name = application_name)
              < (SELECT min(created_at) FROM registration WHERE name = $1)`,
      [names.map((version) => this.#world.applicationOf(version))],
    );
    return rows
      .map(({ name }) => String(name))
      .filter((name) => !warnings.some((warning) => warning.includes(`"${name}"`)))
      .map((name) => `${name} is not named`);
  }

  /**
   * Whether all new work is sent to a version that is not the latest, and the rows show it: the newest work of all is
   * its own, and came later than the launch of the latest version explains. Or it came while the gate held, and the
   * version that became the latest in that time has started none.
   */
  async #isKnownToBeLive(version: string): Promise<boolean> {
    const { traffic } = this.#world;
    if (traffic.length !== 1 || traffic[0] !== version) return false;
    const [row] = await this.#query(
      `WITH row AS (SELECT * FROM dbos.workflow_status WHERE ${IN_SCOPE}),
            root AS (SELECT * FROM row WHERE parent_workflow_id IS NULL AND forked_from IS NULL
                                         AND workflow_uuid NOT LIKE 'sched-%' AND status <> 'CANCELLED'),
            latest AS (SELECT version_name, version_timestamp AS since FROM dbos.application_versions
                        WHERE ${IN_SCOPE} ORDER BY version_timestamp DESC LIMIT 1),
            newest AS (SELECT max(created_at) AS at FROM root WHERE application_version = $2)
       SELECT NOT EXISTS (SELECT FROM row WHERE application_version IS DISTINCT FROM $2 AND created_at > at
                                 AND status NOT IN ('ENQUEUED', 'DELAYED'))
              AND (at > since + ${15 * MINUTE}
                   OR since > $4 AND at > $4
                      AND NOT EXISTS (SELECT FROM row WHERE application_version = version_name AND created_at >= since
                                         AND status NOT IN ('ENQUEUED', 'DELAYED'))
                   OR at > $3::bigint - ${14 * MINUTE}
                      AND EXISTS (SELECT FROM root WHERE application_version = version_name
                                     AND status NOT IN ('ENQUEUED', 'DELAYED') AND created_at BETWEEN since AND at)) AS live
         FROM latest, newest`,
      [version, Date.now(), this.#began],
    );
    return row?.['live'] === true;
  }

  #latest(): Promise<string | undefined> {
    return this.#world.latestOf(this.#question.application);
  }

  /** What is in flight in the application and meets a condition on `$2`. */
  async #rows(condition: string, values: readonly unknown[]): Promise<readonly string[]> {
    const rows = await this.#query(
      `SELECT workflow_uuid AS id, application_version AS version FROM dbos.workflow_status
        WHERE ${IN_FLIGHT} AND ${IN_SCOPE} AND ${condition}`,
      values,
    );
    return rows.map(({ id, version }) => `${id} of ${version}`);
  }

  #query(sql: string, values: readonly unknown[]) {
    return this.#world.database.query(sql, [this.#question.application ?? null, ...values]);
  }
}
