import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { CfluxError } from '../errors.js';
import type { Agent } from './agent.js';
import { withoutBigints } from './agent-log.js';
import { agentMetrics } from './agent-metrics.js';

/** Answers `/health` and `/metrics` of one agent. */
export interface AgentServer {
  readonly url: string;
  close(): Promise<void>;
}

/** @throws CfluxError `INVALID_OPTION` where the address cannot be listened on */
export async function serveAgent(
  agent: Agent,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<AgentServer> {
  // Now, for what happens before anybody asks counts too. Without prom-client whoever asks is told.
  const metrics = agentMetrics(agent);
  metrics.catch(() => {});
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, body: string) => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
    };
    const path = new URL(request.url ?? '/', 'http://agent').pathname;
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(405, 'text/plain', 'only GET\n');
    else if (path === '/health') {
      const health = agent.health;
      const body = JSON.stringify(summaryOf(health), withoutBigints);
      answer(health.healthy ? 200 : 503, 'application/json', `${body}\n`);
    } else if (path === '/metrics') {
      metrics
        .then(async ({ contentType, text }) => answer(200, contentType, await text()))
        .catch((error: unknown) => answer(501, 'text/plain', `${CfluxError.from(error).message}\n`));
    } else answer(404, 'text/plain', 'there are /health and /metrics\n');
  });
  await listen(server, host, port);
  const address = server.address();
  const bound = address === null || typeof address === 'string' ? port : address.port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw new CfluxError('INVALID_OPTION', `--listen: ${CfluxError.from(cause).message}`, { cause });
  }
}

function summaryOf({ healthy, client, server, report }: Agent['health']): object {
  const counts = report && {
    source: report.source,
    alreadySo: report.alreadySo,
    pending: report.pending.length,
    refused: report.refused.length,
    onlyHere: report.onlyHere.length,
  };
  return { status: healthy ? 'ok' : 'degraded', manager: client, influxdb: { ...server, ...counts } };
}
