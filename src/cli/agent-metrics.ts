import { CfluxError } from '../errors.js';
import type { Agent } from './agent.js';

/** The figures of `agent` in the text format of Prometheus. */
export async function agentMetrics(agent: Agent): Promise<{ contentType: string; text: string }> {
  const { Counter, Gauge, Registry } = await promClient();
  const registry = new Registry();
  const gauge = (name: string, help: string, value: number | undefined) => {
    if (value !== undefined)
      new Gauge({ name: `cflux_agent_${name}`, help, registers: [registry] }).set(value);
  };
  const { client, server, report } = agent.health;
  const { done, refused, converged, failed } = agent.counts;
  gauge('cluster_version', 'Version of the cluster that this node has', client.version);
  gauge('manager_up', 'Whether the manager answers', client.state === 'online' ? 1 : 0);
  gauge('influxdb_up', 'Whether the last convergence ended', server.error === undefined ? 1 : 0);
  gauge(
    'last_convergence_timestamp_seconds',
    'When the last convergence ended',
    server.lastConvergedAt && server.lastConvergedAt / 1000,
  );
  gauge('agreeing', 'Things of the cluster that the server has as the cluster has them', report?.alreadySo);
  gauge('pending', 'Findings that wait for the operator', report?.pending.length);
  gauge('refused', 'Things of the cluster that the server cannot have', report?.refused.length);
  gauge('only_here', 'Things that are only on the server', report?.onlyHere.length);
  const counter = (name: string, help: string, label: string, values: Record<string, number>) => {
    const made = new Counter({
      name: `cflux_agent_${name}`,
      help,
      labelNames: [label],
      registers: [registry],
    });
    for (const [value, count] of Object.entries(values)) made.inc({ [label]: value }, count);
  };
  counter('changes_total', 'Changes of the server', 'result', { done, refused });
  counter('convergences_total', 'Convergences', 'result', { ended: converged, failed });
  return { contentType: registry.contentType, text: await registry.metrics() };
}

async function promClient(): Promise<typeof import('prom-client')> {
  try {
    return await import('prom-client');
  } catch (cause) {
    throw new CfluxError('MISSING_DEPENDENCY', 'metrics need a package: npm install prom-client', { cause });
  }
}
