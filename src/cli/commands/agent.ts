import { Command, Option } from 'commander';
import { systemClock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import type { TlsSources } from '../../tls-credentials.js';
import { withoutUser } from '../../transport/endpoints.js';
import { Agent, type AgentOptions } from '../agent/agent.js';
import { checkAgent } from '../agent/agent-check.js';
import { AgentLog } from '../agent/agent-log.js';
import { serveAgent } from '../agent/agent-server.js';
import {
  commandFlags,
  type InfluxFlags,
  influxOptions,
  type ManagerFlags,
  managerOptions,
  withInfluxFlags,
  withManagerFlags,
} from '../connections.js';
import { EndWith, exitCode } from '../exit-code.js';
import { reloadedFileOf, rotatedSecretOf } from '../file-of.js';
import { parseListen } from '../listen.js';
import { collect, parseCount, parseDuration } from '../parse.js';
import type { Terminal } from '../terminal.js';
import { withManager } from '../with-manager.js';

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
  readonly check?: true;
  readonly gateway?: { readonly host: string; readonly port: number };
  readonly gatewayTlsCert?: string;
  readonly gatewayTlsKey?: string;
  readonly wait?: 'own' | 'all';
  readonly jwtSecretFile?: string;
  readonly refuseBrowsers?: true;
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
  cflux agent --influxdb http://127.0.0.1:8085 --gateway 0.0.0.0:8086 …
  cflux agent --username admin --password-file /etc/cflux/admin --passwords /etc/cflux/passwords.toml …
  cflux agent --check …           check everything that it needs, and end
  cflux plan …                    show what it would do`;

export function agentCommand(terminal: Terminal): Command {
  const command = new Command('agent').description('Make an InfluxDB 1.x server follow a cluster.');
  return withManagerFlags(withInfluxFlags(command))
    .requiredOption('--data <dir>', 'directory of the agent; must not be one of InfluxDB')
    .option('--import', 'add items that exist only on this server to the cluster, now and later')
    .option('--allow-drops', 'drop on this server what the cluster dropped, with all points')
    .option('--max-drops <count>', 'hold back more drops at once until `cflux confirm-drops`', parseCount, 1)
    .option('--interval <duration>', 'time between two checks of the server (default: 30s)', parseDuration)
    .option(
      '--bind-address <host:port>',
      'address of the server to show in `cflux nodes` (default: that of --influxdb)',
    )
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
    .option(
      '--gateway <host:port>',
      'accept the clients of InfluxDB here: schema statements are executed on the cluster, all else by the server',
      parseListen,
    )
    .option('--gateway-tls-cert <file>', 'certificate of the gateway (PEM)')
    .option('--gateway-tls-key <file>', 'private key of --gateway-tls-cert (PEM)')
    .addOption(
      new Option(
        '--wait <servers>',
        'a statement at the gateway is done when its own server, or all servers, have the change (default: own)',
      ).choices(['own', 'all']),
    )
    .option(
      '--jwt-secret-file <file>',
      "file with only InfluxDB's shared-secret, to verify JSON Web Tokens at the gateway",
    )
    .option(
      '--refuse-browsers',
      'refuse schema statements that a web page of another origin sends to the gateway',
    )
    .option('--adopt', "if the manager has another cluster's metadata, take it")
    .option('--reseed', "if the manager has another cluster's metadata, replace it by this node's")
    .option('--check', 'only check server, rights, snapshot port, manager and directory; a line each')
    .option('--json', 'log lines as JSON')
    .addHelpText('after', help)
    .action((flags: Flags) => (flags.check ? check(flags, terminal) : runAgent(flags, terminal)));
}

/** Prints a line for each check. Fails if one of them failed. */
async function check(flags: Flags, terminal: Terminal): Promise<void> {
  const { cluster = 'default' } = managerOptions(flags, terminal);
  const influx = influxOptions(flags, terminal);
  let failed = 0;
  await withManager(flags, terminal, async (manager) => {
    for await (const result of checkAgent({ dir: flags.data, cluster, influx, manager })) {
      const { name, isFailed, text } = result;
      if (isFailed) failed += 1;
      terminal.out(
        flags.json
          ? JSON.stringify(result)
          : `${isFailed ? 'failed' : 'ok'.padEnd(6)}  ${name.padEnd(14)}  ${text}`,
      );
    }
  });
  if (failed > 0) throw new EndWith(exitCode.failed);
}

function gatewayOptions(flags: Flags): Pick<AgentOptions, 'gateway'> {
  const { gateway, influxdb, jwtSecretFile, refuseBrowsers = false, hostName: hostNames = [], wait } = flags;
  const tls = gatewayTls(flags);
  if (gateway === undefined) {
    const given = Object.entries({
      '--gateway-tls-cert': tls,
      '--jwt-secret-file': jwtSecretFile,
      '--refuse-browsers': flags.refuseBrowsers,
      '--wait': wait,
    }).find(([, value]) => value !== undefined);
    if (given === undefined) return {};
    throw new CfluxError('INVALID_OPTION', `${given[0]}: needs --gateway`);
  }
  const server = new URL(influxdb);
  const isHere = /^(localhost|127\.[0-9.]+|\[::1\])$/.test(server.hostname);
  if (isHere && Number(server.port) === gateway.port && gateway.port !== 0) {
    throw new CfluxError(
      'INVALID_OPTION',
      `--gateway: port ${gateway.port} is that of --influxdb ${withoutUser(influxdb)}; move the server to another port`,
    );
  }
  const jwtSecret =
    jwtSecretFile === undefined ? undefined : rotatedSecretOf('--jwt-secret-file', jwtSecretFile);
  return {
    gateway: {
      ...gateway,
      ...(tls === undefined ? {} : { tls }),
      ...(jwtSecret === undefined ? {} : { jwtSecret }),
      ...(wait === undefined ? {} : { wait }),
      refuseBrowsers,
      hostNames,
    },
  };
}

function gatewayTls({ gatewayTlsCert: cert, gatewayTlsKey: key }: Flags): TlsSources | undefined {
  if ((cert === undefined) !== (key === undefined))
    throw new CfluxError('INVALID_OPTION', '--gateway-tls-cert and --gateway-tls-key need each other');
  if (cert === undefined || key === undefined) return undefined;
  return {
    cert: reloadedFileOf('--gateway-tls-cert', cert),
    key: reloadedFileOf('--gateway-tls-key', key),
  };
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
        commandFlags: commandFlags(flags, terminal),
        drops: flags.allowDrops ? 'apply' : 'report',
        maxDrops: flags.maxDrops,
        ...(interval === undefined ? {} : { interval }),
      },
      import: flags.import ?? false,
      onForeign: flags.adopt ? 'adopt' : flags.reseed ? 'reseed' : 'wait',
      clock,
      ...gatewayOptions(flags),
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
