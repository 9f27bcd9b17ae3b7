export type { ContractCheck } from './contract.js';
export { ManualClock } from './manual-clock.js';
export { type StorePlace, type StoreSubject, storeContract } from './store-contract.js';
