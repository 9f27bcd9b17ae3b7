import { Command } from 'commander';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { type Difference, differenceLines, differences } from '../../meta/metadata-differences.js';
import { metadataTree } from '../../meta/metadata-tree.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import { parseVersionArgument } from '../parse.js';
import type { Terminal } from '../terminal.js';
import { withManager } from '../with-manager.js';

const help = `
+ exists only in V2, - exists only in V1, ~ has another value. A changed password is listed, but never shown.
A token requires the scope metadata.

Example:
  cflux diff prod 1763800000123 1763800004711`;

export function diffCommand(terminal: Terminal): Command {
  return withEndpointFlags(new Command('diff').description('Show what changed between two versions.'))
    .argument('<cluster>')
    .argument('<v1>', 'the older version', parseVersionArgument)
    .argument('<v2>', 'the newer version', parseVersionArgument)
    .option('--json', 'output as JSON')
    .addHelpText('after', help)
    .action((cluster: string, v1: number, v2: number, flags: EndpointFlags & { json?: true }) =>
      withManager(flags, terminal, async (manager) => {
        const [before, after] = await Promise.all([
          manager.version(cluster, v1),
          manager.version(cluster, v2),
        ]);
        const found = differences(metadataTree(decodeMetadata(before)), metadataTree(decodeMetadata(after)));
        if (flags.json) terminal.out(jsonText(found.map(differenceJson)));
        else if (found.length === 0) terminal.out('No differences.');
        else for (const line of differenceLines(found)) terminal.out(line);
      }),
    );
}

/** Returns a difference as JSON. */
export function differenceJson(difference: Difference): object {
  if (difference.kind === 'changed') return difference;
  const { kind, path, part } = difference;
  return {
    kind,
    path: [...path, part.label],
    properties: part.properties,
    parts: part.parts.map(({ label }) => label),
  };
}
