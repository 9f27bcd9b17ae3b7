import { showCertificates } from '../../certificate-metrics.js';
import { clientMetrics } from '../../client/observe/client-metrics.js';
import { gatewayMetrics } from '../../gateway/gateway-metrics.js';
import { promClient } from '../../prom-client.js';
import type { Agent, AgentHealth } from './agent.js';

/** The metrics of an agent in the text format of Prometheus: `cflux_client_…` for its client, `cflux_agent_…` for its server. */
export interface AgentMetrics {
  readonly contentType: string;
  text(): Promise<string>;
}

const gauges: Record<string, { help: string; read: (health: AgentHealth) => number | undefined }> = {
  influxdb_up: {
    help: 'Whether the server responds, and the last convergence completed.',
    read: ({ server }) => (server.error === undefined ? 1 : 0),
  },
  last_convergence_timestamp_seconds: {
    help: 'When the last convergence completed.',
    read: ({ server }) => server.lastConvergedAt && server.lastConvergedAt / 1_000,
  },
  in_sync: {
    help: 'Items of the cluster that are equal on the server.',
    read: ({ report }) => report?.inSync,
  },
  pending: {
    help: 'Findings that need a decision of the operator.',
    read: ({ report }) => report?.pending.length,
  },
  refused: {
    help: 'Items of the cluster that the server cannot have.',
    read: ({ report }) => report?.refused.length,
  },
  unmanaged: {
    help: 'Items that exist only on the server.',
    read: ({ report }) => report?.unmanaged.length,
  },
};

/** @throws CfluxError `MISSING_DEPENDENCY` without the package prom-client */
export async function agentMetrics(agent: Agent): Promise<AgentMetrics> {
  const prom = await promClient();
  const { Counter, Gauge, Registry } = prom;
  const registry = new Registry();
  const registers = [registry];
  await clientMetrics(agent.client, { registry });
  if (agent.gateway !== undefined) await gatewayMetrics(agent.gateway, { registry });
  showCertificates(prom, registry, () => agent.certificates.map((certificate) => ({ certificate })));
  for (const [name, { help, read }] of Object.entries(gauges)) {
    new Gauge({
      name: `cflux_agent_${name}`,
      help,
      registers,
      collect() {
        this.remove();
        const value = read(agent.health);
        if (value !== undefined) this.set(value);
      },
    });
  }
  const counter = (name: string, help: string, valuesOf: () => Record<string, number>) => {
    new Counter({
      name: `cflux_agent_${name}`,
      help,
      labelNames: ['result'],
      registers,
      collect() {
        this.reset();
        for (const [result, count] of Object.entries(valuesOf())) this.inc({ result }, count);
      },
    });
  };
  counter('changes_total', 'Changes made on the server.', () => ({
    done: agent.counts.done,
    refused: agent.counts.refused,
  }));
  counter('convergences_total', 'Convergences.', () => ({
    ended: agent.counts.converged,
    failed: agent.counts.failed,
  }));
  return { contentType: registry.contentType, text: () => registry.metrics() };
}
