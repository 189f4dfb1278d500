import pg from 'pg';

/* The sessions of this process, through the driver that all SDK releases share. */

const sessions = new Set<object>();

pg.Client.prototype.connect = new Proxy(pg.Client.prototype.connect, {
  apply: (connect, client: pg.Client, args) => {
    sessions.add(client);
    client.once('end', () => sessions.delete(client));
    return Reflect.apply(connect, client, args);
  },
});

/** Returns whether the database has something to answer still, or has the answer under way. */
export function waitsForTheDatabase(): boolean {
  return [...sessions].some(
    (client) => Reflect.get(client, 'readyForQuery') !== true || Reflect.get(client, 'queryQueue').length > 0,
  );
}
