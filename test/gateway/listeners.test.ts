import { expect, it } from 'vitest';
import { labManager } from '../influxdb/support/fleet.js';
import { nextUncaught } from '../support/next-uncaught.js';
import { describeWithServer } from '../support/servers.js';
import { exchange, query } from './support/exchange.js';
import { gatewayNode } from './support/gateway-lab.js';

describeWithServer('influxd', 'R14: listeners of a gateway', () => {
  it('R14: one that throws stops neither the statement nor the others, and each is called until it is unsubscribed', async () => {
    const { gateway } = await gatewayNode((await labManager()).url);
    const heard: string[] = [];
    const thrown = nextUncaught();
    const ending = new AbortController();
    gateway.once('statement', () => {
      throw new Error('of a listener');
    });
    gateway.on('statement', ({ statement }) => heard.push(`each: ${statement}`));
    gateway.once('statement', ({ statement }) => heard.push(`once: ${statement}`));
    gateway.on('statement', ({ statement }) => heard.push(`until: ${statement}`), { signal: ending.signal });
    const ask = async (text: string) => (await exchange(gateway.url, query(text))).body;
    expect(await ask('CREATE DATABASE a')).toBe('{"results":[{"statement_id":0}]}\n');
    expect(await thrown).toMatchObject({ message: 'of a listener' });
    await ask('CREATE DATABASE b');
    ending.abort();
    await ask('CREATE DATABASE c');
    gateway.off('statement');
    await ask('CREATE DATABASE d');
    expect(heard).toEqual([
      'each: CREATE DATABASE a',
      'once: CREATE DATABASE a',
      'until: CREATE DATABASE a',
      'each: CREATE DATABASE b',
      'until: CREATE DATABASE b',
      'each: CREATE DATABASE c',
    ]);
  });
});
