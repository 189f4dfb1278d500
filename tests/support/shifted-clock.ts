/*
 * Preloaded into a process (`--import`), it shifts the wall clock by so many milliseconds. The monotonic clock
 * goes on as it does on a machine whose wall clock is wrong.
 */

export const CLOCK_SHIFT = 'CLOCK_SHIFT_MS';

const shift = Number(process.env[CLOCK_SHIFT]);
const realNow = Date.now;
const now = () => realNow() + shift;

if (shift !== 0 && Number.isFinite(shift)) {
  globalThis.Date = new Proxy(Date, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, property, receiver) => (property === 'now' ? now : Reflect.get(target, property, receiver)),
  });
}
