/**
 * The driver's client without its index: the index loads `pg-native` where `NODE_PG_FORCE_NATIVE` is set, which
 * is not in the bundle, and a pool that the gate does not need.
 */
declare module 'pg/lib/client.js' {
  export { Client as default } from 'pg';
}

/** Part of the driver's client: the quoting alone. A CommonJS module, of which Node.js sees the default export only. */
declare module 'pg/lib/utils.js' {
  const utils: Pick<typeof import('pg'), 'escapeIdentifier' | 'escapeLiteral'>;
  export default utils;
}
