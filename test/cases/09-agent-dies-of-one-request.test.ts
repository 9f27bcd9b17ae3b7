import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { cflux } from '../cli/lab-terminal.js';
import { RawClient } from '../support/raw-client.js';

/** An agent whose server and manager are away; its port is what matters. */
async function agent(): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'cflux-case-'));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  const away = 'http://127.0.0.1:1';
  const running = cflux(['agent', '--influxdb', away, '--endpoint', away, '--data', data, '--listen', ':0']);
  onTestFinished(async () => void (await running.end()));
  return /on (http:\S+)/.exec(await running.line('/health and /metrics'))?.[1] ?? '';
}

it('R14: an agent responds to a request whose target is no URL, and goes on', async () => {
  const url = await agent();
  const targets = ['//', '///', '//[', 'http://', 'http:///', '*', '/%', '/\xff', 'x', ':', '?'];
  for (const target of targets) {
    const client = await RawClient.connect(url);
    client.send([`GET ${target} HTTP/1.1`, 'Host: localhost']);
    const { status } = await client.answer();
    expect(status, target).toBeGreaterThanOrEqual(400);
    expect(status, target).toBeLessThan(500);
  }
  expect((await fetch(`${url}/health?verbose`)).status).toBe(503);
});
