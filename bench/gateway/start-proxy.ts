import { MeasuredChild } from '../measured-child.js';

/** Starts a proxy in a process of its own; see there for the arguments. */
export const startProxy = (kind: 'gateway' | 'bare' | 'source', ...args: string[]): Promise<MeasuredChild> =>
  MeasuredChild.start(new URL('proxy-process.ts', import.meta.url), kind, ...args);
