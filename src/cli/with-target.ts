import type { Command } from 'commander';
import { HttpTransport } from '../transport/http-transport.js';
import { ClusterTarget } from './cluster-target.js';
import { type ManagerFlags, managerOptions, transportOptions, withManagerFlags } from './connections.js';
import type { Terminal } from './terminal.js';

/** Flags of commands that change a cluster. */
export interface TargetFlags extends ManagerFlags {
  readonly createCluster?: true;
  /** `false`: `--allow-no-admin`. */
  readonly allowNoAdmin?: true;
}

/** Milliseconds that one change may take; the default of a client. */
const timeout = 30_000;

export function withTargetFlags(command: Command): Command {
  return withManagerFlags(command)
    .option('--create-cluster', 'make the first version of a cluster that has none')
    .option('--allow-no-admin', 'allow removing the last administrator');
}

/** Runs `work` with the cluster that the flags name, and frees the connection afterwards. */
export async function withTarget(
  flags: TargetFlags,
  terminal: Terminal,
  work: (target: ClusterTarget, cluster: string) => Promise<void>,
): Promise<void> {
  const { cluster = 'default', ...options } = managerOptions(flags, terminal);
  const several = options.endpoint !== undefined && [options.endpoint].flat().length > 1;
  const transport: HttpTransport = new HttpTransport({
    ...transportOptions(options),
    retry: {
      onRetry: ({ error }) => {
        if (several) terminal.err(`cflux: ${error.message}; trying ${transport.endpoint}`);
      },
    },
  });
  const { createCluster = false, allowNoAdmin = false } = flags;
  try {
    await work(new ClusterTarget({ transport, cluster, createCluster, allowNoAdmin, timeout }), cluster);
  } finally {
    await transport.close();
  }
}
