import {
  createManagerServer,
  Manager,
  type ManagerOptions,
  type ManagerServer,
  type ManagerServerOptions,
  MemoryStore,
} from 'clusterflux/manager';
import { onTestFinished } from 'vitest';

export interface Served {
  readonly manager: Manager;
  readonly server: ManagerServer;
  readonly url: string;
}

/** A manager served on a free port until the test is over. */
export async function serve(
  options: Partial<ManagerOptions> = {},
  serverOptions: ManagerServerOptions = {},
): Promise<Served> {
  const manager = new Manager({ store: new MemoryStore(), ...options });
  const server = await createManagerServer(manager, { port: 0, ...serverOptions });
  onTestFinished(async () => {
    await server.close();
    await manager.close();
  });
  return { manager, server, url: server.url };
}
