import { CfluxError, type CfluxErrorOptions } from './errors.js';

/** The error for metrics without the optional package. */
export const missingPromClient = (options: CfluxErrorOptions = {}) =>
  new CfluxError(
    'MISSING_DEPENDENCY',
    'metrics require the package prom-client: npm install prom-client',
    options,
  );

/**
 * Loads the optional package prom-client.
 *
 * @throws `MISSING_DEPENDENCY`
 */
export async function promClient(): Promise<typeof import('prom-client')> {
  try {
    return await import('prom-client');
  } catch (cause) {
    throw missingPromClient({ cause });
  }
}
