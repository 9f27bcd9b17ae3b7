import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { hasBuiltUi } from '../../src/manager/http/ui-files.js';
import type { NodeProcess } from './node-process.js';

/** Builds the dashboard, unless it is there. */
export async function prepareUi(): Promise<void> {
  if (await hasBuiltUi()) return;
  await build({
    configFile: fileURLToPath(new URL('../../src/ui/vite.config.ts', import.meta.url)),
    logLevel: 'warn',
  });
}

/** Lets the nodes change the cluster, one a few seconds after the other, until the process is interrupted. */
export async function keepRunning(
  nodes: readonly NodeProcess[],
  onChange: (entry: string) => void,
): Promise<void> {
  let isEnding = false;
  const interrupted = once(process, 'SIGINT').then(() => {
    isEnding = true;
  });
  for (let turn = 0; !isEnding; turn++) {
    const node = nodes[turn % nodes.length];
    const entry = `${node?.name.replace(' ', '')}-later-${turn}`;
    await node?.call('append', entry).then(
      () => onChange(entry),
      () => {},
    );
    await Promise.race([sleep(3_000), interrupted]);
  }
}
