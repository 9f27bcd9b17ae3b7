import fc from 'fast-check';

const pieces = [
  ...`CREATE DATABASE|DROP DATABASE|CREATE USER|WITH PASSWORD|WITH ALL PRIVILEGES|SET PASSWORD FOR|GRANT ALL TO|REVOKE READ ON|SHOW USERS
  |CREATE RETENTION POLICY|ALTER RETENTION POLICY|DURATION|REPLICATION 1|SHARD DURATION 1h|DEFAULT|ON|CREATE CONTINUOUS QUERY c ON d
  |RESAMPLE EVERY 1m FOR 2h|BEGIN|END|SELECT|mean(v)|INTO|FROM|WHERE|GROUP BY|time(5m)|fill(none)|fill(1.5)|ORDER BY time DESC|LIMIT 3
  |tz('UTC')|AS|DISTINCT|CREATE SUBSCRIPTION s ON d.r DESTINATIONS ALL|DROP SUBSCRIPTION s ON|AND|OR|SHOW MEASUREMENTS WITH MEASUREMENT
  |DELETE|KILL QUERY|FUTURE LIMIT`
    .split('|')
    .map((piece) => piece.trim()),
  ...`d|r|x|"a b"|"q\\"x"|'s'|'it\\'s'|1h30m|1.5|7|9223372036854775808|$p|*|*::field|v::float|true|/re;x/|/a\\/b/|/[/]/|=~|!~|=|<>|(|)|,|.|..|:|::|-|+|/|%|;|;;|--|/*|*/|"|'|\\|é|😀|#`.split(
    '|',
  ),
  '\n',
  '\r\n',
  '\t',
  '-- c;\n',
  '/* ; */',
  '"a; DROP DATABASE d"',
  `'; CREATE USER evil WITH PASSWORD \\'x\\' WITH ALL PRIVILEGES; --'`,
  'SELECT v FROM m WHERE h =~ /;/',
  'CREATE CONTINUOUS QUERY c ON d BEGIN SELECT mean(v) INTO x FROM y GROUP BY time(5m) END',
];

/** Texts of the words, signs and traps of InfluxQL, some of them valid. */
export const hostileText = fc
  .array(fc.tuple(fc.constantFrom(...pieces), fc.constantFrom(' ', ' ', ' ', '', '\n')), { maxLength: 14 })
  .map((parts) => parts.flat().join(''));
