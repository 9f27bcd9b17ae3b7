import type { JsonObject } from '../../../../json-object.js';
import type { VersionRecord } from '../../../manager-store.js';
import { readJson, writeJson } from '../stored-json.js';

/** A retained version, and where its bytes are. */
export interface StoredVersion {
  readonly record: VersionRecord;
  /** Name of the upload with its pieces. */
  readonly upload: string;
}

/** The value of a cluster's head key. */
export interface StoredHead {
  /** Highest version of the history that was deleted under this name; 0 if there is none. */
  readonly generation: number;
  /** Newest first. */
  readonly versions: readonly StoredVersion[];
}

/** The head of a cluster for which nothing is stored. */
export const emptyHead: StoredHead = { generation: 0, versions: [] };

export function encodeHead({ generation, versions }: StoredHead): Buffer {
  return writeJson({ generation, versions: versions.map(({ record, upload }) => ({ ...record, upload })) });
}

export function decodeHead(key: string, value: Uint8Array): StoredHead {
  const head = readJson(key, value);
  return { generation: head.integer('generation'), versions: head.objects('versions').map(decodeVersion) };
}

function decodeVersion(version: JsonObject): StoredVersion {
  const nodeId = version.optionalInteger('nodeId');
  const author = version.optionalText('author');
  const record: VersionRecord = {
    version: version.integer('version'),
    mutation: version.text('mutation'),
    at: version.integer('at'),
    size: version.integer('size'),
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(author === undefined ? {} : { author }),
  };
  return { record, upload: version.text('upload') };
}

/** Returns the retained versions, newest first. */
export const keptOf = ({ versions }: StoredHead): readonly VersionRecord[] =>
  versions.map(({ record }) => record);
