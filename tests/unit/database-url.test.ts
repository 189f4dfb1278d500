import { DEFAULT_MIN_VERSION } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { tlsAttempts } from '../../src/postgres/tls.ts';
import { readDatabaseUrl } from '../../src/postgres/url.ts';
import { secretsIn } from '../../src/postgres/url-secrets.ts';
import { certificateAuthority } from '../support/certificates.ts';
import { FROM_PG_VARIABLES, PG_VARIABLES } from '../support/pg-variables.ts';

const ca = certificateAuthority('The CA of the test').cert;

function read(
  url: string,
  environment: Record<string, string> = {},
  others: { password?: string; tlsCa?: string } = {},
) {
  return readDatabaseUrl({
    url,
    password: others.password,
    tlsCa: others.tlsCa,
    schema: 'dbos',
    environment,
    readFile: (path) => ({ '/ca.pem': ca, '/empty.pem': '' })[path] ?? `the text of ${path}`,
  });
}

const expected = { host: 'db.internal', port: 6543, user: 'gate', password: 'p@ss/w:rd', database: 'shop' };

test.each([
  'postgres://gate:p%40ss%2Fw%3Ard@db.internal:6543/shop',
  'postgresql://gate:p%40ss%2Fw%3Ard@db.internal:6543/shop',
  'postgresql+psycopg://gate:p%40ss%2Fw%3Ard@db.internal:6543/shop',
  'postgresql+psycopg2://gate:p%40ss%2Fw:rd@db.internal:6543/shop',
  'jdbc:postgresql://db.internal:6543/shop?user=gate&password=p%40ss%2Fw%3Ard',
  ' postgres://gate:p%40ss%2Fw%3Ard@db.internal:6543/shop\n',
])('reads %s', (url) => {
  expect(read(url).database).toMatchObject(expected);
});

test('takes the parts that the URL omits from the PG* variables', () => {
  expect(read('postgres://', PG_VARIABLES).database).toMatchObject(FROM_PG_VARIABLES);
  expect(read('postgres://gate:x@db.internal:1/shop?sslmode=disable', PG_VARIABLES).database).toMatchObject({
    host: 'db.internal',
    port: 1,
    user: 'gate',
    password: 'x',
    database: 'shop',
    tlsMode: 'disable',
  });
});

test('names the variables that gave where the database is', () => {
  expect(read('postgres://', PG_VARIABLES).variables).toEqual(['PGUSER', 'PGHOST', 'PGPORT', 'PGDATABASE']);
  expect(read('postgres://gate:x@db.internal:1/shop', PG_VARIABLES).variables).toEqual([]);
});

test('takes the user name as the database name, as libpq does, and needs a user', () => {
  expect(read('postgres://gate@h').database).toMatchObject({
    database: 'gate',
    port: 5432,
    tlsMode: 'prefer',
  });
  expect(() => read('postgres://h/d')).toThrow('has no user');
});

test('reads IPv6 addresses and socket folders', () => {
  expect(read('postgres://u@[::1]:7/d').database).toMatchObject({ host: '::1', port: 7 });
  expect(read('postgres://u@%2Fvar%2Frun/d').database.host).toBe('/var/run');
  expect(read('postgres://u@/d?host=/var/run').database.host).toBe('/var/run');
});

