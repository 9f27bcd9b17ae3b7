import { seededRandom } from 'clusterflux/testing';
import type { Sent } from './exchange.js';

/** Names few enough that statements meet, and some that need quotes. */
const names = ['a', 'b', 'c', '"a b"', '"é"', '"select"', '"x;y"', '""', 'autogen'];
const policies = ['autogen', 'p', 'q', '"r r"'];
const users = ['u', 'v', '"w w"'];
const durations = ['1h', '2d', '90m', '0s', 'INF', '1m', '30d', '5', '1x'];
const passwords = [`'x'`, `'y'`, `''`, `'it\\'s'`, 'x'];

type Pick = <T>(list: readonly T[]) => T;

/** Statements of every kind, some of them malformed, and some for what is not there. */
function statement(pick: Pick): string {
  const [database, policy, user] = [pick(names), pick(policies), pick(users)];
  const options = `DURATION ${pick(durations)} REPLICATION ${pick(['1', '2', '0', 'x'])}`;
  const select = pick([
    `SELECT mean(v) INTO m FROM n GROUP BY time(${pick(durations)})`,
    'SELECT v INTO m FROM n',
    `SELECT count(v) INTO ${database}.${policy}.m FROM n WHERE h =~ /a;b/ GROUP BY time(1m), *`,
    'SELECT max(v) FROM n GROUP BY time(1m)',
  ]);
  return pick([
    () => `CREATE DATABASE ${database}`,
    () => `create database ${database} with ${options} name ${policy}`,
    () => `DROP DATABASE ${database}`,
    () =>
      `CREATE RETENTION POLICY ${policy} ON ${database} ${options}${pick(['', ' DEFAULT', ' SHARD DURATION 1h'])}`,
    () =>
      `ALTER RETENTION POLICY ${policy} ON ${database} ${pick(['DEFAULT', `DURATION ${pick(durations)}`, 'REPLICATION 3', 'SHARD DURATION 2h', ''])}`,
    () => `DROP RETENTION POLICY ${policy} ON ${database}`,
    () =>
      `CREATE CONTINUOUS QUERY c ON ${database} ${pick(['', 'RESAMPLE EVERY 1m FOR 10m '])}BEGIN ${select} END`,
    () => `DROP CONTINUOUS QUERY c ON ${database}`,
    () =>
      `CREATE SUBSCRIPTION ${pick(['s', '"kapacitor-1"'])} ON ${database}.${policy} DESTINATIONS ${pick(['ALL', 'ANY'])} ${pick([`'udp://h:1'`, `'http://h:1', 'udp://h:2'`, `'nowhere'`])}`,
    () => `DROP SUBSCRIPTION ${pick(['s', '"kapacitor-1"'])} ON ${database}.${policy}`,
    () => `CREATE USER ${user} WITH PASSWORD ${pick(passwords)}${pick(['', ' WITH ALL PRIVILEGES'])}`,
    () => `SET PASSWORD FOR ${user} = ${pick(passwords)}`,
    () => `DROP USER ${user}`,
    () => `GRANT ${pick(['READ', 'WRITE', 'ALL'])} ON ${database} TO ${user}`,
    () => `REVOKE ${pick(['READ', 'WRITE', 'ALL PRIVILEGES'])} ON ${database} FROM ${user}`,
    () => `${pick(['GRANT ALL TO', 'REVOKE ALL FROM'])} ${user}`,
    () =>
      `SHOW ${pick(['DATABASES', 'USERS', `RETENTION POLICIES ON ${database}`, 'CONTINUOUS QUERIES', 'SUBSCRIPTIONS', 'MEASUREMENTS', 'RETENTION POLICIES', 'NOTHING'])}`,
    () =>
      `SELECT v FROM ${pick(['m', `${database}..m`, '_series', 'nowhere..m'])}${pick(['', ' WHERE time > 0', ' LIMIT 1'])}`,
    () => `SELECT v INTO m2 FROM m`,
    () => `DELETE FROM ${pick(['m', 'n'])}`,
    () => `DROP MEASUREMENT m`,
    () => pick(['', ';', '-- a comment', '/* ; */', 'CREATE', 'DROP USER u v', `CREATE DATABASE a'`]),
  ])();
}

/** Requests as clients send them and as they should not, the same for a seed. */
export function* randomRequests(seed: number, count: number): Generator<Sent> {
  const random = seededRandom(seed);
  const pick: Pick = (list) => list[Math.floor(random() * list.length)] as never;
  for (let left = count; left > 0; left -= 1) {
    if (random() < 0.1) {
      yield {
        method: 'POST',
        path: `/write?db=${pick(['a', 'b', 'nowhere'])}`,
        body: `m,h=x v=${left} ${left}`,
      };
      continue;
    }
    const length = pick([1, 1, 1, 2, 3]);
    const text = Array.from({ length }, () => statement(pick)).join(pick(['; ', ';', ';\n']));
    const parameters = new URLSearchParams({ q: text });
    for (const [name, values] of Object.entries(odd)) if (random() < 0.2) parameters.set(name, pick(values));
    const accept = pick(['', '', '', 'application/csv', 'application/x-msgpack', 'text/html']);
    const headers = {
      ...(accept === '' ? {} : { Accept: accept }),
      ...(random() < 0.2 ? { 'Accept-Encoding': 'gzip' } : {}),
      ...(random() < 0.1 ? { Origin: 'http://o' } : {}),
    };
    const pretty = random() < 0.15 ? 'pretty=true' : '';
    if (random() < 0.5)
      yield { method: pick(['GET', 'POST', 'POST']), path: `/query?${parameters}&${pretty}`, headers };
    else {
      const form = { ...headers, 'Content-Type': 'application/x-www-form-urlencoded' };
      yield { method: 'POST', path: `/query?${pretty}`, headers: form, body: parameters.toString() };
    }
  }
}

const odd = {
  db: ['a', 'b', 'nowhere', ''],
  rp: ['autogen', 'p', 'nowhere'],
  epoch: ['ms', 's', 'x'],
  chunked: ['true', 'true', 'false', 'x'],
  chunk_size: ['1', '2', 'x'],
  params: ['{}', '{"x":1}', 'null', '{', '[]'],
  node_id: ['1'],
};
