import { CfluxError } from '../errors.js';

/** Creates the error of a refusal without its own code; nothing was changed. */
export const refused = (message: string): CfluxError => new CfluxError('STATEMENT_REFUSED', message);
