import { highest } from '../../bigint-order.js';
import type { MetaData } from '../../meta/records.js';
import type { Recovery } from './recovery.js';

/** Returns the cluster id of the lost metadata, and an index above all that are known of it. `base`: metadata with a new cluster id. */
export function serverIdentity(
  base: MetaData,
  { sources, own, findings }: Recovery,
): Pick<MetaData, 'clusterId' | 'index'> {
  const { from, present, ledger } = sources;
  const { clusterId: recorded, index: seen = 0n } = ledger?.server ?? {};
  const candidates = [
    ['the record of the agent', recorded],
    ['the file of --from', from?.clusterId],
    ['the present meta.db', present?.clusterId],
  ] as const;
  const named = candidates.flatMap(([name, id]) => (id === undefined ? [] : [{ name, id }]));
  const [first, ...others] = named;
  if (first === undefined) {
    findings.push({
      kind: 'guessed',
      message: `the cluster id of the server is unknown: it gets the new one ${base.clusterId}`,
    });
  }
  for (const { name, id } of others) {
    if (first === undefined || id === first.id || name === 'the present meta.db') continue;
    findings.push({
      kind: 'contradiction',
      message: `${name} has the cluster id ${id}, and ${first.name} ${first.id}, which is taken: is the file of another server?`,
    });
  }
  const index = highest([seen, base.index, ...own.map((data) => data.index)]) + 1n;
  return { clusterId: first?.id ?? base.clusterId, index };
}
