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
What comes out is a meta.db as InfluxDB 1.x keeps it, password hashes and all: keep it as safe as the server's own.
With --format iql it is a file of InfluxQL for \`cflux apply\`, where passwords are parameters; what InfluxQL cannot say
is listed at its start and told.

Examples:
  cflux export prod --output meta.db
  cflux export prod 1763800000123 > old.db
  cflux import staging meta.db
  cflux export prod --format iql --output schema.iql`;

export function exportCommand(terminal: Terminal): Command {
  return withEndpointFlags(
    new Command('export').description('Write the metadata of a cluster to a meta.db, or as InfluxQL.'),
  )
    .argument('[cluster]', 'the cluster (default: CLUSTER, or default)')
    .argument('[version]', 'default: the newest', parseVersionArgument)
    .option('-o, --output <file>', 'default: standard output')
    .addOption(new Option('--format <format>', 'of what is written').choices(['meta', 'iql']).default('meta'))
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

/** Readable for its owner alone, for there are password hashes in it; what is there already stays. */
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
