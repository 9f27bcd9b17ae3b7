/** What is too slow for each change, one command after the other. */
export interface NightlyStep {
  readonly name: string;
  readonly what: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const chaos = (...args: string[]) => ['npm', 'run', 'chaos', '--', '--seconds', '180', ...args];
const tests = (...files: string[]) => ['npx', 'vitest', 'run', ...files];

export const nightlySteps: readonly NightlyStep[] = [
  { name: 'chaos-lmdb', what: 'faults beside one manager on lmdb, from a new seed', command: chaos() },
  {
    name: 'chaos-etcd',
    what: 'faults beside three managers on three etcd members, from a new seed',
    command: chaos('--store', 'etcd'),
  },
  {
    name: 'chaos-influxd',
    what: 'the same with a live InfluxDB behind each node',
    command: chaos('--influxd'),
  },
  {
    name: 'mutants',
    what: 'whether a test fails for each rule that is broken',
    command: ['npm', 'run', 'mutants'],
  },
  {
    name: 'soak',
    what: 'whether a fleet that comes and goes for half an hour makes anything grow',
    command: ['npm', 'run', 'soak', '--', '--minutes', '30'],
  },
  {
    name: 'soak-gateway',
    what: 'whether ten minutes of writes, statements and broken clients make a gateway grow',
    command: ['npm', 'run', 'soak:gateway', '--', '--minutes', '10'],
  },
  {
    name: 'fuzz',
    what: 'a million inputs for the codec, for each property of deltas, and for the requests of strangers',
    command: tests('test/meta/codec-fuzz.test.ts', 'test/delta', 'test/hostile'),
    env: { FUZZ_RUNS: '1000000' },
  },
  {
    name: 'recovery',
    what: 'a server with a year of points recovered, and a million damaged TSM files and WAL segments',
    command: tests('test/influxdb/recover', 'test/tsm'),
    env: { RECOVER_WEEKS: '104', FUZZ_RUNS: '1000000' },
  },
  {
    name: 'simulation',
    what: 'twenty thousand simulated worlds',
    command: tests('test/client/simulation.test.ts'),
    env: { SIMULATIONS: '20000' },
  },
  {
    name: 'kills',
    what: 'a manager on lmdb and a writer of meta.db, killed a thousand times each while they write',
    command: tests('test/manager/lmdb-kill.test.ts', 'test/meta/killed-writer.test.ts'),
    env: { CFLUX_KILLS: '1000', CFLUX_COPIES: '1000' },
  },
  {
    name: 'tutorials',
    what: 'whether the tutorials work as written, with the packed package in empty folders',
    command: ['bash', '-c', 'npm run build && npm run tutorials'],
  },
  {
    name: 'site-twice',
    what: 'whether two builds of the documentation site have the same bytes',
    command: ['npm', 'run', 'site', '--', '--twice'],
  },
  {
    name: 'bun',
    what: 'the packed package under Bun, and bundled by esbuild',
    command: ['npm', 'run', 'trial', '--', '--bun'],
  },
  {
    name: 'real-time',
    what: 'the faults whose waiting is shortened in `npm test`, at the pace of real clocks',
    command: tests('test/faults'),
    env: { REAL_TIME: '1' },
  },
  {
    name: 'like-server',
    what: 'all that was recorded of a server, and thousands of random requests, at a gateway and at a server',
    command: tests('test/gateway/like-the-server.test.ts'),
    env: { RECORDED: 'all', FUZZ_RUNS: '3000' },
  },
  {
    name: 'repeated',
    what: 'the tests that repeat something less often with each change: lost responses, leaks, herds, interruptions, sick nodes, compared versions, changes at once, members of etcd',
    command: tests(
      'test/faults/02-ambiguous-timeout.test.ts',
      'test/faults/10-thundering-herd.test.ts',
      'test/faults/17-leaks.test.ts',
      'test/client/rules/r14-nothing-unhandled.test.ts',
      'test/influxdb/interrupted.test.ts',
      'test/cases/08-sick-nodes.test.ts',
      'test/chaos/chaos.test.ts',
      'test/client/many-changes.test.ts',
      'test/manager/etcd-faults.test.ts',
      'test/ui/contents.test.ts',
    ),
    env: {
      HERD: '500',
      POLLS: '10000',
      LOST_RESPONSES: '12',
      CYCLES: '9000',
      EVERY_CUT: '1',
      HEALTHY_NODES: '50',
      CHAOS_SECONDS: '12',
      PAIRS: '100',
      CHANGES: '100000',
      EVERY_MEMBER: '1',
    },
  },
  {
    name: 'logins',
    what: 'logins of thirty users at gateways before three servers, and their races with changes, often',
    command: tests('test/gateway/logins.test.ts', 'test/gateway/like-the-server-with-authentication.test.ts'),
    env: { SERVERS: '3', LOGINS: '30', RACES: '120', FUZZ_RUNS: '3000' },
  },
];
