import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { describeWithFacility } from '../support/servers.js';
import { temporaryDisk } from '../support/temporary-disk.js';
import { CfluxManager } from './support/cflux-manager.js';

describeWithFacility('tmpfs', '#19 a full disk', () => {
  it('#19 the store fails: on a full disk a push is refused with a clear error, nothing acknowledged is lost, even by kill -9, and pushes succeed again when there is room', async () => {
    const disk = temporaryDisk(1);
    const manager = await CfluxManager.start(['--data', disk]);
    const acknowledged: { version: string; size: number }[] = [];
    const push = (size: number) =>
      fetch(`${manager.url}/clusters/faults/versions/${acknowledged.at(-1)?.version ?? 0}`, {
        method: 'POST',
        body: Buffer.alloc(size, size),
      });
    let refused: Response | undefined;
    for (let size = 20_000; refused === undefined; size += 10_000) {
      const answer = await push(size);
      if (answer.status === 200) acknowledged.push({ version: answer.headers.get('version') ?? '', size });
      else refused = answer;
      expect(size).toBeLessThan(1_000_000);
    }
    expect(acknowledged.length).toBeGreaterThan(2);
    expect([500, 507]).toContain(refused.status);
    expect(refused.headers.get('cflux-outcome')).toBe('refused');
    expect(await refused.text()).toMatch(/^no room in /);
    const newest = acknowledged.at(-1);
    const holds = async (url: string) => {
      const answer = await fetch(`${url}/clusters/faults/versions/0`, { headers: { prefer: 'wait=0' } });
      expect(answer.headers.get('version')).toBe(newest?.version);
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.alloc(newest?.size ?? 0, newest?.size));
    };
    await holds(manager.url);
    expect((await push(900_000)).headers.get('cflux-outcome')).toBe('refused');

    await manager.kill();
    // Onto a larger disk: what an operator does.
    const roomy = await mkdtemp(join(tmpdir(), 'cflux-roomy-'));
    onTestFinished(() => rm(roomy, { recursive: true, force: true }));
    await copyFile(join(disk, 'data.mdb'), join(roomy, 'data.mdb'));
    const second = await CfluxManager.start(['--data', roomy]);
    await holds(second.url);
    const answer = await fetch(`${second.url}/clusters/faults/versions/${newest?.version}`, {
      method: 'POST',
      body: Buffer.alloc(900_000, 1),
    });
    expect(answer.status).toBe(200);
  });
});
