import { CfluxError } from '../errors.js';

/** A refusal without a code of its own; nothing was changed. */
export const refused = (message: string): CfluxError => new CfluxError('STATEMENT_REFUSED', message);
