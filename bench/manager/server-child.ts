import { MeasuredChild } from '../measured-child.js';

/** Starts a manager, or one of the floors that managers are compared with, in a process of its own. */
export const startServer = (
  kind: 'manager' | 'bare-heartbeat' | 'bare-fan-out' | 'headed-fan-out',
  ...args: string[]
): Promise<MeasuredChild> =>
  MeasuredChild.start(new URL('server-process.ts', import.meta.url), kind, ...args);