describe('parameters and the part before the ?, as libpq 15 reads them', () => {
  const url = 'postgres://u:p@h:7/d';
  test.each([
    ['host=/cloudsql/x:y:z', { host: '/cloudsql/x:y:z', port: 7 }],
    ['host=::2', { host: '::2', port: 7 }],
    ['port=8', { host: 'h', port: 8 }],
    ['user=v', { user: 'v', password: 'p', database: 'd' }],
    ['dbname=e%2Ff', { user: 'u', database: 'e/f' }],
    ['password=a=b%26c', { user: 'u', password: 'a=b&c' }],
    ['user=v&password=q&host=i&port=8&dbname=e', { user: 'v', password: 'q', host: 'i', port: 8, database: 'e' }],
  ])('%s wins', (query, expectedParts) => {
    const environment = { PGHOST: 'x', PGPORT: '1', PGUSER: 'x', PGPASSWORD: 'x', PGDATABASE: 'x' };
    expect(read(`${url}?${query}`, environment).database).toMatchObject(expectedParts);
    expect(read(`postgresql+psycopg://u:p@h:7/d?${query}`).database).toMatchObject(expectedParts);
  });

  test.each(['host', 'port', 'user', 'dbname'])('an empty %s is refused where there is another', (name) => {
    expect(() => read(`${url}?${name}=`)).toThrow(`The parameter \`${name}\` in \`database-url\` is empty`);
    expect(() => read(`${url}?${name}`)).toThrow('is empty, but');
  });

  test('an empty one is refused where a variable has a value, and is the default of libpq elsewhere', () => {
    expect(() => read('postgres:///d?user=u&host=', { PGHOST: 'h' })).toThrow(/`host`.*is empty, but.*PGHOST/);
    const defaults = { host: 'localhost', port: 5432, database: 'u', password: undefined };
    expect(read('postgres://?user=u&host=&port=&dbname=&password=').database).toMatchObject(defaults);
  });

  test.each([
    ...['host=a&host=b', 'user=a&user=b', 'password=a&password=b', 'port=7&port=8', 'dbname=a&dbname=b'],
    ...['sslmode=require&sslmode=verify-full', 'sslrootcert=/ca.pem&sslrootcert=system', 'sslmode=require&sslmode='],
    'channel_binding=require&channel_binding=prefer',
  ])('%s is refused, and the same value twice is not', (query) => {
    const [first = '', name = ''] = /^(\w+)=[^&]*/.exec(query) ?? [];
    expect(() => read(`${url}?${query}`)).toThrow(`has the parameter \`${name}\` twice, with two values`);
    expect(read(`${url}?${first}&${first}`)).toEqual(read(`${url}?${first}`));
  });

  test.each([
    ...['pgbouncer', 'pgbouncer=', 'statement-cache-capacity=0', 'a.b=1', 'prepareThreshold=0', 'v2=x', '_x'],
    ...['a=1&a=2', 'pool-size=5'],
  ])('%s means nothing to the gate', (query) => {
    expect(read(`${url}?${query}`)).toEqual({ ...read(url), ignoredParameters: 1 });
  });
});

describe('a parameter after the wrong character', () => {
  test.each([
    ...['d?pgbouncer=true?sslmode=verify-full', 'd?application_name=x;sslmode=verify-full', 'd&sslmode=verify-full'],
    ...['d;sslmode=verify-full', 'd?x=1&amp;sslmode=verify-full', 'd?user=v&password=x?sslmode=verify-full'],
    ...['?sslmode=require;ssl-mode=x', 'd?password=s3cret?channel_binding=require', 'd&amp;sslmode=require'],
  ])('in /%s is refused, and not passed over', (text) => {
    const message = String(thrownBy(() => read(`postgres://u@h/${text}`)));
    expect(message).toContain('`database-url` has a parameter after the wrong character');
    expect(message).not.toMatch(/s3cret|mode|channel/);
  });

  test('is a part of a name or a value where that character is encoded, or nothing is set', () => {
    const { database } = read('postgres://u@h/d%26a=b;c?password=x%3Fsslmode=y&options=-c%20a=1;b');
    expect(database).toMatchObject({ database: 'd&a=b;c', password: 'x?sslmode=y' });
  });
});

test('a host with a port in it is refused', () => {
  const refusal = 'The host in `database-url` or PGHOST contains a colon';
  expect(() => read('postgresql+psycopg2://u@/d?host=db:5432')).toThrow(refusal);
  expect(() => read('postgres://u@/d', { PGHOST: 'db:5432' })).toThrow(refusal);
  expect(read('postgres://u@/d', { PGHOST: 'fe80::1%eth0' }).database.host).toBe('fe80::1%eth0');
});

test('ignores parameters of other drivers, and counts them', () => {
  const { database, ignoredParameters } = read(
    'postgres://u@h/d?pgbouncer=true&connect_timeout=5&channel_binding=require',
  );
  expect(ignoredParameters).toBe(1);
  expect(database.requireChannelBinding).toBe(true);
});

