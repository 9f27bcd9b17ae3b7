import type { EventLogger, EventRecord } from '../client/observe/event-logger.js';
import type { AgentLog } from './agent-log.js';

/** What happens between a node and its manager, as lines of `log`; routine makes none. */
export function clientLogger(log: AgentLog): EventLogger {
  const notify = ({ event, ...fields }: EventRecord, message: string) => log.notify(event, message, fields);
  return { debug: () => {}, info: notify, warn: notify, error: notify };
}
