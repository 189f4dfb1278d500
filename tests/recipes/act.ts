import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The release of nektos/act that plays the recipes. */
const RELEASE = '0.2.89';

const FOLDER = fileURLToPath(new URL('.installed/', import.meta.url));

/** Where act is when it is installed. */
export const ACT = `${FOLDER}act`;

/** Whether this machine has Go, which builds act. */
export function hasGo(): boolean {
  return spawnSync('go', ['version']).status === 0;
}

/**
 * Builds act from the Go module proxy, unless it is there. It takes a minute or two.
 *
 * @throws when the build fails; what it printed is on the screen
 */
export function installAct(): void {
  if (spawnSync(ACT, ['--version'], { encoding: 'utf8' }).stdout?.trim().endsWith(` ${RELEASE}`)) return;
  console.log(`Building act ${RELEASE}.`);
  const { status, error } = spawnSync('go', ['install', `github.com/nektos/act@v${RELEASE}`], {
    stdio: 'inherit',
    env: { ...process.env, GOBIN: FOLDER },
  });
  if (status === 0) return;
  throw new Error(
    `act ${RELEASE}, which plays the recipes, was not built: \`go install\` failed. Can this machine reach the Go module proxy?`,
    { cause: error },
  );
}