describe('a URL that is not one of a Postgres database', () => {
  test.each(['sqlite:///shop.sqlite', 'jdbc:sqlite:shop.db', 'sqlite+pysqlite:///x'])(
    '%s is refused as SQLite',
    (url) => {
      expect(() => read(url)).toThrow(/SQLite/);
    },
  );

  const url = 'postgres://gate:s3cret@h/d';
  test.each([
    [`"${url}"`, 'is in quotes'],
    [`'${url}`, 'is in quotes'],
    [`\u201c${url}\u201d`, 'is in quotes'],
    [`<${url}>`, 'is in quotes'],
    [` "${url}"\n`, 'is in quotes'],
    [`DATABASE_URL=${url}`, 'starts with the name of a variable'],
    [`export DBOS_SYSTEM_DATABASE_URL="${url}"`, 'starts with the name of a variable'],
    [`database-url: ${url}`, 'starts with the name of a variable'],
    [`DATABASE_URL: ${url}`, 'starts with the name of a variable'],
    [`url = 'jdbc:postgresql://h/d?password=s3cret'`, 'starts with the name of a variable'],
    [`$env:X = "${url}"`, 'starts with the name of a variable'],
    [`psql ${url}`, 'is a command, such as psql'],
    [`psql "${url}" -c 'SELECT 1'`, 'is a command, such as psql'],
    ['/usr/bin/psql -h h -U gate s3cret', 'is a command, such as psql'],
    [`pg_dump ${url}`, 'is a command, such as psql'],
    ['host=h dbname=d user=gate password=s3cret', 'is a list of words and values'],
    [`user = gate password = s3cret`, 'is a list of words and values'],
    ['Host=h;Username=gate;Password=s3cret', 'is a list of words and values'],
    ['Server=h;User Id=gate;Password=s3cret', 'is a list of words and values'],
    ['service=s3cret', 'is a list of words and values'],
    ['mysql://gate:s3cret@h/d', 'is not a URL of Postgres'],
    ['mysql+pymysql://gate:s3cret@h/d', 'is not a URL of Postgres'],
    ['jdbc:sqlserver://h;password=s3cret', 'is not a URL of Postgres'],
    ['mongodb+srv://gate:s3cret@h/d', 'is not a URL of Postgres'],
    ['https://s3cret.supabase.co', 'is the address of a web page or of an API'],
    ['prisma://accelerate.prisma-data.net/?api_key=s3cret', 'is a URL of the service of Prisma'],
    ['prisma+postgres://localhost:51213/?api_key=s3cret', 'is a URL of the service of Prisma'],
    ['$DATABASE_URL', 'is a placeholder that nothing has filled'],
    [`\${s3cret}`, 'is a placeholder that nothing has filled'],
    [`\${{ secrets.s3cret }}`, 'is a placeholder that nothing has filled'],
    ['***', 'is a placeholder that nothing has filled'],
    ['undefined', 'is a placeholder that nothing has filled'],
    [`${url}\n${url}`, 'has several lines'],
    ['postgres://gate:x@h/d\ns3cret', 'has several lines'],
    ['postgres://gate:x@h/d\r\n# s3cret', 'has several lines'],
    ['postgres://gate:x@h/d?a=\ns3cret', 'has several lines'],
  ])('%j is named for what it is, and none of it is shown', (text, what) => {
    const message = String(thrownBy(() => read(text)));
    expect(message).toContain(`\`database-url\` ${what}`);
    expect(message).not.toMatch(/s3cret|gate:|\n/);
  });

  test.each([
    ...['s3cret=', 's3cret: x', 'psqls3cret', 'hosts3cret=', 'postgres://gate:"s3cret/x"@h/d', '(undefined)'],
    ...['s3cret://x', 'x="s3cret"', 'postgres=s3cret'],
  ])('%j is not taken for anything else', (text) => {
    expect(String(thrownBy(() => read(text)))).toMatch(/is not a Postgres URL\. It is not shown/);
  });

  test.each([
    'postgres:/gate:s3cret@h/d',
    'postgres:gate:s3cret@h/d',
    'gate:s3cret@h/d',
    'mysql://gate:s3cret@h/d',
    'postgres://gate:s3cret/x@h/d',
    'postgres://gate:123/s3cret@h/d',
    'postgres://gate:s3cret@x@h/d',
    'postgres://gate:s3cret#x@h/d',
    'postgres://gate:12?s3cret@h/d',
    'postgres://gate:%zz s3cret@h/d',
    'postgres://gate:x@h:s3cret/d',
    'postgres://gate:x@h s3cret/d',
    'postgres://gate:x@h/d?=s3cret',
    'postgres://gate:x@h/d?5s3cret',
    'postgres://gate:x@h/d?s3 cret',
    'postgres://gate:x@h/d?user=gate:&user=s3cret',
    'postgres://gate:x@h/d?host=&user=s3cret',
    'postgres://gate:x@h/d?port=s3cret',
    'postgres://gate:x@h/d?port=1,s3cret',
    'postgres://h/d?user=gate&password=x&s3cret',
    'postgres://h/d?user=gate&password=x&s3.cr-et',
    'postgres://u@h/d?sslpassword=x&s3cret',
    'postgres://gate:12?host=s3cret@h/d',
    'postgres://gate:12&host=s3cret/x@h/d',
    'postgres://gate:x@h/d?host=/s3cret@',
    'postgres://gate:x@h1,h2/d',
    'postgres:///d?user=gate&host=h1,h2',
    's3cret',
  ])('%s is refused, and none of it is shown', (url) => {
    const message = String(thrownBy(() => read(url)));
    expect(message).toMatch(/database-url/);
    expect(message).not.toMatch(/s3cret|gate:/);
  });

  test('no raw character in a password moves a part of it to where it is shown', () => {
    const characters = ['', 'a', '7', '@', ':', '/', '?', '#', '&', '=', ',', '%40', '\n'];
    const passwords = characters.flatMap((a) => characters.flatMap((b) => characters.map((c) => a + b + c)));
    const urls = [...new Set(passwords)].flatMap((password) => [
      `postgres://gate:${password}@h/shop`,
      `postgres://gate:${password}@h/shop?sslmode=require`,
      `postgres://gate:${password}@h`,
      `jdbc:postgresql://h/shop?user=gate&password=${password}&sslmode=require`,
    ]);
    const places = new Set(urls.map(placeOf));
    expect(places).toEqual(new Set([undefined, 'gate h shop', 'gate h gate']));
  });

  test('channel_binding takes the values of libpq, from PGCHANNELBINDING too', () => {
    expect(read('postgres://u@h/d', { PGCHANNELBINDING: 'require' }).database.requireChannelBinding).toBe(true);
    expect(read('postgres://u@h/d?channel_binding=prefer').database.requireChannelBinding).toBe(false);
    expect(read('postgres://u@h/d?channelBinding=require').database.requireChannelBinding).toBe(true);
    expect(() => read('postgres://u@h/d?channelBinding=require&channel_binding=prefer')).toThrow(
      /twice, with two values/,
    );
    expect(() => read('postgres://u@h/d?channelBinding=requires')).toThrow(/channel_binding.*is unknown/);
    expect(() => read('postgres://u@h/d', { PGSSLMODE: 'no-verify' })).toThrow(/write `sslmode=require`/);
    expect(() => read('postgres://u@h/d?channel_binding=requires')).toThrow(/channel_binding.*is unknown/);
  });

  test('two different passwords are refused, and the same one twice is not', () => {
    expect(() => read('postgres://u:a@h/d', {}, { password: 'b' })).toThrow('different passwords');
    expect(read('postgres://u:a@h/d', {}, { password: 'a' }).database.password).toBe('a');
  });
});

