import dns from 'node:dns';

/*
 * Preloaded into a process (`--import`), it asks the name server in the variable. What then goes to the system's resolver
 * for `api.test` is written to standard error, and has no answer: like a thread that waits in `getaddrinfo`, it keeps the
 * process alive.
 */

export const NAME_SERVER = 'TEST_NAME_SERVER';
export const HANGING_NAME = 'api.test';

const realLookup = dns.lookup;
const server = process.env[NAME_SERVER] ?? '';

if (server !== '') {
  dns.setServers([server]);
  dns.lookup = new Proxy(realLookup, {
    apply: (target, self, [name, ...rest]) => {
      if (name !== HANGING_NAME) return Reflect.apply(target, self, [name, ...rest]);
      process.stderr.write('asked the system\n');
      return setInterval(() => {}, 1_000_000);
    },
  });
}
