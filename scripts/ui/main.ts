/** `npm run ui`: the sources of the dashboard, reloaded at each change, beside a manager with sample data. */
import { fileURLToPath } from 'node:url';
import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';
import { createServer } from 'vite';
import { enliven } from '../../test/ui/support/lively.js';
import { fillSample } from '../../test/ui/support/sample-fleet.js';

const manager = new Manager({ store: new MemoryStore() });
const api = await createManagerServer(manager, { port: 0 });
const end = enliven(await fillSample(manager));
const toApi = { target: api.url, changeOrigin: true };
const vite = await createServer({
  configFile: fileURLToPath(new URL('../../src/ui/vite.config.ts', import.meta.url)),
  // As the manager serves it, so that the API is one step above the page.
  base: '/ui/',
  server: {
    host: '127.0.0.1',
    port: 5173,
    // The modules of the layers that the page shares with the library.
    fs: { allow: [fileURLToPath(new URL('../../', import.meta.url))] },
    proxy: Object.fromEntries(
      ['whoami', 'status', 'activity', 'clusters', 'nodes'].map((path) => [`/${path}`, toApi]),
    ),
  },
});
await vite.listen();
console.log(`manager with sample data at ${api.url}`);
console.log(
  `dashboard, from its sources, at ${vite.resolvedUrls?.local[0] ?? 'the address that Vite prints'}`,
);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    end();
    await vite.close();
    await api.close();
    await manager.close();
  });
