import { Command, Option } from 'commander';
import { systemClock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
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
  readonly hostName?: readonly string[];
}

const help = `
Keeps what it is given in a directory (package lmdb), flushed to disk before it answers; with --etcd in etcd (package
@grpc/grpc-js), shared with any number of managers of which each answers any node. Each change is a line on standard
error: when, what, which version, by whom. Besides the API there are /health, /ready and /metrics (package prom-client).

Tokens are in a TOML file that is read again when it changes; held polls of a token that is gone end within a second. Without a
[[token]] in it every request is refused; while it cannot be read the last tokens stay valid, and /ready is red:
  [[token]]
  name = "node-1"          # who: shown in the history and the log
  token = "…"              # or sha256 = "…", so that the file does not give it away
  scopes = ["node"]        # read, write, node, admin (everything)
  cluster = "default"      # the only one it is for; absent: all

The files of --tls-cert, --tls-key and --client-ca are reloaded when they change. A file that cannot be used is logged, and the
previous certificate stays in use. Certificates are logged 30, 14, 7, 3 and 1 days before they expire.

Requests of web pages of another origin are refused. On loopback without tokens, so are requests for any host but a
loopback name; behind a proxy on this machine, --host-name adds the name that the proxy passes on.

Examples:
  cflux manager                          on this machine, for this machine
  cflux manager --memory                 try it: everything is forgotten at the end
  cflux manager --listen 0.0.0.0:8000 --data /var/lib/cflux \\
      --tokens /etc/cflux/tokens.toml --tls-cert m.pem --tls-key m.key
  cflux manager --listen 10.0.0.1:8000 --tokens /etc/cflux/tokens.toml \\
      --etcd http://10.0.0.1:2379,http://10.0.0.2:2379,http://10.0.0.3:2379

A second manager on the directory is refused, unless all of them are started with --shared-data.
Stop it with SIGINT or SIGTERM: held polls are answered, no push is lost.`;

export function managerCommand(terminal: Terminal): Command {
  const command = new Command('manager')
    .description('Serve as the manager: keep the metadata of clusters, and who their nodes are.')
    .addOption(
      new Option('--listen <host:port>', 'address to listen on; port 0 is any free one')
        .argParser(parseListen)
        .default({ host: '127.0.0.1', port: 8000 }, '127.0.0.1:8000'),
    )
    .option('--data <dir>', 'directory to keep everything in', '.cflux/manager')
    .option('--shared-data', 'share the directory with other managers of this machine that say so, too')
    .option('--memory', 'keep everything in memory instead: gone when the process ends')
    .option('--tokens <file>', 'TOML file of who may do what; without, everybody everything')
    .option('--tls-cert <file>', 'serve https with this certificate (PEM)')
    .option('--tls-key <file>', 'and its key (PEM)')
    .option('--client-ca <file>', 'clients must show a certificate of this authority (PEM)')
    .option(
      '--node-ttl <duration>',
      'a node is alive for so long after a heartbeat (default: 15s)',
      parseDuration,
    )
    .option('--history <count>', 'versions of each cluster that are kept (default: 10)', parseCount)
    .option(
      '--host-name <name>',
      'serve also under this name on loopback, behind a proxy; repeatable',
      collect,
    )
    .option('--clusters <count>', 'clusters at most; existing ones stay served (default: 10000)', parseCount)
    .option('--insecure', 'listen beyond this machine without tokens or client certificates')
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
  // Asked for before it listens: a signal that comes at once is not missed.
  const ended = terminal.ended();
  try {
    const server = await createManagerServer(manager, {
      ...listen,
      ...tlsOptions(options),
      ...(tokens === undefined ? {} : { tokens }),
      hostNames: options.hostName ?? [],
      insecure: insecure === true,
      onError: ({ message }) => terminal.err(`cflux manager: ${printable(message)}`),
    });
    terminal.out(`cflux manager listening on ${server.url}, data in ${manager.storeName}`);
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
    throw new CfluxError('INVALID_OPTION', '--memory and --etcd exclude each other');
  if (sharedData && (memory || etcd !== undefined))
    throw new CfluxError('INVALID_OPTION', '--shared-data is for --data, not for --memory or --etcd');
  if (etcd !== undefined) return etcd;
  return memory ? new MemoryStore() : new LmdbStore({ dir: data, shared: sharedData === true });
}

function tlsOptions({ tlsCert, tlsKey, clientCa }: Options): Pick<ManagerServerOptions, 'tls'> {
  if (tlsCert === undefined && tlsKey === undefined && clientCa === undefined) return {};
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new CfluxError(
      'INVALID_OPTION',
      '--tls-cert and --tls-key belong together, and --client-ca to them',
    );
  }
  const ca = clientCa === undefined ? {} : { ca: reloadedFileOf('--client-ca', clientCa) };
  return {
    tls: { cert: reloadedFileOf('--tls-cert', tlsCert), key: reloadedFileOf('--tls-key', tlsKey), ...ca },
  };
}
