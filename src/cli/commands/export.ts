import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { CfluxError } from '../../errors.js';
import { accessAdvice } from '../../file-access.js';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { sizeText } from '../amounts.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { noData } from '../manager-api.js';
import { parseVersionArgument } from '../parse.js';
import { schemaFile } from '../schema-file.js';
import type { Terminal } from '../terminal.js';
import { clusterOf, withManager } from '../with-manager.js';

const help = `
The output is a meta.db of InfluxDB 1.x with password hashes: protect it like the server's own. A token
requires the scope metadata.
With --format iql it is a file of InfluxQL for \`cflux apply\`, where passwords are parameters; what InfluxQL cannot
express is listed at its start and on standard error.

Examples:
  cflux export prod --output meta.db
  cflux export prod 1763800000123 > old.db
  cflux import staging meta.db
  cflux export prod --format iql --output schema.iql`;

export function exportCommand(terminal: Terminal): Command {
  return withEndpointFlags(
    new Command('export').description('Write the metadata of a cluster to a meta.db, or as InfluxQL.'),
  )
    .argument('[cluster]', 'name of the cluster (default: CLUSTER, or default)')
    .argument('[version]', 'version (default: the newest)', parseVersionArgument)
    .option('-o, --output <file>', 'file to create (default: standard output)')
    .addOption(new Option('--format <format>', 'output format').choices(['meta', 'iql']).default('meta'))
    .addHelpText('after', help)
    .action(
      (
        argument: string | undefined,
        version: number | undefined,
        flags: EndpointFlags & { output?: string; format: 'meta' | 'iql' },
      ) =>
        withManager(flags, terminal, async (manager) => {
          const cluster = clusterOf(argument, terminal);
          const snapshot =
            version === undefined
              ? await manager.newest(cluster)
              : { version, snapshot: await manager.version(cluster, version) };
          if (snapshot === undefined) throw noData(cluster);
          const bytes =
            flags.format === 'meta'
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
