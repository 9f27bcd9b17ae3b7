import type { CfluxErrorOptions } from './errors.js';
import { missingPackage } from './missing-package.js';

/** The error for metrics without the optional package. */
export const missingPromClient = (options: CfluxErrorOptions = {}) =>
  missingPackage('prom-client', 'no metrics', options);

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
