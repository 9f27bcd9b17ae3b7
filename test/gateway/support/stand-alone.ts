import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { createGateway, type Gateway, type GatewayOptions } from 'clusterflux/gateway';
import { InfluxMirror } from 'clusterflux/influxdb';
import { LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { onTestFinished } from 'vitest';

/** A gateway before any server, whose mirror follows nothing: for requests that pass. */
export async function gatewayBefore(url: string, options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const manager = new Manager({ store: new MemoryStore() });
  const client = new CfluxClient(new LocalMetaClient(), { transport: new LocalTransport(manager) });
  await client.open();
  const mirror = new InfluxMirror({ url });
  const gateway = await createGateway({ client, mirror, port: 0, ...options });
  onTestFinished(async () => {
    await gateway.close();
    await mirror.close();
    await client.close();
    await manager.close();
  });
  return gateway;
}
