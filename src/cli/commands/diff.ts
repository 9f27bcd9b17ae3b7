import { Command } from 'commander';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { type Difference, differenceLines, differences } from '../../meta/metadata-differences.js';
import { metadataTree } from '../../meta/metadata-tree.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import type { Terminal } from '../terminal.js';
import { parseVersionNotation, resolvePair, type VersionNotation, versionHelp } from '../version-notation.js';
import { withManager } from '../with-manager.js';

const help = `
+ exists only in V2, - exists only in V1, ~ has another value. A changed password is listed, but never shown.
With one version the command shows what that version changed. A token requires the scope metadata.

${versionHelp}

Examples:
  cflux diff prod latest       what the latest version changed
  cflux diff prod -3 latest    what the last three versions changed
  cflux diff prod …0123 …4711`;

interface Flags extends EndpointFlags {
  readonly json?: true;
}

export function diffCommand(terminal: Terminal): Command {
  return withEndpointFlags(new Command('diff').description('Show what changed between two versions.'))
    .argument('<cluster>')
    .argument('<v1>', 'the older version; without V2 the newer one', parseVersionNotation)
    .argument('[v2]', 'the newer version (default: compare V1 with its predecessor)', parseVersionNotation)
    .option('--json', 'output as JSON')
    .addHelpText('after', help)
    .action((cluster: string, v1: VersionNotation, v2: VersionNotation | undefined, flags: Flags) =>
      withManager(flags, terminal, async (manager) => {
        const [older, newer] = await resolvePair(manager, cluster, v1, v2);
        const [before, after] = await Promise.all([
          manager.version(cluster, older),
          manager.version(cluster, newer),
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
