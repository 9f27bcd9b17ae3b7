import type { Gateway, GatewayOptions } from 'clusterflux/gateway';
import { createGateway } from 'clusterflux/gateway';
import { Passwords } from '../../../src/meta/passwords.js';
import { type AnsweringProxy, answeringProxy } from '../../influxdb/support/answering-proxy.js';
import { type Node, type NodeOptions, node } from '../../influxdb/support/fleet.js';
import { atEnd } from '../../influxdb/support/lab.js';

/** A node of a cluster with a real server and a gateway before it. */
export interface GatewayNode extends Node {
  readonly gateway: Gateway;
}

export interface GatewayNodeOptions {
  readonly mirror?: NodeOptions;
  readonly gateway?: Partial<GatewayOptions>;
  /** Returns the URL at which the node sees its server. */
  readonly seenAt?: (url: string) => Promise<string>;
}

const passwords = new Passwords(4);

/** Starts a node that has converged once, with a gateway; hashes are cheap. */
export async function gatewayNode(endpoint: string, options: GatewayNodeOptions = {}): Promise<GatewayNode> {
  const made = await node(endpoint, options.mirror, options.seenAt);
  const { client, mirror } = made;
  while (mirror.lastReport === undefined)
    await new Promise<void>((resolve) => mirror.once('report', () => resolve()));
  const hashPassword = (password: string) => passwords.hash(password);
  const gateway = await createGateway({ client, mirror, port: 0, hashPassword, ...options.gateway });
  atEnd(() => gateway.close());
  return { ...made, gateway };
}

/** A node that sees its server through a proxy, which may respond itself. */
export async function proxiedNode(
  endpoint: string,
  options: Omit<GatewayNodeOptions, 'seenAt'> = {},
): Promise<GatewayNode & { readonly proxy: AnsweringProxy }> {
  const proxies: AnsweringProxy[] = [];
  const seenAt = async (url: string) => {
    const made = await answeringProxy(url);
    proxies.push(made);
    return made.url;
  };
  const made = await gatewayNode(endpoint, { ...options, seenAt });
  const [proxy] = proxies;
  if (proxy === undefined) throw new Error('no proxy');
  return { ...made, proxy };
}