describe('words about security that the gate does not follow', () => {
  test.each([
    ...['require_auth=5ecret', 'sslcrl=/5ecret', 'sslcrldir=/5ecret', 'ssl_min_protocol_version=5ecret'],
    ...['requirepeer=5ecret', 'gssencmode=5ecret', 'requiressl=1', 'sslcertmode=5ecret', 'sslsni=0'],
    ...['sslpassword=5ecret', 'sslfactory=5ecret'],
    ...['sslnegotiation=direct', 'sslMode=verify-full', 'ssl_mode=verify-full', 'SSLROOTCERT=/5ecret'],
    ...['sslNegotiation=direct', 'gssEncMode=require', 'requireAuth=5ecret', 'sslcertmode=require', 'gssencmode='],
    ...['sslhostnameverifier=5ecret', 'sslidentity=5ecret', 'ssl_context=5ecret', 'min_protocol_version=3.2'],
    ...['ssl_min_protocol_version=TLSv1.3', 'rejectUnauthorized=true', 'tls=true', 'tlsCAFile=/5ecret', 'SSL=true'],
    ...['useSSL', 'sslAccept=strict', 'scram_server_key=5ecret', 'authenticationPluginClassName=5ecret'],
    ...['sslcrl=5ecret', 'sslpasswordcallback=5ecret', 'trustServerCertificate=false', 'Channel_Binding=require'],
  ])('%s is refused in one line that names it and not its value', (query) => {
    const [name = ''] = query.split('=');
    for (const url of ['postgres://u@h/d?', 'jdbc:postgresql://h/d?user=u&', 'postgresql+asyncpg://u@h/d?']) {
      const message = String(thrownBy(() => read(`${url}sslmode=verify-full&${query}`)));
      expect(message).toMatch(/which the gate does not support/);
      expect(message).toContain(` ${name}, which`);
      expect(message).toContain('sslmode, sslrootcert, sslcert, sslkey, channel_binding');
      expect(message).not.toMatch(/5ecret|\n/);
    }
  });

  test('several are refused together', () => {
    expect(() => read('postgres://u@h/d?gssencmode=require&sslmode=require&sslsni=0')).toThrow(
      /sets gssencmode, sslsni, which.*In place of gssencmode write `sslmode`/,
    );
  });

  test.each([
    ...['ssl_thing=1', 'sslthing=1', 'my_ssl_thing=1', 'my-tls.thing', 'verifyThing=1', 'Verify=1', 'require_x=1'],
    ...['x.cert=1', 'caCert=1', 'ca=1', 'cipher_suite=1', 'EncryptIt=1', 'forceSsl=1', 'iamAuth=1', 'secure=1'],
    ...['peerName=1', 'trust_store=1', 'scram_x=1', 'crl_path=1', 'gss_x=1', 'requireThing', 'rejectAll=0'],
  ])('%s is refused by the kind of its word, whatever it is', (query) => {
    const message = String(thrownBy(() => read(`postgres://u@h/d?${query}`)));
    expect(message).toMatch(
      /sets (ssl|tls|verif|require|cert|ca|cipher|encrypt|force|auth|secur|peer|trust|scram|crl|gss|reject)/,
    );
    expect(message).not.toMatch(/thing|suite|iam|name|store|path|all…/i);
  });

  test.each([
    ...['gssencmode=disable', 'gssencmode=prefer', 'gssEncMode=allow', 'gssdelegation=0', 'gsslib=gssapi'],
    ...['sslnegotiation=postgres', 'sslsni=1', 'sslcompression=0', 'requiressl=0'],
    ...['ssl_min_protocol_version=TLSv1.2', 'ssl_max_protocol_version=TLSv1.3', 'min_protocol_version=3.0'],
    ...['access_limit=1', 'class_loader=x', 'uses_slow=1', 'target_session_attrs=read-write', 'krbsrvname=postgres'],
    ...['currentSchema=x', 'reWriteBatchedInserts=true', 'cache_size=1', 'schema=public', 'max_protocol_version=3.2'],
    ...['supa=base-pooler.x', 'options=-c%20x', 'keepalives=1', 'serverVersion=15', 'constructor=1', 'jaasLogin=0'],
  ])('%s asks for no more security than there is, and is ignored', (query) => {
    expect(read(`postgres://u@h/d?${query}`)).toEqual({ ...read('postgres://u@h/d'), ignoredParameters: 1 });
  });

  test('the TLS of the runtime starts at the version that is known to be harmless', () => {
    expect(DEFAULT_MIN_VERSION).toBe('TLSv1.2');
  });

  test('a name that could be a part of a password is not shown', () => {
    const message = String(thrownBy(() => read('jdbc:postgresql://h/d?user=u&password=a&sslSecret=b')));
    expect(message).toMatch(/sets ssl…, which/);
    expect(message).not.toMatch(/secret/i);
  });

  test.each([
    ...['PGREQUIRESSL', 'PGREQUIREAUTH', 'PGREQUIREPEER', 'PGGSSENCMODE'],
    ...['PGSSLCRL', 'PGSSLCRLDIR', 'PGSSLMINPROTOCOLVERSION', 'PGSSLCERTMODE', 'PGSSLSNI', 'PGMINPROTOCOLVERSION'],
    ...['PGSSL', 'PGSSLACCEPT', 'PGTLS', 'PGSSLWHATEVERCOMES', 'PGREQUIREWHATEVERCOMES', 'PGGSSWHATEVERCOMES'],
  ])('the variable %s is refused, and its value is not shown', (name) => {
    const message = String(thrownBy(() => read('postgres://u@h/d', { [name]: '1-5ecret' })));
    expect(message).toContain(`sets ${name}, which the gate does not support`);
    expect(message).not.toMatch(/5ecret|\n/);
  });

  test.each([
    ...[{ PGREQUIRESSL: '0' }, { PGREQUIRESSL: '' }, { PGGSSENCMODE: 'disable' }, { PGSSLNEGOTIATION: 'direct' }],
    ...[{ PGGSSENCMODE: 'prefer' }, { PGSSLCERTMODE: 'allow' }, { PGSSLCERTMODE: 'disable' }, { PGSSLSNI: '1' }],
    ...[{ PGSSLMINPROTOCOLVERSION: 'TLSv1.2' }, { PGSSLMAXPROTOCOLVERSION: 'TLSv1.2' }, { PGSSLCOMPRESSION: '1' }],
    ...[{ PGSSL: 'false' }, { PGKRBSRVNAME: 'x' }, { PGTARGETSESSIONATTRS: 'any' }, { PGSSL_OF_MINE: 'x' }],
    ...[{ PGAPPNAME: 'x' }, { PGSSLCRL: '' }, { SSL_CERT_FILE: '/x' }, { NODE_EXTRA_CA_CERTS: '/x' }],
  ])('a variable that asks for no more security is ignored: %j', (environment) => {
    expect(read('postgres://u@h/d', environment)).toEqual(read('postgres://u@h/d'));
  });
});

