// What a user's program asks of the types, in each way of resolving modules.
import {
  CfluxClient,
  type CfluxEvents,
  type CfluxOptions,
  type EventLogger,
  isCfluxError,
  LocalMetaClient,
  type Transport,
} from 'clusterflux';
import { InfluxMirror } from 'clusterflux/influxdb';
import {
  createManagerServer,
  LocalTransport,
  Manager,
  type ManagerStore,
  MemoryStore,
} from 'clusterflux/manager';
import { FakeManager, type MockMetaClient, mockMetaClient } from 'clusterflux/testing';

const store: ManagerStore = new MemoryStore();
const manager = new Manager({ store });
const transport: Transport = new LocalTransport(manager);
const logger: EventLogger = console;
const options: CfluxOptions = { cluster: 'prod', transport, logger };
export const client = new CfluxClient(new LocalMetaClient(), options);
export const mocked: CfluxClient<MockMetaClient> = new CfluxClient(mockMetaClient(), {
  transport: new FakeManager().transport,
});
const clusterOf = (any: CfluxClient): string => any.status.cluster;
export const cluster = clusterOf(mocked);

client.on('pushed', (payload: CfluxEvents['pushed'][0]) => payload.version.toFixed());
// @ts-expect-error there is no such event
client.on('nothing', () => undefined);

export async function change(): Promise<string | undefined> {
  try {
    const id: bigint = await client.mutate((meta: LocalMetaClient) => meta.clusterId());
    const database = await client.createDatabase(`db ${id}`);
    return database.defaultRetentionPolicy;
  } catch (error) {
    if (isCfluxError(error, 'UNKNOWN_OUTCOME')) return error.outcome;
    throw error;
  }
}

export const serve = () => createManagerServer(manager, { port: 0 });
export const mirror = new InfluxMirror({ url: 'http://127.0.0.1:8086' });
