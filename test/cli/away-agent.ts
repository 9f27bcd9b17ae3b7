import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { cflux } from './lab-terminal.js';

/** The URL of an agent whose server and manager are away, until the test is over; its port is what matters. */
export async function agent(...flags: readonly string[]): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'cflux-agent-'));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  const away = 'http://127.0.0.1:1';
  const places = ['--influxdb', away, '--endpoint', away, '--data', data, '--listen', ':0'];
  const running = cflux(['agent', ...places, ...flags]);
  onTestFinished(async () => void (await running.end()));
  return /on (http:\S+)/.exec(await running.line('/health and /metrics'))?.[1] ?? '';
}
