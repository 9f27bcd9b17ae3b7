import type { SampleCluster } from './sample-fleet.js';

/** Lets a sample live: heartbeats, nodes that come and go, and a change every few seconds. Returns the function that ends it. */
export function enliven({
  prod,
  staging,
}: {
  readonly prod: SampleCluster;
  readonly staging: SampleCluster;
}): () => void {
  let turn = 0;
  const step = async () => {
    turn += 1;
    if (turn % 4 === 0)
      await prod.change((meta) => meta.createDatabase(`metrics_${turn / 4}`), {
        author: turn % 8 === 0 ? 'ana' : 'ci',
      });
    if (turn % 9 === 0)
      await staging.change((meta) => meta.createDatabase(`trial_${turn / 9}`), { author: 'ci' });
    const sixth = prod.nodes[5];
    // It falls behind for a while, and catches up.
    if (sixth !== undefined) sixth.stuckAt = turn % 30 < 15 ? undefined : (sixth.stuckAt ?? prod.version);
    await prod.beatAll();
    await staging.beatAll();
  };
  const timer = setInterval(() => step().catch(() => {}), 1_000);
  return () => clearInterval(timer);
}
