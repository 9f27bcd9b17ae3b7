import type { EventLogger, EventRecord } from '../../client/observe/event-logger.js';
import type { AgentLog } from './agent-log.js';

/** Logs the events between a node and its manager as lines of `log`, except routine ones. */
export function clientLogger(log: AgentLog): EventLogger {
  const notify = ({ event, ...fields }: EventRecord, message: string) => log.notify(event, message, fields);
  return { debug: () => {}, info: notify, warn: notify, error: notify };
}
