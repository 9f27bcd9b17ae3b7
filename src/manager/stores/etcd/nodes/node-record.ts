import type { NodeKind } from '../../../../protocol/nodes.js';
import type { NodeDetails } from '../../../manager-store.js';
import { isNodeKind, type LastWord, readLastWord } from '../../../nodes/last-word.js';
import { readJson, writeJson } from '../stored-json.js';

/** What is stored of a node. Managers of version 0.1 neither write nor read more than how it described itself. */
export interface NodeRecord extends NodeDetails {
  /** What it spoke when it registered, or last. */
  readonly kind?: NodeKind | undefined;
  /** What it said last before it was found dead. */
  readonly last?: LastWord | undefined;
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
    last: last && readLastWord(last),
  };
}
