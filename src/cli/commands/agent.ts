import { Command, Option } from 'commander';
import { systemClock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import { withoutUser } from '../../transport/endpoints.js';
import { Agent } from '../agent.js';
import { AgentLog } from '../agent-log.js';
import { serveAgent } from '../agent-server.js';
import {
  type InfluxFlags,
  influxOptions,
  type ManagerFlags,
  managerOptions,
  withInfluxFlags,
  withManagerFlags,
} from '../connections.js';
import { parseListen } from '../listen.js';
import { collect, parseCount, parseDuration } from '../parse.js';
import type { Terminal } from '../terminal.js';

interface Flags extends InfluxFlags, ManagerFlags {
  readonly data: string;
  readonly import?: true;
  readonly allowDrops?: true;
  readonly maxDrops: number;
  readonly interval?: number;
  readonly bindAddress?: string;
  readonly maxBackups?: number;
  readonly listen: { readonly host: string; readonly port: number };
  readonly hostName?: readonly string[];
  readonly adopt?: true;
  readonly reseed?: true;
  readonly json?: true;
}

const help = `
Runs until SIGINT or SIGTERM, one agent per server. The first agent seeds an empty cluster with the schema of its
server; every other agent makes its server follow the cluster. Nothing is dropped on a server without --allow-drops,
and items that exist only on a server are kept.

If a server lost its meta.db or got an older one, nothing is created on it: restore the file, or start once with the
--rebuild id from the log.

Examples:
  cflux agent --endpoint http://manager:8000 --cluster prod --data /var/lib/cflux
  cflux agent --username admin --password-file /etc/cflux/admin --passwords /etc/cflux/passwords.toml …
  cflux plan …                    show what it would do`;

export function agentCommand(terminal: Terminal): Command {
  const command = new Command('agent').description('Make an InfluxDB 1.x server follow a cluster.');
  return withManagerFlags(withInfluxFlags(command))
    .requiredOption('--data <dir>', 'directory of the agent; must not be one of InfluxDB')
    .option('--import', 'add items that exist only on this server to the cluster, now and later')
    .option('--allow-drops', 'drop on this server what the cluster dropped, with all points')
    .option('--max-drops <count>', 'hold back more drops at once until `cflux confirm-drops`', parseCount, 1)
    .option('--interval <duration>', 'time between two checks of the server (default: 30s)', parseDuration)
    .option('--bind-address <host:port>', 'address of the server to show in `cflux nodes`')
    .option(
      '--max-backups <count>',
      'backups to keep in --data, besides the newest of each reason (or CFLUX_MAX_BACKUPS; default: 100)',
      parseCount,
    )
    .addOption(
      new Option('--listen <host:port>', 'address for /health and /metrics; port 0 selects a free one')
        .argParser(parseListen)
        .default({ host: '127.0.0.1', port: 8087 }, '127.0.0.1:8087'),
    )
    .option(
      '--host-name <name>',
      'accept this host name too while listening on loopback, for a proxy; repeatable',
      collect,
    )
    .option('--adopt', "if the manager has another cluster's metadata, take it")
    .option('--reseed', "if the manager has another cluster's metadata, replace it by this node's")
    .option('--json', 'log lines as JSON')
    .addHelpText('after', help)
    .action((flags: Flags) => runAgent(flags, terminal));
}

async function runAgent(flags: Flags, terminal: Terminal): Promise<void> {
  if (flags.adopt && flags.reseed)
    throw new CfluxError('INVALID_OPTION', '--adopt and --reseed cannot be used together');
  const clock = systemClock;
  const log = new AgentLog(terminal.out, { json: flags.json ?? false, clock });
  const { interval, bindAddress, maxBackups } = flags;
  const agent = new Agent(
    {
      dir: flags.data,
      client: {
        ...managerOptions(flags, terminal),
        ...(bindAddress === undefined ? {} : { bindAddress }),
        ...(maxBackups === undefined ? {} : { maxBackups }),
      },
      influx: {
        ...influxOptions(flags, terminal),
        drops: flags.allowDrops ? 'apply' : 'report',
        maxDrops: flags.maxDrops,
        ...(interval === undefined ? {} : { interval }),
      },
      import: flags.import ?? false,
      onForeign: flags.adopt ? 'adopt' : flags.reseed ? 'reseed' : 'wait',
      clock,
    },
    log,
  );
  const ended = terminal.ended();
  try {
    const server = await serveAgent(agent, { ...flags.listen, hostNames: flags.hostName ?? [] });
    try {
      log.notify(
        'started',
        `cflux agent for ${withoutUser(flags.influxdb)}, /health and /metrics on ${server.url}`,
        { url: server.url },
      );
      await agent.start();
      log.notify('ending', `${await ended}, closing`);
    } finally {
      await server.close();
    }
  } finally {
    await agent.close();
  }
}
