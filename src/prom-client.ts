import { CfluxError, type CfluxErrorOptions } from './errors.js';

/** What whoever wants figures is told where the optional package is missing. */
export const missingPromClient = (options: CfluxErrorOptions = {}) =>
  new CfluxError(
    'MISSING_DEPENDENCY',
    'metrics need the package prom-client: npm install prom-client',
    options,
  );

/**
 * The optional package prom-client, loaded when somebody wants figures.
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
