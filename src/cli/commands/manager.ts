import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { CfluxError } from '../../errors.js';
import { createManagerServer, Manager, type ManagerServerOptions, MemoryStore } from '../../manager/index.js';
import { parseListen } from '../listen.js';
import { parseCount, parseDuration } from '../parse.js';
import type { Terminal } from '../terminal.js';

interface Options {
  readonly listen: { readonly host: string; readonly port: number };
  readonly memory?: true;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly clientCa?: string;
  readonly nodeTtl?: number;
  readonly history?: number;
}

const help = `
Examples:
  cflux manager --memory                 try it: everything is forgotten at the end
  cflux manager --listen 0.0.0.0:8000 --tls-cert m.pem --tls-key m.key

Stop it with SIGINT or SIGTERM: held polls are answered, no push is lost.`;

export function managerCommand(terminal: Terminal): Command {
  return new Command('manager')
    .description('Serve as the manager: keep the metadata of clusters, and who their nodes are.')
    .option('--listen <host:port>', 'address to listen on; port 0 is any free one', parseListen, {
      host: '127.0.0.1',
      port: 8000,
    })
    .option('--memory', 'keep everything in memory: gone when the process ends')
    .option('--tls-cert <file>', 'serve https with this certificate (PEM)')
    .option('--tls-key <file>', 'and its key (PEM)')
    .option('--client-ca <file>', 'clients must show a certificate of this authority (PEM)')
    .option(
      '--node-ttl <duration>',
      'a node is alive for so long after a heartbeat (default: 15s)',
      parseDuration,
    )
    .option('--history <count>', 'versions of each cluster that are kept (default: 10)', parseCount)
    .addHelpText('after', help)
    .action((options: Options) => serve(options, terminal));
}

async function serve(options: Options, terminal: Terminal): Promise<void> {
  const { nodeTtl, history, listen } = options;
  const manager = new Manager({
    store: new MemoryStore(),
    ...(nodeTtl === undefined ? {} : { nodeTtl }),
    ...(history === undefined ? {} : { history }),
  });
  const ended = terminal.ended();
  const server = await createManagerServer(manager, { ...listen, ...tlsOptions(options) });
  terminal.out(`cflux manager listening on ${server.url}, data in ${manager.storeName}`);
  terminal.err(`cflux manager: ${await ended}, closing`);
  await server.close();
  await manager.close();
}

function tlsOptions({ tlsCert, tlsKey, clientCa }: Options): Pick<ManagerServerOptions, 'tls'> {
  if (tlsCert === undefined && tlsKey === undefined && clientCa === undefined) return {};
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new CfluxError('INVALID_OPTION', '--tls-cert and --tls-key belong together');
  }
  const client = clientCa === undefined ? {} : { ca: readFileSync(clientCa), requestCert: true };
  return { tls: { cert: readFileSync(tlsCert), key: readFileSync(tlsKey), ...client } };
}
