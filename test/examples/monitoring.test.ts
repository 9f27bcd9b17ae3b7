import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { agentMetrics } from '../../src/cli/agent/agent-metrics.js';
import { namesIn as codesIn, rowsOf, textOf } from '../docs/markdown.js';
import { serve } from '../support/serve.js';
import { unstartedAgent } from '../support/unstarted-agent.js';

const read = (name: string) =>
  readFileSync(new URL(`../../examples/monitoring/${name}`, import.meta.url), 'utf8');

/** Metric names in PromQL, without the suffixes of a histogram. */
const namesIn = (text: string) =>
  [...text.matchAll(/\bcflux_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));

/** `name{label` pairs in PromQL. */
const labelsIn = (text: string) =>
  [...text.matchAll(/\b(cflux_[a-z_]+)\{([^}]*)\}/g)].flatMap(([, name = '', labels = '']) =>
    [...labels.matchAll(/([a-z]+)\s*[=!]/g)].map(([, label]) => `${name}{${label}`),
  );

describe('examples/monitoring', () => {
  /** What a manager, and an agent with its client, expose. */
  async function exposed(): Promise<string> {
    const { url, manager } = await serve();
    await manager.register('c', { ip: '', hostname: 'h', bindAddress: 'h:1' }, {}, { instance: 'i' });
    await manager.push({ cluster: 'c', version: 0, snapshot: Buffer.from('x'), mutation: 'm' });
    const { text } = await agentMetrics(unstartedAgent());
    return `${await text()}\n${await (await fetch(`${url}/metrics`)).text()}`;
  }

  it.each(['alerts.yml', 'grafana-dashboard.json'])(
    '%s uses metrics that exist, with their labels',
    async (name) => {
      const exposition = await exposed();
      const metrics = new Set([...exposition.matchAll(/^# TYPE (\S+)/gm)].map(([, type = '']) => type));
      const text = read(name);
      const used = namesIn(text);
      expect(used.length).toBeGreaterThan(5);
      for (const metric of used) expect(metrics, metric).toContain(metric);
      for (const pair of labelsIn(text)) {
        const [metric = '', label = ''] = pair.split('{');
        const shown = exposition.split('\n').filter((line) => line.startsWith(`${metric}{`));
        if (shown.length > 0)
          expect(
            shown.some((line) => line.includes(`${label}="`)),
            pair,
          ).toBe(true);
      }
    },
  );

  it('every alert is in docs/how-to/monitor.md, which has no other', () => {
    const alerts = [...read('alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const documented = rowsOf(textOf('docs/how-to/monitor.md')).map(([cell]) => codesIn(cell)[0]);
    expect(documented.sort()).toEqual(alerts.sort());
  });

  it('the dashboard is JSON whose panels have titles and do not overlap', () => {
    const { panels } = JSON.parse(read('grafana-dashboard.json')) as {
      panels: { title: string; targets: { expr: string }[]; gridPos: { x: number; y: number } }[];
    };
    expect(panels.every(({ title, targets }) => title !== '' && targets.length > 0)).toBe(true);
    const places = panels.map(({ gridPos: { x, y } }) => `${x} ${y}`);
    expect(new Set(places).size).toBe(panels.length);
  });
});