describe('words for the place of the database that the gate does not follow', () => {
  test.each([
    ['service=5ecret', /pg_service\.conf/],
    ['hostaddr=10.0.0.5', /Write the address itself as the host/],
    ['unix_sock=/5ecret/.s.PGSQL.5432', /folder of the socket as `host`/],
    ['socketFactory=com.google.cloud.sql.postgres.SocketFactory', /Cloud SQL Auth Proxy/],
    ['cloudSqlInstance=5ecret', /Cloud SQL Auth Proxy/],
    ['database=5ecret', /Write `dbname`/],
    ['username=5ecret', /Write `user`/],
    ['server=5ecret', /Write `host`/],
    ['db=5ecret', /Write `dbname`/],
    ['PGHOST=5ecret', /Write `host`/],
    ['PGDBNAME=5ecret', /Write `dbname`/],
    ['Host=5ecret', /Write `host`, in lower case/],
    ['PASSWORD=5ecret', /Write `password`, in lower case/],
  ])('%s is refused, with what to write', (query, advice) => {
    const message = String(thrownBy(() => read(`postgres://u:p@h/d?${query}`)));
    expect(message).toMatch(/sets the address in a way that the gate does not support/);
    expect(message).toMatch(advice);
    expect(message).not.toMatch(/5ecret|10\.0/);
  });

  test('several are refused together, each advice once', () => {
    expect(() => read('jdbc:postgresql:///d?socketFactory=x&cloudSqlInstance=y&username=z')).toThrow(
      /support: socketFactory, cloudSqlInstance, username\. Start the [^.]*\. Write `user`\.$/,
    );
  });

  test('PGSERVICE and PGHOSTADDR are refused, since libpq would take them for what the URL omits', () => {
    expect(() => read('postgres://u@h/d', { PGSERVICE: 'x' })).toThrow(
      /PGSERVICE\. The gate does not read pg_service\.conf/,
    );
    expect(() => read('postgres://u@h/d', { PGHOSTADDR: '::1' })).toThrow(/PGHOSTADDR\. Write the address itself/);
    expect(read('postgres://u@h/d', { PGSERVICE: '', PGHOSTADDR: '', PGSERVICEFILE: '/x' })).toEqual(
      read('postgres://u@h/d'),
    );
  });
});

