import { Command } from 'commander';
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
Runs until SIGINT or SIGTERM, one beside each server. The first agent of an empty cluster gives it the schema of its
server; a later one makes its server follow. Nothing is dropped on a server without --allow-drops, and what is only on
a server stays there.

On a server that lost its meta.db, or got an older one, nothing is made: put the file back, or start once with the
--rebuild that the log names.

Examples:
  cflux agent --endpoint http://manager:8000 --cluster prod --data /var/lib/cflux
  cflux agent --username admin --password-file /etc/cflux/admin --passwords /etc/cflux/passwords.toml …
  cflux plan …                    what it would do, without doing it`;

export function agentCommand(terminal: Terminal): Command {
  const command = new Command('agent').description('Make an InfluxDB 1.x server follow a cluster.');
  return withManagerFlags(withInfluxFlags(command))
    .requiredOption('--data <dir>', "the agent's own directory; not one of InfluxDB's")
    .option('--import', 'add to the cluster what is only on this server, whenever there is something')
    .option('--allow-drops', 'drop on this server what the cluster dropped, points and all')
    .option('--max-drops <count>', 'more drops at once wait for `cflux confirm-drops`', parseCount, 1)
    .option('--interval <duration>', 'between two looks at the server (default: 30s)', parseDuration)
    .option('--bind-address <host:port>', "the server's address, as `cflux nodes` shows it")
    .option(
      '--max-backups <count>',
      'backups kept in --data, besides the newest of each reason (or CFLUX_MAX_BACKUPS; default: 100)',
      parseCount,
    )
    .option('--listen <host:port>', 'where /health and /metrics are; port 0 is any free one', parseListen, {
      host: '127.0.0.1',
      port: 8087,
    })
    .option(
      '--host-name <name>',
      'serve also under this name on loopback, behind a proxy; repeatable',
      collect,
    )
    .option('--adopt', "take the metadata of a manager that is another cluster's")
    .option('--reseed', 'give a manager that is another cluster’s this metadata')
    .option('--json', 'log lines as JSON')
    .addHelpText('after', help)
    .action((flags: Flags) => runAgent(flags, terminal));
}

async function runAgent(flags: Flags, terminal: Terminal): Promise<void> {
  if (flags.adopt && flags.reseed) throw new CfluxError('INVALID_OPTION', '--adopt or --reseed, not both');
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
