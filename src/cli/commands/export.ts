import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { CfluxError } from '../../errors.js';
import { accessAdvice } from '../../file-access.js';
import { provisionMetadata } from '../../influxdb/provision/provision-metadata.js';
import { describeItem } from '../../influxdb/statements/item.js';
import { checkAdministrators } from '../../meta/administrators.js';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { encodeMetadata } from '../../meta/codec/encode-metadata.js';
import type { MetaData } from '../../meta/records.js';
import { sizeText } from '../amounts.js';
import { type EndpointFlags, localSubscriptionsFlag, withEndpointFlags } from '../connections.js';
import { noData } from '../manager-api.js';
import { readMetadataFile } from '../metadata-file.js';
import { schemaFile } from '../schema-file.js';
import type { Terminal } from '../terminal.js';
import { parseVersionNotation, snapshotOf, type VersionNotation, versionHelp } from '../version-notation.js';
import { clusterOf, withManager } from '../with-manager.js';

interface Flags extends EndpointFlags {
  readonly output?: string;
  readonly format: 'meta' | 'iql';
  readonly onto?: string;
  readonly exact?: true;
  readonly allowNoAdmin?: true;
  readonly localSubscriptions?: string;
}

const help = `
The output is a meta.db of InfluxDB 1.x with password hashes: protect it like the server's own. A token
requires the scope metadata.
With --format iql it is a file of InfluxQL for \`cflux apply\`, where passwords are parameters; what InfluxQL cannot
express is listed at its start and on standard error.

With --onto it is the given meta.db of a server with the cluster's schema and users, as \`cflux provision\` writes it:
the server's own cluster id, shard groups and counters stay, and so does what only the server has, unless --exact.

${versionHelp}

Examples:
  cflux export prod --output meta.db
  cflux export prod 1763800000123 > old.db
  cflux export prod -1 > previous.db
  cflux import staging meta.db
  cflux export prod --format iql --output schema.iql
  cflux export prod --onto /var/lib/influxdb/meta/meta.db --output /var/lib/influxdb/meta/new.db`;

export function exportCommand(terminal: Terminal): Command {
  return withEndpointFlags(
    new Command('export').description('Write the metadata of a cluster to a meta.db, or as InfluxQL.'),
  )
    .argument('[cluster]', 'name of the cluster (default: CLUSTER, or default)')
    .argument('[version]', 'version (default: the newest)', parseVersionNotation)
    .option('-o, --output <file>', 'file to create (default: standard output)')
    .addOption(new Option('--format <format>', 'output format').choices(['meta', 'iql']).default('meta'))
    .option('--onto <file>', 'meta.db of a server, or its backup, to write the metadata onto')
    .option('--exact', 'with --onto: remove what only the server has; what has shards stays')
    .option('--allow-no-admin', 'with --onto: allow removing the last administrator')
    .option(localSubscriptionsFlag[0], `with --onto: ${localSubscriptionsFlag[1]}`)
    .addHelpText('after', help)
    .action((argument: string | undefined, notation: VersionNotation | undefined, flags: Flags) =>
      withManager(flags, terminal, async (manager) => {
        const cluster = clusterOf(argument, terminal);
        const snapshot = await snapshotOf(manager, cluster, notation);
        if (snapshot === undefined) throw noData(cluster);
        checkFlags(flags);
        const bytes =
          flags.onto !== undefined
            ? await ontoServer(flags.onto, decodeMetadata(snapshot.snapshot), flags, terminal)
            : flags.format === 'meta'
              ? snapshot.snapshot
              : await schemaFile(cluster, snapshot.version, decodeMetadata(snapshot.snapshot), terminal);
        if (flags.output === undefined) {
          await terminal.write(bytes);
          return;
        }
        await writeNew(flags.output, bytes);
        terminal.err(
          `cflux: wrote version ${snapshot.version}, ${sizeText(bytes.byteLength)}, to ${flags.output}`,
        );
      }),
    );
}

function checkFlags({ onto, exact, format }: Flags): void {
  if (onto === undefined && exact) throw new CfluxError('INVALID_OPTION', '--exact: needs --onto');
  if (onto !== undefined && format === 'iql')
    throw new CfluxError('INVALID_OPTION', '--onto and --format iql cannot be used together');
}

/** Returns the metadata of a server, from a file, with the schema of the cluster. */
async function ontoServer(
  file: string,
  cluster: MetaData,
  { exact, allowNoAdmin, localSubscriptions }: Flags,
  terminal: Terminal,
): Promise<Uint8Array> {
  const server = await readMetadataFile(file, '--onto');
  const { metadata, refused } = provisionMetadata(server, cluster, {
    ...(exact === undefined ? {} : { exact }),
    ...(localSubscriptions === undefined ? {} : { localSubscriptions }),
  });
  if (!allowNoAdmin) checkAdministrators(server, metadata);
  for (const { item, reason } of refused) terminal.err(`cflux: left out: ${describeItem(item)}: ${reason}`);
  // An agent takes a file with a lower index for an older one.
  return encodeMetadata({ ...metadata, index: server.index + 1n });
}

/** Creates a file that only its owner can read, because it contains password hashes. Never overwrites a file. */
async function writeNew(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    throw new CfluxError(
      'INVALID_OPTION',
      `--output: ${CfluxError.from(cause).message}${accessAdvice(cause)}`,
      { cause },
    );
  }
}
