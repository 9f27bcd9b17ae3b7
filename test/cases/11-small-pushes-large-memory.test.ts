import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { CfluxManager } from '../faults/support/cflux-manager.js';

it('R24: forty small pushes that unpack to 60 MB each take a bounded part of the memory', async () => {
  const manager = await CfluxManager.start(['--memory']);
  const versions = `${manager.url}/clusters/c/versions`;
  await fetch(`${versions}/0`, { method: 'POST', body: 'first' });
  const body = gzipSync(Buffer.alloc(60 * 2 ** 20));
  const push = () =>
    new Promise<{ status: number | undefined; retryAfter: unknown; outcome: unknown }>((resolve, reject) => {
      const headers = { 'Content-Encoding': 'gzip', 'Content-Length': body.length };
      const sent = request(`${versions}/1`, { method: 'POST', headers }, (answer) => {
        const { statusCode: status, headers: received } = answer;
        const result = { status, retryAfter: received['retry-after'], outcome: received['cflux-outcome'] };
        answer.resume().on('end', () => resolve(result));
      });
      sent.on('error', reject).end(body);
    });
  const answers = await Promise.all(Array.from({ length: 40 }, push));
  const refused = answers.filter(({ status }) => status === 503);
  expect(answers.filter(({ status }) => status === 409).length).toBeGreaterThan(0);
  expect(answers.every(({ status }) => status === 409 || status === 503)).toBe(true);
  expect(refused.length).toBeGreaterThan(0);
  for (const { retryAfter, outcome } of refused) {
    expect(Number(retryAfter)).toBeGreaterThan(0);
    expect(outcome).toBe('refused');
  }
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${manager.pid}/status`, 'utf8'))?.[1]);
  expect(peak / 1024).toBeLessThan(1_000);
});
