import { expect, it } from 'vitest';
import { emptyLedger } from '../../src/influxdb/ledger/ledger.js';
import { makePlan } from '../../src/influxdb/plan/make-plan.js';
import { database, metadata, query } from './support/build.js';

const server = { url: 'http://127.0.0.1:8086' };
const origin = { clusterId: 99n, epoch: 'e1', version: 7 };

/** What a mirror would do that never saw this server before. */
function stepsFor(wanted: string, present: string): readonly string[] {
  const holding = (text: string) =>
    metadata({ databases: [database('d', undefined, { continuousQueries: [query('c', text)] })] });
  const plan = makePlan({
    wanted: holding(wanted),
    present: holding(present),
    ledger: emptyLedger(server, origin),
    passwords: new Map(),
    drops: 'report',
    maxDrops: 1,
  });
  return plan.steps.map(({ action }) => action.kind);
}

const text = (condition: string) =>
  `CREATE CONTINUOUS QUERY c ON d BEGIN SELECT mean(v) INTO d.autogen.x FROM d.autogen.y WHERE ${condition} GROUP BY time(5m) END`;

it.each([
  ['v > 1.23456789', 'v > 1.235'],
  ['v > 1.0', 'v > 1.000'],
  ['"v" > 1h', 'v > 60m'],
  ['"future" = 1', 'future = 1'],
])('a server that stores %s as %s is in sync', (wanted, present) => {
  expect(stepsFor(text(wanted), text(present))).toEqual([]);
});

it.each([
  ['v > 1.23456789', 'v > 1.236'],
  ["v = 'a  b'", "v = 'a b'"],
  ['v =~ /a b/', 'v =~ /a  b/'],
  ['v > 1', 'v < 1'],
])('a server that holds %s as %s is not in sync', (wanted, present) => {
  expect(stepsFor(text(wanted), text(present))).toEqual(['replaceContinuousQuery']);
});
