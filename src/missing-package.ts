import { CfluxError, type CfluxErrorOptions } from './errors.js';

/** The error for an optional package that is not installed. `what` cannot be used without it. */
export const missingPackage = (name: string, what: string, options: CfluxErrorOptions = {}) =>
  new CfluxError(
    'MISSING_DEPENDENCY',
    `${what}: the package ${name} is missing; npm install ${name} (with --global if clusterflux was installed with --global)`,
    options,
  );
