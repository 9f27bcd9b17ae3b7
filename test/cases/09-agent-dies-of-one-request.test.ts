import { expect, it } from 'vitest';
import { agent } from '../cli/away-agent.js';
import { RawClient } from '../support/raw-client.js';

it('R14: an agent responds to a request whose target is not a URL, and continues', async () => {
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
