import { CfluxError } from '../../../errors.js';
import { JsonObject } from '../../../json-object.js';

export const writeJson = (value: object) => Buffer.from(JSON.stringify(value));

/**
 * Parses the JSON object in a key. Other programs may have written below the prefix, so its fields are checked. @throws `STORAGE_FAILED`
 */
export function readJson(key: string, value: Uint8Array): JsonObject {
  return JsonObject.parse(
    value,
    ({ place }) =>
      new CfluxError(
        'STORAGE_FAILED',
        `etcd is damaged: invalid ${place || 'value'} in the key ${key}; restore it, or remove the key`,
      ),
  );
}
