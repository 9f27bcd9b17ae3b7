import type { Series } from '../connect/influx-results.js';
import type { Json } from '../connect/lossless-json.js';

/** Returns a value in the result of SHOW DIAGNOSTICS; `undefined` for a server that does not show it. */
export function diagnosticIn(series: readonly Series[], section: string, name: string): Json | undefined {
  const found = series.find((each) => each.name === section);
  return found?.values[0]?.[found.columns.indexOf(name)];
}
