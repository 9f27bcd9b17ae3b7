import { CfluxError } from '../errors.js';

/** The optional package prom-client, loaded when somebody wants figures. */
export async function promClient(): Promise<typeof import('prom-client')> {
  try {
    return await import('prom-client');
  } catch (cause) {
    const message = 'metrics need the package prom-client: npm install prom-client';
    throw new CfluxError('MISSING_DEPENDENCY', message, { cause });
  }
}
