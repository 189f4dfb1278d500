import type { GateConfig, ShellKind } from '../config.ts';
import { isSharedVersion } from '../dbos/sdk.ts';
import type { ServerCheck } from '../postgres/tls.ts';
import type { TlsMode } from '../postgres/tls-mode.ts';
import type { Place } from './log-opening.ts';
import type { RunReport } from './schema.ts';
import { COMMAND_CHARACTERS, shellQuoted, visible } from './text.ts';

/* What to use after a preflight: a job for GitHub, and a command, with what this database needs. */

/** Inputs of the connection that the next run needs as well. Their values are not repeated. */
export const ALSO_SET = ['database-password', 'database-password-file', 'tls-ca'] as const;

/** What GitHub evaluates. */
const expression = (text: string) => `\${{ ${text} }}`;

const STAND_INS: Readonly<Record<(typeof ALSO_SET)[number], string>> = {
  'database-password': expression('secrets.DBOS_DATABASE_PASSWORD'),
  'database-password-file': `${expression('runner.temp')}/database-password`,
  'tls-ca': expression('secrets.DBOS_DATABASE_CA'),
};

/** What another run needs to connect as this one does. */
export interface ConnectionSettings {
  readonly shell: ShellKind;
  /** What a workflow writes behind `uses:`. */
  readonly action: string;
  readonly selfHosted: boolean;
  readonly alsoSet: readonly (typeof ALSO_SET)[number][];
}

/** How a run connects: no secrets. */
export interface RunConnection extends ConnectionSettings {
  readonly place: Place;
  readonly serverCheck: ServerCheck;
  readonly tlsMode: TlsMode;
}

type Next = NonNullable<NonNullable<RunReport['found']>['next']>;

/** What the next run is about. */
interface NextRun {
  readonly connection: RunConnection;
  readonly config: Pick<GateConfig, 'details'>;
  /** The application to name; undefined where none has to be. */
  readonly application: string | undefined;
  /** The newest version that is registered. */
  readonly latest: string | undefined;
}

/**
 * Returns the job and the command that wait for the versions before the one that a deploy has launched. Whoever uses the
 * command line runs no job of GitHub's.
 */
export function nextOf(next: NextRun): Next {
  return { job: next.connection.shell === 'action' ? jobOf(next) : null, command: commandOf(next) };
}

function jobOf({ connection, config, application, latest }: NextRun): string {
  const { action, selfHosted, alsoSet, place } = connection;
  const inputs: readonly (readonly [string, string])[] = [
    ['database-url', expression('secrets.DBOS_SYSTEM_DATABASE_URL')],
    ...alsoSet.map((name) => [name, `${STAND_INS[name]} # as in this run`] as const),
    ...(place.schema === 'dbos' ? [] : [['schema', inYaml(place.schema)] as const]),
    ...(application === undefined ? [] : [['application', inYaml(application)] as const]),
    ['keep-version', keptInYaml(latest)],
    ['timeout', '45m'],
    ...(config.details === 'full' ? [] : [['details', config.details] as const]),
  ];
  return `  retire: # a job of its own, so that a held drain blocks no deploy
    needs: deploy # the job that launches the new version and shifts all traffic to it
    runs-on: ${selfHosted ? 'self-hosted # as this run' : 'ubuntu-latest'}
    timeout-minutes: 60 # more than the gate's timeout
    environment: production # the one that has the secret
    permissions: { contents: read }
    concurrency: { group: retire, cancel-in-progress: false }
    defaults: { run: { shell: bash } } # a pipe fails if any of its commands does
    steps:
      - uses: actions/checkout@v7
      - id: gate
        uses: ${action}
        with:
${inputs.map(([name, value]) => `          ${name}: ${value}`).join('\n')}
      - name: Tear down what has drained # the script has to accept a version that is already gone
        env: { VERSIONS: '\${{ steps.gate.outputs.drained-versions }}' }
        run: jq -r '.[]' <<< "$VERSIONS" | xargs -r -d '\\n' -n 1 ./tear-down.sh${config.details === 'full' ? KEEP_KIT : ''}`;
}

/** Whoever may not see ids gets no kit. */
const KEEP_KIT = `
      - name: Keep the unblock kit
        if: always() && steps.gate.outputs.drained != 'true'
        uses: actions/upload-artifact@v7
        with: { name: drain-gate, path: '\${{ runner.temp }}/dbos-drain-gate-*', retention-days: 7 }`;

function commandOf({ connection, config, application, latest }: NextRun): string {
  const { schema } = connection.place;
  const flags = [
    `--keep-version "$VERSION"`,
    ...(schema === 'dbos' ? [] : [`--schema ${inShell(schema, 'SCHEMA')}`]),
    ...(application === undefined || !isInput(application)
      ? []
      : [`--application ${inShell(application, 'APPLICATION')}`]),
    ...(config.details === 'full' ? [] : [`--details ${config.details}`]),
    '--timeout 45m',
  ];
  return [
    `# VERSION: ${launched(latest)}.`,
    `# With the URL and the connection settings of this run.${untyped(schema, 'SCHEMA', 'its schema')}${untyped(application, 'APPLICATION', 'the application here')}`,
    `dbos-drain-gate wait ${flags.join(' ')}`,
  ].join('\n');
}

const COMMIT = /^[0-9a-f]{40}$/;

/** The value of `keep-version`. A deploy names what it has launched, and so never the name that is the latest now. */
function keptInYaml(latest: string | undefined): string {
  if (latest !== undefined && COMMIT.test(latest))
    return `${expression('github.sha')} # the latest version is named by its commit`;
  return `${expression('needs.deploy.outputs.version')} # ${launched(latest)}`;
}

/** What the version is that stays. */
function launched(latest: string | undefined): string {
  if (latest === undefined) return 'the version just launched';
  if (latest === '' || isSharedVersion(latest) || /^([0-9a-f]{32}|[0-9a-f]{64})$/.test(latest)) {
    return 'set DBOS__APPVERSION to a name per deploy, and write that name here';
  }
  const example = /^[\w.+-]{1,40}$/.test(latest) ? `, such as ${latest}` : '';
  return `the version just launched${example}`;
}

/** Whether an input can hold the name. The gate takes the blanks around it away. */
function isInput(name: string): boolean {
  return name === name.trim();
}

/** A name as a value in YAML. What cannot be seen is escaped. What GitHub would evaluate is left to the reader. */
function inYaml(name: string): string {
  if (!isInput(name)) return '# left out: no input holds the blanks around it';
  if (name.length > COMMAND_CHARACTERS) return '# write the name here: it is too long to show';
  if (name.includes('${{')) return '# write the name here: GitHub would evaluate it';
  if (visible(name, COMMAND_CHARACTERS) === name) return `'${name.replaceAll("'", "''")}'`;
  return `"${[...name].map(escapedInYaml).join('')}"`;
}

/** A character between double quotes. The runner finds older workflow commands (`##[…]`) anywhere in a line. */
function escapedInYaml(character: string): string {
  if (/^[^\P{ASCII}\p{C}"\\[]$/u.test(character)) return character;
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  return hex.length > 4 ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
}

/** A name in a command: as it is, or in a variable where it cannot be typed. */
function inShell(name: string, variable: string): string {
  return shellQuoted(name) ?? `"$${variable}"`;
}

/** What a command says of a variable in it; empty where the name itself is there. */
function untyped(name: string | undefined, variable: string, what: string): string {
  if (name === undefined || !isInput(name) || shellQuoted(name) !== undefined) return '';
  return ` ${variable}: ${what}, which cannot be typed safely.`;
}
