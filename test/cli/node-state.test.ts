import type { NodeInfo, NodeReport } from 'clusterflux';
import { expect, it } from 'vitest';
import { nodeState } from '../../src/cli/node-state.js';

const node: NodeInfo = { id: 1, ip: '', hostname: 'h', bindAddress: 'h:1', alive: true, kind: 'library' };
const versions = [30, 20, 10];
const report: NodeReport = {
  version: 30,
  at: 0,
  influxdb: { reachable: true },
  drops: false,
  inSync: 1,
  pending: 0,
  refused: 0,
  unmanaged: 0,
  unverified: 0,
  findings: [],
};

it.each<[string, Partial<NodeInfo>]>([
  ['up to date', { heldVersion: 30 }],
  ['1 behind', { heldVersion: 20 }],
  ['3+ behind', { heldVersion: 5 }],
  ['3+ behind', { heldVersion: 0 }],
  ['unknown', {}],
  ['unknown', { heldVersion: 31 }],
  ['2 behind', { kind: 'agent', heldVersion: 30, appliedVersion: 10 }],
  ['up to date', { kind: 'agent', heldVersion: 30, appliedVersion: 30, report }],
  ['3 pending', { kind: 'agent', appliedVersion: 30, report: { ...report, pending: 2, refused: 1 } }],
  [
    'server down',
    { kind: 'agent', appliedVersion: 30, report: { ...report, influxdb: { reachable: false } } },
  ],
  ['dead', { heldVersion: 30, alive: false }],
  ['duplicate', { heldVersion: 30, alive: false, duplicate: true }],
])('says %s of a node (R28)', (text, said) => {
  expect(nodeState({ ...node, ...said }, versions).text).toBe(text);
});

it('shows a node without metadata as up to date in a cluster without data', () => {
  expect(nodeState({ ...node, heldVersion: 0 }, [])).toEqual({ lag: '0', text: 'up to date' });
});
