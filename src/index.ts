export { CfluxError, type CfluxErrorCode, isCfluxError, type Outcome } from './errors.js';
