import { isCfluxError } from 'clusterflux';
import { expect, it, onTestFinished } from 'vitest';
import { serve } from '../support/serve.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { balancer, isPoll } from './support/balancer.js';
import { openNode } from './support/nodes.js';

it('#16 a truncated body: nothing of a truncated response is adopted, and the complete one is when it arrives', async () => {
  const { url } = await serve();
  const proxy = await TcpProxy.start(url);
  onTestFinished(() => proxy.close());
  const other = await openNode(url, { haste: 1 });
  const node = await openNode(proxy.url, { haste: 1, retry: { attempts: 1 } });
  proxy.impose('toClient', { kind: 'truncate', after: 0 });
  proxy.cut();
  for (let at = 0; at < 40; at++) await other.client.createDatabase(`database-${at}`);
  const adopted: number[] = [];
  node.client.on('synced', ({ version }) => adopted.push(version));
  // Through head and body, until one comes whole.
  let cuts = 0;
  for (let after = 1; ; after += 13) {
    proxy.impose('toClient', { kind: 'truncate', after });
    proxy.cut();
    const isWhole = await node.client.refresh().then(
      () => true,
      (error: unknown) => !isCfluxError(error),
    );
    if (isWhole) break;
    cuts += 1;
    expect(node.databases()).toEqual([]);
    expect(adopted).toEqual([]);
  }
  expect(cuts).toBeGreaterThan(30);
  expect(node.databases()).toEqual(other.databases());
  expect(node.client.status.version).toBe(other.client.status.version);
});

it("#16 a truncated body: another cluster's snapshot in a response is not adopted either", async () => {
  const [ours, theirs] = [await serve(), await serve()];
  const other = await openNode(theirs.url, { haste: 1 });
  await other.client.createDatabase('theirs');
  const front = await balancer(ours.url);
  const node = await openNode(front.url, { haste: 1 });
  await node.client.createDatabase('ours');
  const stranger = await fetch(`${theirs.url}/clusters/faults/versions/0`, { headers: { prefer: 'wait=0' } });
  const snapshot = Buffer.from(await stranger.arrayBuffer());
  const digest = stranger.headers.get('content-digest');
  const version = Number(stranger.headers.get('version')) + 1_000_000;
  // A manager that sends our own epoch is ours: headers and body of a response belong together.
  for (const epoch of [stranger.headers.get('cflux-epoch') ?? '', 'any', undefined]) {
    front.mischief = {
      request: (passage) => {
        if (!isPoll(passage)) return undefined;
        const lines = [
          `HTTP/1.1 200 OK`,
          `Version: ${version}`,
          `Content-Digest: ${digest}`,
          `Content-Length: ${snapshot.length}`,
          ...(epoch === undefined ? [] : [`Cflux-Epoch: ${epoch}`]),
        ];
        return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), snapshot]);
      },
    };
    await node.client.refresh().catch(() => undefined);
    expect(node.databases(), `with the epoch ${epoch}`).toEqual(['ours']);
  }
});
