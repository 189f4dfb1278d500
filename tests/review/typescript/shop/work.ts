/** What a step of the shop does. The one in `SHOP_HOLD` never ends, so that a process can be killed during it. */
export async function work(step: string): Promise<string> {
  if (process.env['SHOP_HOLD'] === step) {
    console.log(`holds ${step}`);
    await new Promise(() => setInterval(() => {}, 60_000));
  }
  return step;
}
