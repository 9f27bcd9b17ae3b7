import { systemClock } from 'clusterflux';
import { Agent } from '../../src/cli/agent/agent.js';
import { AgentLog } from '../../src/cli/agent/agent-log.js';

/** An agent that is not started, for what it exposes. */
export function unstartedAgent(): Agent {
  const options = { dir: 'unused', client: {}, influx: { url: 'http://127.0.0.1:1' }, clock: systemClock };
  const log = new AgentLog(() => {}, { json: true, clock: systemClock });
  return new Agent({ ...options, import: false, onForeign: 'wait' }, log);
}
