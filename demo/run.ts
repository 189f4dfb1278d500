import { Belongings } from './belongings.ts';
import { playDemo } from './demo.ts';
import { endBy, interruption } from './interruption.ts';

/* `npm run demo`: plays the demo, and leaves nothing behind but its results, however it ends. */

const belongings = new Belongings();
const interrupted = interruption();

try {
  const end = await Promise.race([
    playDemo(belongings).then((verdict) => ({ verdict })),
    interrupted.then((reason) => ({ reason })),
  ]);
  if ('reason' in end) {
    if (end.reason !== 'EPIPE') console.log('\nStopping, and cleaning up.');
    await belongings.releaseAll();
    endBy(end.reason);
  } else {
    process.exitCode = end.verdict === 'drained' ? 0 : 1;
  }
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await belongings.releaseAll();
}
