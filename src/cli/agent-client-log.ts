import type { CfluxClient } from '../client/cflux-client.js';
import type { LocalMetaClient } from '../meta/local-meta-client.js';
import type { AgentLog } from './agent-log.js';

/** Tells what happens between a node and its manager. What is tried again and again is told the first time. */
export function tellOfClient(client: CfluxClient<LocalMetaClient>, log: AgentLog): void {
  client.on('registered', ({ nodeId, cluster, endpoint }) => {
    log.tell('registered', `node ${nodeId} of cluster ${cluster} at ${endpoint}`, { nodeId, cluster });
  });
  client.on('synced', ({ version, previousVersion }) => {
    log.tell('synced', `version ${version} of the cluster is here`, { version, previousVersion });
  });
  client.on('heartbeatFailed', ({ error, failures }) => {
    if (failures === 1) log.tell('heartbeatFailed', `${error.message}; trying again`, { code: error.code });
  });
  client.on('syncFailed', ({ error, failures }) => {
    if (failures === 1) log.tell('syncFailed', `${error.message}; trying again`, { code: error.code });
  });
  client.on('expired', ({ nodeId }) => {
    log.tell('expired', `the manager forgot node ${nodeId}; registering again`, { nodeId });
  });
  client.on('replaced', ({ reason, backup }) => {
    const text = `other metadata took the place of this node's (${reason})${kept(backup)}`;
    log.tell('replaced', text, { reason, backup });
  });
  client.on('diverged', ({ backup }) => {
    const text = `somebody changed this node's metadata behind its back; it was put back${kept(backup)}`;
    log.tell('diverged', text, { backup });
  });
  client.on('epochChanged', ({ epoch, previousEpoch, seeded, backup }) => {
    const what = seeded ? "this node's metadata began its new one" : `its new one is followed${kept(backup)}`;
    const text = `the manager lost its history: ${what}; nothing is dropped for that`;
    log.tell('epochChanged', text, { epoch, previousEpoch, seeded });
  });
  client.on('stateChange', ({ to }) => {
    if (to === 'online' || to === 'offline') log.tell(to, `the manager is ${to}`);
  });
}

const kept = (backup: string | undefined) => (backup === undefined ? '' : `; a backup is at ${backup}`);