describe('TLS', () => {
  const verifyFull = (query: string): [string, string[]] => [`?${query}`, ['verify-full']];
  const ways = (url: string, tlsCa?: string, environment = {}) =>
    tlsAttempts(read(url, environment, { ...(tlsCa !== undefined && { tlsCa }) }).database).map((way) =>
      way === false
        ? 'plain'
        : way.rejectUnauthorized === false
          ? 'unverified'
          : way.checkServerIdentity
            ? 'verify-ca'
            : 'verify-full',
    );

  test.each([
    ['', ['unverified', 'plain']],
    ['?sslmode=disable', ['plain']],
    ['?sslmode=allow', ['plain', 'unverified']],
    ['?sslmode=prefer', ['unverified', 'plain']],
    ['?sslmode=require', ['unverified']],
    ['?sslmode=verify-ca&sslrootcert=/ca.pem', ['verify-ca']],
    ['?sslrootcert=system', ['verify-full']],
    ['?sslrootcert=system&sslmode=verify-full', ['verify-full']],
    ['?sslmode=verify-full', ['verify-full']],
    ['?sslmode=require&sslrootcert=/ca.pem', ['verify-ca']],
    ['?sslmode=prefer&sslrootcert=/ca.pem', ['verify-ca', 'plain']],
    ['?sslmode=allow&sslrootcert=/ca.pem', ['plain', 'verify-ca']],
    ['?sslmode=disable&sslrootcert=/empty.pem', ['plain']],
    // PgJDBC, node-postgres and asyncpg.
    ...['ssl=true', 'ssl=1', 'ssl', 'ssl=', 'ssl=verify-full', 'ssl=true&sslmode=verify-full'].map(verifyFull),
    ['?ssl=true&sslmode=require', ['unverified']],
    ['?ssl=true&sslmode=verify-ca&sslrootcert=/ca.pem', ['verify-ca']],
    ['?ssl=true&sslrootcert=/ca.pem', ['verify-full']],
    ['?ssl=require', ['unverified']],
    ['?ssl=require&sslmode=require', ['unverified']],
    ['?ssl=disable', ['plain']],
    ['?ssl=prefer', ['unverified', 'plain']],
    ['?ssl=false', ['unverified', 'plain']],
    ['?ssl=0&sslmode=require', ['unverified']],
    // Prisma.
    ...['', '&sslmode=require', '&sslmode=prefer', '&sslmode=allow', '&sslmode=verify-ca', '&ssl=true', '&ssl=false']
      .map((others) => `sslaccept=strict${others}`)
      .map(verifyFull),
    ['?sslaccept=accept_invalid_certs', ['unverified', 'plain']],
    ['?sslaccept=accept_invalid_certs&sslmode=verify-full', ['verify-full']],
  ])('sslmode means what it means to libpq: %j', (query, expectedWays) => {
    expect(ways(`postgres://u@h/d${query}`)).toEqual(expectedWays);
  });

  test('other words for sslmode win over PGSSLMODE, and those that ask for nothing do not', () => {
    expect(ways('postgres://u@h/d?ssl=true', undefined, { PGSSLMODE: 'disable' })).toEqual(['verify-full']);
    expect(ways('postgres://u@h/d?sslaccept=strict', undefined, { PGSSLMODE: 'require' })).toEqual(['verify-full']);
    expect(ways('postgres://u@h/d?ssl=false', undefined, { PGSSLMODE: 'verify-full' })).toEqual(['verify-full']);
    expect(ways('postgres://u@h/d?ssl=true', ca)).toEqual(['verify-full']);
    expect(ways('postgres://u@h/d?ssl=false', ca)).toEqual(['verify-full']);
  });

  test.each([
    ...['ssl=true&sslmode=disable', 'ssl=true&sslmode=allow', 'sslmode=prefer&ssl', 'ssl=require&sslmode=verify-full'],
    ...['ssl=verify-full&sslmode=require', 'ssl=disable&sslmode=require', 'ssl=prefer&sslmode=disable'],
    ...['sslaccept=strict&sslmode=disable', 'sslaccept=strict&ssl=disable'],
  ])('%s contradict each other, and are refused', (query) => {
    expect(() => read(`postgres://u@h/d?${query}`)).toThrow(/sets `.*` and `sslmode=.*`, which contradict each other/);
  });

  test('sslcertmode=disable sends no client certificate', () => {
    const pair = 'sslcert=/c&sslkey=/k';
    expect(read(`postgres://u@h/d?${pair}`).database.clientCertificate).toBeDefined();
    expect(read(`postgres://u@h/d?${pair}&sslcertmode=allow`).database.clientCertificate).toBeDefined();
    expect(read(`postgres://u@h/d?${pair}&sslcertmode=disable`).database.clientCertificate).toBeUndefined();
    expect(read(`postgres://u@h/d?${pair}`, { PGSSLCERTMODE: 'disable' }).database.clientCertificate).toBeUndefined();
  });

  test('a CA without an sslmode means verify-full', () => {
    expect(ways('postgres://u@h/d', ca)).toEqual(['verify-full']);
  });

  test('PGSSLMODE and PGSSLROOTCERT count where the URL omits them', () => {
    const environment = { PGSSLMODE: 'verify-ca', PGSSLROOTCERT: '/ca.pem' };
    expect(ways('postgres://u@h/d', undefined, environment)).toEqual(['verify-ca']);
    expect(ways('postgres://u@h/d?sslmode=disable', undefined, environment)).toEqual(['plain']);
    expect(ways('postgres://u@h/d', undefined, { PGSSLROOTCERT: 'system' })).toEqual(['verify-full']);
  });

  test.each([
    ['sslrootcert=system&sslmode=prefer', /requires `sslmode=verify-full`/],
    ['sslrootcert=system&sslmode=require', /requires `sslmode=verify-full`/],
    ['sslrootcert=system&sslmode=verify-ca', /requires `sslmode=verify-full`/],
    ['sslmode=verify-ca', /needs a CA, and none is set.*`tls-ca`/],
    ['sslmode=verify-ca&sslrootcert=/empty.pem', /has no readable certificate.*`tls-ca`/],
    ['sslmode=verify-full&sslrootcert=/no-pem', /has no readable certificate/],
    ['sslrootcert=/no-pem', /has no readable certificate/],
    ['sslmode=', /is unknown.*verify-full/],
    ['sslcert=/c', /needs both `sslcert` and `sslkey`/],
    ['sslkey=/k', /needs both `sslcert` and `sslkey`/],
    ['sslcert=/c', /a Prisma URL, `sslcert` is the CA: pass it as `tls-ca`/],
    ['sslmode=no-verify', /`no-verify` is a word of node-postgres: write `sslmode=require`/],
    ['ssl=no-verify', /The `ssl` in .* is unknown\. Use `sslmode=verify-full`.*`sslmode=require`/],
    ['ssl={"rejectUnauthorized":true}', /The `ssl` in .* is unknown\. Use `sslmode=verify-full`/],
    ['ssl=%7B%22rejectUnauthorized%22%3Afalse%7D', /The `ssl` in .* is unknown.*`sslmode=require`/],
    ['sslaccept=stict', /The `sslaccept` in .* is unknown\. Use `sslmode=verify-full`/],
    ['sslmode', /is unknown.*verify-full/],
  ])('refuses a combination that would verify less than it seems to: %s', (query, why) => {
    expect(() => read(`postgres://u@h/d?${query}`)).toThrow(why);
  });

  test('a socket on this machine has no TLS, whatever the sslmode', () => {
    expect(ways('postgres://u@%2Fvar%2Frun/d?sslmode=require')).toEqual(['plain']);
  });

  test('a CA with TLS turned off is refused, and so is an unknown sslmode', () => {
    expect(() => read('postgres://u@h/d?sslmode=disable', {}, { tlsCa: ca })).toThrow('nothing is verified');
    expect(() => read('postgres://u@h/d?sslmode=on')).toThrow(/sslmode.*is unknown.*verify-full/);
    expect(() => read('postgres://u@h/d', { PGSSLMODE: '' })).toThrow(/sslmode.*is unknown.*verify-full/);
  });
});

