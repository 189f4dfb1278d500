/*
 * Loaded into DBOS's command line: exits it when the demo is gone. The command line runs below a shell, so killing the
 * shell does not stop it, and it would retry its lost connection forever.
 */

const CHECK_MS = 250;

const demo = Number(process.env['DEMO_PID']);

function exitWhenGone(): void {
  try {
    process.kill(demo, 0);
  } catch {
    process.exit(1);
  }
}

exitWhenGone();
setInterval(exitWhenGone, CHECK_MS).unref();
