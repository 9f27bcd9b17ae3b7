import { CfluxError } from '../../../errors.js';
import { JsonObject } from '../../../json-object.js';

export const writeJson = (value: object) => Buffer.from(JSON.stringify(value));

/** The JSON object that a key holds. Others may have written below our prefix, so its fields are checked. @throws `STORAGE_FAILED` */
export function readJson(key: string, value: Uint8Array): JsonObject {
  return JsonObject.parse(
    value,
    ({ place }) =>
      new CfluxError(
        'STORAGE_FAILED',
        `etcd: ${place || 'the value'} of the key ${key} is not what a manager writes`,
      ),
  );
}