test('finds every secret, raw and decoded, in a mistyped URL as well', () => {
  const secrets = secretsIn('postgres:/gate:p%40ss@h/d?password=que%20ry', 'in\nput', { PGPASSWORD: 'env' });
  expect(secrets).toEqual(
    expect.arrayContaining(['p%40ss', 'p@ss', 'que%20ry', 'que ry', 'in\nput', 'in', 'put', 'env']),
  );
  expect(secretsIn('postgres://h/d?sslpassword=pass%20phrase', undefined, {})).toEqual(
    expect.arrayContaining(['pass%20phrase', 'pass phrase']),
  );
  const two = secretsIn('jdbc:postgresql://h/d?sslpassword=phrase&user=u&password=word', undefined, {});
  expect(two).toEqual(expect.arrayContaining(['phrase', 'word']));
  for (const text of [
    ...['/usr/bin/psql postgres://gate:s3cret@h/d', 'X=/x postgres://gate:s3cret@h/d', 'host=h password=s3cret user=u'],
    ...["password = 's3cret'", 'Host=h;Password=s3cret;Port=1', 'Host=h;Pwd="s3cret"', '"postgres://gate:s3cret@h/d"'],
  ]) {
    expect(secretsIn(text, undefined, {})).toContain('s3cret');
  }
  expect(secretsIn('', undefined, {})).toEqual([]);
  expect(secretsIn(' postgres:// ', undefined, { PGPASSWORD: 'env' })).toEqual(['env']);
});

/** User, host and database; undefined for a URL that is refused. */
function placeOf(url: string): string | undefined {
  try {
    const { host, user, database } = read(url, { PGUSER: 'gate' }).database;
    return `${user} ${host} ${database}`;
  } catch {
    return undefined;
  }
}

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return error;
  }
}
