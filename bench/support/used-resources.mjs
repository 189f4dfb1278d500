/* Loaded before the action: prints what the process has used at its first log line that shows a poll, and at its exit. */
import { writeSync } from 'node:fs';

const { stdout } = process;
const write = stdout.write.bind(stdout);
let atFirstPoll = 0;
stdout.write = (text, ...rest) => {
  if (atFirstPoll === 0 && /\d in flight/.test(text)) atFirstPoll = processorTime();
  return write(text, ...rest);
};

process.on('exit', () => {
  const { maxRSS } = process.resourceUsage();
  writeSync(2, `peak ${maxRSS} kB\nfirst poll ${atFirstPoll} µs\nwhole run ${processorTime()} µs\n`);
});

function processorTime() {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return userCPUTime + systemCPUTime;
}
