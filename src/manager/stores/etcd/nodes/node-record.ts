import type { NodeKind } from '../../../../protocol/nodes.js';
import type { NodeDetails } from '../../../manager-store.js';
import { isNodeKind, readStoredProgress, type StoredProgress } from '../../../nodes/stored-progress.js';
import { readJson, writeJson } from '../stored-json.js';

/** The stored record of a node. Managers of version 0.1 write and read its description only. */
export interface NodeRecord extends NodeDetails {
  /** The kind of node at its registration, or at its last change. */
  readonly kind?: NodeKind | undefined;
  /** The last progress before the node was found dead. */
  readonly last?: StoredProgress | undefined;
}

export const encodeNode = ({ ip, hostname, bindAddress, kind, last }: NodeRecord) =>
  writeJson({ ip, hostname, bindAddress, kind, last });

export function decodeNode(key: string, value: Uint8Array): NodeRecord {
  const node = readJson(key, value);
  const last = node.optionalObject('last');
  return {
    ip: node.text('ip'),
    hostname: node.text('hostname'),
    bindAddress: node.text('bindAddress'),
    kind: node.optionalField('kind', isNodeKind, 'a kind of node'),
    last: last && readStoredProgress(last),
  };
}
