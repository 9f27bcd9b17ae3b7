import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { CfluxError } from '../../errors.js';
import { listenFailure } from '../../listen-failure.js';
import { BrowserGuard } from '../../protocol/browser-guard.js';
import { onEveryRequest } from '../../protocol/every-request.js';
import { parseTarget } from '../../protocol/request-target.js';
import type { Agent } from './agent.js';
import { withoutBigints } from './agent-log.js';
import { type AgentMetrics, agentMetrics } from './agent-metrics.js';

/** Serves `/health` and `/metrics` of one agent. */
export interface AgentServer {
  readonly url: string;
  close(): Promise<void>;
}

export interface AgentServerOptions {
  readonly host: string;
  readonly port: number;
  /** Further host names that are accepted while it listens on loopback. */
  readonly hostNames: readonly string[];
}

/** @throws CfluxError `INVALID_OPTION` if it cannot listen on the address, or a host name is invalid */
export async function serveAgent(
  agent: Agent,
  { host, port, hostNames }: AgentServerOptions,
): Promise<AgentServer> {
  // This server has no authentication.
  const guard = new BrowserGuard({ open: true, hostNames });
  // Created now, so that events before the first request are counted too. Without prom-client, each request gets the error.
  const metrics = agentMetrics(agent);
  metrics.catch(() => {});
  const server = createServer();
  onEveryRequest(server, async (request, response) => {
    const refusal = guard.refusal(request);
    if (refusal !== undefined) response.shouldKeepAlive = false;
    const answer = refusal === undefined ? await answerTo(request, agent, metrics) : plain(403, refusal);
    const { status, type, body, headers } = answer;
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers }).end(body);
  });
  await listen(server, host, port);
  const address = server.address();
  if (typeof address === 'object' && address !== null) guard.boundTo(address.address);
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

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const plain = (status: number, text: string): Answer => ({ status, type: 'text/plain', body: `${text}\n` });

async function answerTo(
  { method, url = '' }: IncomingMessage,
  agent: Agent,
  metrics: Promise<AgentMetrics>,
): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD')
    return { ...plain(405, 'method not allowed: use GET'), headers: { allow: 'GET, HEAD' } };
  switch (parseTarget(url)?.path) {
    case '/health': {
      const health = agent.health;
      const body = JSON.stringify(summaryOf(health), withoutBigints);
      return { status: health.healthy ? 200 : 503, type: 'application/json', body: `${body}\n` };
    }
    case '/metrics':
      try {
        const { contentType, text } = await metrics;
        return { status: 200, type: contentType, body: await text() };
      } catch (error) {
        return plain(501, CfluxError.from(error).message);
      }
    default:
      return plain(404, 'not found: use /health or /metrics');
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw listenFailure(cause, host, port);
  }
}

function summaryOf({ healthy, reason, client, server, report, gateway }: Agent['health']): object {
  const counts = report && {
    source: report.source,
    inSync: report.inSync,
    pending: report.pending.length,
    refused: report.refused.length,
    unmanaged: report.unmanaged.length,
    ...(report.snapshotFailure === undefined ? {} : { snapshotFailure: report.snapshotFailure }),
  };
  const influxdb = { ...server, ...counts };
  const why = reason === undefined ? {} : { reason };
  const its = gateway === undefined ? {} : { gateway };
  return { status: healthy ? 'ok' : 'degraded', ...why, manager: client, influxdb, ...its };
}
