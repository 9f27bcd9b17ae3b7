import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { acceptsConnections } from '../../test/support/accepts-connections.js';
import { freePort } from '../../test/support/influxd.js';

/** An nginx before the server at `url`; `undefined` if it is not installed. */
export async function startNginx(
  url: string,
): Promise<{ readonly url: string; stop(): Promise<void> } | undefined> {
  if (spawnSync('which', ['nginx']).status !== 0) return undefined;
  const dir = await mkdtemp(join(tmpdir(), 'cflux-nginx-'));
  const port = await freePort();
  const configuration = `daemon off; pid ${dir}/pid; error_log ${dir}/log; worker_processes 1; events {}
http {
  access_log off; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
  upstream influxdb { server ${new URL(url).host}; keepalive 64; }
  server {
    listen 127.0.0.1:${port}; keepalive_requests 1000000;
    location / { proxy_pass http://influxdb; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off; }
  }
}`;
  await writeFile(join(dir, 'nginx.conf'), configuration);
  const child = spawn('nginx', ['-c', join(dir, 'nginx.conf')], { stdio: 'ignore' });
  while (!(await acceptsConnections(port))) await setTimeout(20);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
