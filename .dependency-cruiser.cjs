/**
 * The layers of the house: who may import whom. `npm run lint` fails on any import that is not listed here.
 * A folder that is missing from the table may import nothing and be imported by nobody.
 */
const ground = [
  'async',
  'errors.ts',
  'check-arguments.ts',
  'check-options.ts',
  'event-hub.ts',
  'listen-failure.ts',
  'missing-package.ts',
  'nearest-name.ts',
  'value-kinds.ts',
  'clock.ts',
  'random.ts',
  'recent-map.ts',
  'json-object.ts',
  'bigint-order.ts',
  'durable-file.ts',
  'file-access.ts',
  'directory-lock.ts',
  'toml.ts',
  'prom-client.ts',
  'printable.ts',
  'debug-log.ts',
  'trailing.ts',
  'event-loop.ts',
  'secret-file.ts',
  'shell-quoted.ts',
  'certificates.ts',
  'certificate-metrics.ts',
  'tls-credentials.ts',
  'server-versions.ts',
];
const layers = {
  delta: [...ground],
  // The codec knows which bytes did not change, and writes that down as a delta.
  meta: [...ground, 'delta'],
  protocol: [...ground, 'meta'],
  transport: [...ground, 'protocol'],
  client: [...ground, 'delta', 'meta', 'protocol', 'transport'],
  manager: [...ground, 'delta', 'protocol'],
  influxql: [...ground, 'meta'],
  // Readers of InfluxDB's data files: no file system, only bytes.
  tsm: [],
  influxdb: [...ground, 'tsm', 'meta', 'protocol', 'client', 'transport', 'influxql'],
  gateway: [...ground, 'meta', 'protocol', 'client', 'influxql', 'influxdb'],
  // The dashboard: a program of its own, for browsers; nothing imports it.
  ui: [...ground, 'meta', 'protocol'],
  testing: [...ground, 'delta', 'meta', 'protocol', 'transport', 'client', 'manager', 'influxdb'],
  cli: [
    ...ground,
    'meta',
    'protocol',
    'transport',
    'client',
    'manager',
    'influxql',
    'influxdb',
    'gateway',
    'index.ts',
  ],
};

const at = (names) => names.map((name) => (name.endsWith('.ts') ? `^src/${name}$` : `^src/${name}/`));

const etcd = 'src/manager/stores/etcd/';

/** The folders of the mirror of a live server, each above those before it. */
const mirror = ['statements', 'connect', 'read', 'ledger', 'loss', 'plan', 'orders', 'converge'];

module.exports = {
  forbidden: [
    {
      name: 'debug-is-escaped',
      comment: 'only debug-log.ts writes to the log of `debug`, without characters that a terminal obeys',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/debug-log.ts$' },
      to: { path: '(^|node_modules/)debug(/|$)' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'ground-stands-alone',
      severity: 'error',
      from: { path: at(ground) },
      to: { path: '^src/', pathNot: at(ground) },
    },
    ...Object.entries(layers).map(([layer, allowed]) => ({
      name: `${layer}-imports-only-its-own`,
      severity: 'error',
      from: { path: `^src/${layer}/` },
      to: {
        path: '^src/',
        pathNot: [
          `^src/${layer}/`,
          ...at(allowed),
          ...(layer === 'manager' ? ['^src/transport/transport.ts$'] : []),
        ],
      },
    })),
    {
      name: 'manager-knows-the-transport-interface-only',
      comment: 'LocalTransport implements Transport: the type, never the code of a transport.',
      severity: 'error',
      from: { path: '^src/manager/' },
      to: { path: '^src/transport/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'etcd-api-stands-below',
      comment: "etcd's messages and methods know nothing of how they are sent, nor of what they are for.",
      severity: 'error',
      from: { path: `^${etcd}api/` },
      to: { path: `^${etcd}`, pathNot: `^${etcd}api/` },
    },
    {
      name: 'etcd-connect-knows-the-api-only',
      severity: 'error',
      from: { path: `^${etcd}connect/` },
      to: { path: `^${etcd}`, pathNot: `^${etcd}(api|connect)/` },
    },
    {
      name: 'parts-of-a-store-do-not-know-the-store',
      severity: 'error',
      from: { path: `^${etcd}[a-z]+/` },
      to: { path: `^${etcd}etcd-(store|parts).ts$`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-parts-do-not-know-the-session',
      severity: 'error',
      from: { path: '^src/client/[a-z]+/' },
      to: {
        path: '^src/client/(cflux-client|session|session-parts|lifecycle).ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'client-layers',
      comment: 'Commits and the sync loop work on local; local knows neither.',
      severity: 'error',
      from: { path: '^src/client/local/' },
      to: { path: '^src/client/(commit|follow)/', dependencyTypesNot: ['type-only'] },
    },
    ...mirror.map((folder, rank) => ({
      name: `influxdb-${folder}-imports-what-stands-below`,
      severity: 'error',
      from: { path: `^src/influxdb/${folder}/` },
      to: { path: '^src/influxdb/', pathNot: `^src/influxdb/(${mirror.slice(0, rank + 1).join('|')})/` },
    })),
    {
      name: 'every-folder-is-in-the-table',
      severity: 'error',
      from: { path: '^src/', pathNot: at([...ground, 'index.ts', ...Object.keys(layers)]) },
      to: {},
    },
    {
      name: 'no-undeclared-packages',
      comment: 'The build of the dashboard contains its packages.',
      severity: 'error',
      from: { pathNot: '^src/ui/' },
      // The optional peers are development dependencies too: the tests need them.
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'],
        dependencyTypesNot: ['npm-peer'],
        pathNot: 'node_modules/@types/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
