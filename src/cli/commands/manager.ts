import { Command, Option } from 'commander';
import { systemClock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import { hasBuiltUi } from '../../manager/http/ui-files.js';
import {
  createManagerServer,
  LmdbStore,
  Manager,
  type ManagerServerOptions,
  type ManagerStore,
  MemoryStore,
} from '../../manager/index.js';
import { printable } from '../../printable.js';
import { auditLine } from '../audit-line.js';
import { addEtcdFlags, type EtcdFlags, etcdStoreOf } from '../etcd-flags.js';
import { reloadedFileOf } from '../file-of.js';
import { parseListen } from '../listen.js';
import { collect, parseCount, parseDuration } from '../parse.js';
import type { Terminal } from '../terminal.js';

interface Options extends EtcdFlags {
  readonly listen: { readonly host: string; readonly port: number };
  readonly data: string;
  readonly sharedData?: true;
  readonly memory?: true;
  readonly tokens?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly clientCa?: string;
  readonly nodeTtl?: number;
  readonly history?: number;
  readonly clusters?: number;
  readonly insecure?: true;
  /** False for --no-ui. */
  readonly ui: boolean;
  readonly hostName?: readonly string[];
}

const help = `
Stores metadata in a directory (package lmdb), flushed to disk before each response; with --etcd in etcd (package
@grpc/grpc-js), shared by any number of managers, each of which serves every node. Each change is logged on standard
error: time, action, version and author. Besides the API, it serves the dashboard at /ui/, /health, /ready and /metrics
(package prom-client).

Tokens are in a TOML file that is reloaded when it changes; held polls of a removed token end within a second. Without a
[[token]] every request is refused; while the file cannot be read, the last tokens stay valid and /ready reports it:
  [[token]]
  name = "node-1"          # shown in the history and the log
  token = "…"              # or sha256 = "…", so that the file does not contain it
  scopes = ["node"]        # one or more of the scopes below
  cluster = "default"      # limits the token to this cluster; default: all
Scopes, and what they show:
  read       nodes, reports, lists of clusters and versions, metrics: no snapshot
  metadata   like read, and snapshots, which contain password hashes: show, diff, export, plan
  write      like metadata, and changes: exec, apply, import, rollback
  node       nodes and agents: register, heartbeat, poll, push, list the nodes of a cluster; also remove-node
  admin      everything, also delete-cluster

The files of --tls-cert, --tls-key and --client-ca are reloaded when they change. A file that cannot be used is logged, and the
previous certificate stays in use. Certificates are logged 30, 14, 7, 3 and 1 days before they expire.

Requests of web pages of another origin are refused. On loopback without tokens, only loopback host names are accepted;
for a proxy on this machine, --host-name adds the host name that the proxy sends.

Examples:
  cflux manager                          listen on loopback only
  cflux manager --memory                 for trials: everything is lost at the end
  cflux manager --listen 0.0.0.0:8000 --data /var/lib/cflux \\
      --tokens /etc/cflux/tokens.toml --tls-cert m.pem --tls-key m.key
  cflux manager --listen 10.0.0.1:8000 --tokens /etc/cflux/tokens.toml \\
      --etcd http://10.0.0.1:2379,http://10.0.0.2:2379,http://10.0.0.3:2379

A second manager on the same directory is refused unless all of them have --shared-data.
Stop it with SIGINT or SIGTERM: held polls get a response, and no push is lost.`;

export function managerCommand(terminal: Terminal): Command {
  const command = new Command('manager')
    .description('Serve as the manager: store the metadata and the nodes of clusters.')
    .addOption(
      new Option('--listen <host:port>', 'address to listen on; port 0 selects a free one')
        .argParser(parseListen)
        .default({ host: '127.0.0.1', port: 8000 }, '127.0.0.1:8000'),
    )
    .option('--data <dir>', 'directory for all data', '.cflux/manager')
    .option(
      '--shared-data',
      'share the directory with other managers on this machine that also have this flag',
    )
    .addOption(
      new Option('--memory', 'keep everything in memory instead; lost when the process ends').conflicts([
        'data',
        'sharedData',
        'etcd',
      ]),
    )
    .option('--tokens <file>', 'TOML file of tokens and their scopes; without it, every request is allowed')
    .option('--tls-cert <file>', 'certificate to serve https with (PEM)')
    .option('--tls-key <file>', 'private key of --tls-cert (PEM)')
    .option('--client-ca <file>', 'require client certificates of this authority (PEM)')
    .option(
      '--node-ttl <duration>',
      'time that a node is alive after a heartbeat (default: 15s)',
      parseDuration,
    )
    .option('--history <count>', 'versions to keep of each cluster (default: 10)', parseCount)
    .option(
      '--host-name <name>',
      'accept this host name too while listening on loopback, for a proxy; repeatable',
      collect,
    )
    .option(
      '--clusters <count>',
      'maximum number of clusters; existing ones are always served (default: 10000)',
      parseCount,
    )
    .option('--no-ui', 'do not serve the dashboard at /ui/')
    .option('--insecure', 'allow listening beyond this machine without tokens or client certificates')
    .addHelpText('after', help)
    .action((options: Options) => serve(options, terminal));
  return addEtcdFlags(command);
}

async function serve(options: Options, terminal: Terminal): Promise<void> {
  const { nodeTtl, history: keepVersions, clusters, listen, tokens, insecure } = options;
  const manager = new Manager({
    store: storeOf(options, terminal),
    audit: (entry) => terminal.err(auditLine(entry, systemClock.now())),
    ...(nodeTtl === undefined ? {} : { nodeTtl }),
    ...(keepVersions === undefined ? {} : { keepVersions }),
    ...(clusters === undefined ? {} : { limits: { clusters } }),
  });
  // Subscribed before it listens, so that no early signal is missed.
  const ended = terminal.ended();
  // In a checkout of the sources it may not have been built.
  const ui = options.ui && (await hasBuiltUi());
  try {
    const server = await createManagerServer(manager, {
      ...listen,
      ...tlsOptions(options),
      ...(tokens === undefined ? {} : { tokens }),
      hostNames: options.hostName ?? [],
      insecure: insecure === true,
      ui,
      onError: ({ message }) => terminal.err(`cflux manager: ${printable(message)}`),
    });
    terminal.out(`cflux manager listening on ${server.url}, data in ${manager.storeName}`);
    if (ui) terminal.out(`dashboard at ${server.url}/ui/`);
    terminal.err(`cflux manager: ${await ended}, closing`);
    await server.close();
  } finally {
    await manager.close();
  }
}

function storeOf(options: Options, terminal: Terminal): ManagerStore {
  const { memory, data, sharedData } = options;
  const etcd = etcdStoreOf(options, (message) => terminal.err(`cflux manager: ${printable(message)}`));
  if (etcd !== undefined && memory)
    throw new CfluxError('INVALID_OPTION', '--memory and --etcd cannot be used together');
  if (sharedData && (memory || etcd !== undefined))
    throw new CfluxError(
      'INVALID_OPTION',
      '--shared-data requires --data; it cannot be used with --memory or --etcd',
    );
  if (etcd !== undefined) return etcd;
  return memory ? new MemoryStore() : new LmdbStore({ dir: data, shared: sharedData === true });
}

function tlsOptions({ tlsCert, tlsKey, clientCa }: Options): Pick<ManagerServerOptions, 'tls'> {
  if (tlsCert === undefined && tlsKey === undefined && clientCa === undefined) return {};
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new CfluxError(
      'INVALID_OPTION',
      '--tls-cert and --tls-key must be used together, and --client-ca requires them',
    );
  }
  const ca = clientCa === undefined ? {} : { ca: reloadedFileOf('--client-ca', clientCa) };
  return {
    tls: { cert: reloadedFileOf('--tls-cert', tlsCert), key: reloadedFileOf('--tls-key', tlsKey), ...ca },
  };
}
