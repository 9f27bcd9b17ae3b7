import type { EventLogger, EventRecord } from '../client/event-logger.js';
import type { AgentLog } from './agent-log.js';

/** What happens between a node and its manager, as lines of `log`; routine makes none. */
export function clientLogger(log: AgentLog): EventLogger {
  const tell = ({ event, ...fields }: EventRecord, message: string) => log.tell(event, message, fields);
  return { debug: () => {}, info: tell, warn: tell, error: tell };
}
