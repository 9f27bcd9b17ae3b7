import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pack } from '../pack.js';
import { checkNames, readArguments } from '../program-arguments.js';
import { follow } from './follow.js';

const folder = fileURLToPath(new URL('../../docs/tutorials/', import.meta.url));
const all = readdirSync(folder).map((file) => file.replace(/\.md$/, ''));
const help = `npm run build && npm run tutorials  all of them
npm run tutorials -- two-nodes      those alone, of: ${all.join(', ')}
Follows the tutorials, step by step, each in an empty folder with the packed package, and compares the output with what they show.
It needs the registry, influxd and curl.`;

const { positionals: named } = readArguments(help, { allowPositionals: true });
checkNames(named, (name) => all.includes(name), { what: 'tutorial', help });
const names = all.filter((name) => named.length === 0 || named.includes(name));

const tarball = pack();
try {
  // Most of their time is waiting for processes, so they run side by side.
  const results = await Promise.allSettled(
    names.map(async (name) => {
      const begin = performance.now();
      await follow(join(folder, `${name}.md`), tarball);
      console.log(`${name}: ok (${((performance.now() - begin) / 1_000).toFixed(1)} s)`);
    }),
  );
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    console.error(result.reason instanceof Error ? result.reason.message : result.reason);
    process.exitCode = 1;
  }
} finally {
  rmSync(tarball, { force: true });
}
