import { startEtcd } from '../test/support/etcd.js';
import { type LegacyRun, legacyRun, type Place, type Style } from './legacy/contention.js';
import { median } from './measure.js';
import type { Figure } from './report.js';

const runs = Number(process.env['LEGACY_RUNS'] ?? 10);
const several = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
const one = ['127.0.0.2'];

/** Two legacy nodes and one of ours that make forty databases each, at once: what is lost, and how long it takes. */
export async function run(): Promise<Figure[]> {
  const etcd = await startEtcd();
  const figures: Figure[] = [];
  try {
    const only = process.env['LEGACY_STORE'];
    for (const store of ['memory', 'lmdb', 'etcd'] as const) {
      if (only !== undefined && only !== store) continue;
      for (const addresses of [several, one]) {
        for (const style of ['burst', 'sequential'] as const) {
          const place: Place = store === 'etcd' ? { etcd: etcd.endpoints } : { store };
          figures.push(...(await measured(place, addresses, style)));
        }
      }
    }
  } finally {
    await etcd.close();
  }
  return figures;
}

async function measured(place: Place, addresses: readonly string[], style: Style): Promise<Figure[]> {
  const all: LegacyRun[] = [];
  for (let run = 0; run < runs; run++) all.push(await legacyRun(place, addresses, style));
  const name = `${place.store ?? 'etcd'}, ${addresses.length === 1 ? 'one address' : 'several addresses'}, ${style}`;
  const lost = all.map(({ lost }) => lost);
  return [
    {
      name: `${name}: lost in ${runs} runs (${lost.join(' ')})`,
      value: sum(lost),
      unit: 'changes',
      target: 0,
    },
    { name: `${name}: went back`, value: sum(all.map(({ wentBack }) => wentBack)), unit: 'times' },
    { name: `${name}: a run`, value: median(all.map(({ wall }) => wall)), unit: 'ms' },
    // A lost change costs nothing: code that loses some is compared by this.
    {
      name: `${name}: a stored change`,
      value: median(all.map(({ wall, stored }) => wall / stored)),
      unit: 'ms',
    },
  ];
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
