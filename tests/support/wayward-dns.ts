import dns from 'node:dns';
import { existsSync } from 'node:fs';

/*
 * Preloaded into a process (`--import`), it gives the name `db.test` the address of this machine, until the file that
 * the variable names is there: from then on the real resolver is asked for a name that nobody has.
 */

export const DNS_OUTAGE_FILE = 'DNS_OUTAGE_FILE';
export const WAYWARD_NAME = 'db.test';

const realLookup = dns.lookup;
const file = process.env[DNS_OUTAGE_FILE] ?? '';

if (file !== '') {
  dns.lookup = new Proxy(realLookup, {
    apply: (target, self, [name, ...rest]) => {
      const asked = name !== WAYWARD_NAME ? name : existsSync(file) ? 'nobody.invalid' : '127.0.0.1';
      return Reflect.apply(target, self, [asked, ...rest]);
    },
  });
}
