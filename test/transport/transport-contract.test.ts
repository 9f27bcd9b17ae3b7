import { MessageChannel } from 'node:worker_threads';
import { HttpTransport, type Transport } from 'clusterflux';
import { createManagerServer, LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { type ConnectedTransport, transportContract } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { PortTransport, serve } from '../../examples/custom-transport.js';

const connections: Record<string, () => Promise<ConnectedTransport>> = {
  async LocalTransport() {
    const manager = new Manager({ store: new MemoryStore() });
    return { transport: new LocalTransport(manager), close: () => manager.close() };
  },
  async HttpTransport() {
    const manager = new Manager({ store: new MemoryStore() });
    const server = await createManagerServer(manager, { port: 0 });
    const close = async () => {
      await server.close();
      await manager.close();
    };
    return { transport: new HttpTransport({ endpoint: server.url }), close };
  },
  async 'a transport of one’s own (examples/custom-transport.ts)'() {
    const manager = new Manager({ store: new MemoryStore() });
    const { port1, port2 } = new MessageChannel();
    serve(new LocalTransport(manager), port1);
    return { transport: new PortTransport(port2), close: () => manager.close() };
  },
};

describe.each(Object.entries(connections))('%s', (_, connect) => {
  for (const { name, run } of transportContract(connect)) it(name, run);
});

describe('the contract', () => {
  it('finds a transport that loses bytes', async () => {
    const connect = async () => {
      const manager = new Manager({ store: new MemoryStore() });
      const local = new LocalTransport(manager);
      const lossy: Transport = {
        register: (request) => local.register(request),
        heartbeat: (request) => local.heartbeat(request),
        deregister: (request) => local.deregister(request),
        nodes: (request) => local.nodes(request),
        push: (request) => local.push({ ...request, snapshot: request.snapshot.subarray(1) }),
        poll: (request) => local.poll(request),
      };
      return { transport: lossy, close: () => manager.close() };
    };
    const check = transportContract(connect).find(({ name }) => name.includes('byte for byte'));
    await expect(check?.run()).rejects.toThrow();
  });
});
