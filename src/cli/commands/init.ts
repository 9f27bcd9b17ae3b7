import { constants } from 'node:fs';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { CfluxError } from '../../errors.js';
import { accessAdvice, privateDirectory } from '../../file-access.js';
import { certificateCommands, checkSetup, type Setup, type SetupFile, setupFiles } from '../setup-files.js';
import type { Terminal } from '../terminal.js';

interface Flags {
  readonly cluster?: string;
  readonly managers?: string;
  readonly servers?: string;
  readonly etcd?: string;
  readonly output: string;
}

const help = `
Asks for what no flag names. Writes a directory for each machine, to be copied to /etc/cflux there: cflux.toml, systemd units, and
tokens (mode 0600); operator-token is for commands. No file is overwritten. Prints the openssl commands for the certificates.

Example:
  cflux init --cluster prod --managers m1 --servers db1,db2,db3`;

export function initCommand(terminal: Terminal): Command {
  return new Command('init')
    .description('Write configuration, tokens and systemd units for the machines of a cluster.')
    .option('--cluster <name>', 'name of the cluster')
    .option('--managers <hosts>', 'machines of the managers, separated by commas')
    .option('--servers <hosts>', 'machines with an InfluxDB server, separated by commas')
    .option('--etcd <urls>', 'URLs of etcd, for several managers')
    .option('-o, --output <dir>', 'directory to write to', 'cflux-setup')
    .addHelpText('after', help)
    .action((flags: Flags) => init(flags, terminal));
}

async function init(flags: Flags, terminal: Terminal): Promise<void> {
  const setup = await setupOf(flags, terminal);
  checkSetup(setup);
  const files = setupFiles(setup);
  await writeAll(flags.output, files);
  for (const { path } of files) terminal.out(`wrote ${join(flags.output, path)}`);
  terminal.out(`\nCertificates, in ${flags.output}:`);
  for (const line of certificateCommands(setup)) terminal.out(`  ${line}`);
  terminal.out(`\nThen, on each machine:
  copy its directory and ca.pem to /etc/cflux, readable by the user cflux, and the units to /etc/systemd/system
  cflux config check && cflux agent --check
  systemctl enable --now cflux-manager cflux-agent    (the units that the machine has)`);
}

async function setupOf(flags: Flags, terminal: Terminal): Promise<Setup> {
  const ask = async (flag: string, given: string | undefined, question: string): Promise<string> => {
    const text = given ?? (await terminal.ask(question));
    if (text === undefined)
      throw new CfluxError('INVALID_OPTION', `cannot ask: standard input is not a terminal; pass ${flag}`);
    return text.trim();
  };
  const managers = hosts(
    await ask('--managers', flags.managers, 'Machines of the managers, separated by commas: '),
  );
  const servers = hosts(await ask('--servers', flags.servers, 'Machines with an InfluxDB server: '));
  const cluster = (await ask('--cluster', flags.cluster, 'Name of the cluster (default): ')) || 'default';
  const etcd = managers.length > 1 ? await ask('--etcd', flags.etcd, 'URLs of etcd: ') : flags.etcd;
  return { cluster, managers, servers, ...(etcd ? { etcd } : {}) };
}

const hosts = (text: string): readonly string[] => [
  ...new Set(
    text
      .split(',')
      .map((host) => host.trim())
      .filter((host) => host !== ''),
  ),
];

/** Writes nothing if one of the files exists. */
async function writeAll(dir: string, files: readonly SetupFile[]): Promise<void> {
  for (const { path } of files) {
    const exists = await access(join(dir, path), constants.F_OK).then(
      () => true,
      () => false,
    );
    if (exists)
      throw new CfluxError(
        'INVALID_OPTION',
        `${join(dir, path)} exists and is not overwritten; nothing was written; pass another --output`,
      );
  }
  try {
    for (const { path, content, isSecret } of files) {
      await mkdir(dirname(join(dir, path)), { recursive: true, mode: privateDirectory });
      await writeFile(join(dir, path), content, { flag: 'wx', mode: isSecret ? 0o600 : 0o644 });
    }
  } catch (cause) {
    const reason = `${CfluxError.from(cause).message}${accessAdvice(cause)}`;
    throw new CfluxError('INVALID_OPTION', `--output: ${reason}`, { cause });
  }
}
