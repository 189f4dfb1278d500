import { playDemo } from './demo.ts';
import { exitBy, interruption } from './interruption.ts';

/* `npm run demo`: plays the demo. However it finishes, it leaves nothing but its artifacts. */

const resources = new AsyncDisposableStack();
const interrupted = interruption();

try {
  const end = await Promise.race([
    playDemo(resources).then((verdict) => ({ verdict })),
    interrupted.then((reason) => ({ reason })),
  ]);
  if ('reason' in end) {
    if (end.reason !== 'EPIPE') console.log('\nStopping, and cleaning up.');
    await cleanUp();
    exitBy(end.reason);
  } else {
    process.exitCode = end.verdict === 'drained' ? 0 : 1;
  }
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}

/** Stops the newest resource first. A resource that fails to stop, or never started, is not an error of the demo. */
async function cleanUp(): Promise<void> {
  await resources.disposeAsync().catch(() => {});
}
