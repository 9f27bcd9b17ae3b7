export type { ContractCheck } from './contract.js';
export { FakeManager } from './fake-manager.js';
export {
  type Fault,
  type FaultyCall,
  FaultyTransport,
  type FaultyTransportOptions,
  randomFaults,
} from './faulty-transport.js';
export { ManualClock } from './manual-clock.js';
export { MemoryStorage } from './memory-storage.js';
export type { OpenMetaClient, UsedMetaClient } from './meta-client-checks/check.js';
export { type MetaClientSubject, metaClientContract } from './meta-client-contract.js';
export { type MetaClientCall, type MockMetaClient, mockMetaClient } from './mock-meta-client.js';
export { seededRandom } from './seeded-random.js';
export { type StorePlace, type StoreSubject, storeContract } from './store-contract.js';
export { type ConnectedTransport, transportContract } from './transport-contract.js';
