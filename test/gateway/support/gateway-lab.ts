import type { Gateway, GatewayOptions } from 'clusterflux/gateway';
import { createGateway } from 'clusterflux/gateway';
import type { InfluxMirrorOptions } from 'clusterflux/influxdb';
import { Passwords } from '../../../src/meta/passwords.js';
import { type Node, node } from '../../influxdb/support/fleet.js';
import { atEnd } from '../../influxdb/support/lab.js';

/** A node of a cluster with a real server and a gateway before it. */
export interface GatewayNode extends Node {
  readonly gateway: Gateway;
}

export interface GatewayNodeOptions {
  readonly mirror?: Partial<InfluxMirrorOptions>;
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
