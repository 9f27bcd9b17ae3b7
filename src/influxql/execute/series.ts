/** A cell of a result; ids are bigints. */
export type Cell = string | number | bigint | boolean | null | readonly string[];

/** A table of a result, in the shape of InfluxDB's JSON: without rows it has no `values`. */
export interface Series {
  readonly name?: string;
  readonly columns: readonly string[];
  readonly values?: readonly (readonly Cell[])[];
}

/** Creates a table of `rows`. */
export function seriesOf(
  name: string | undefined,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
): Series {
  return { ...(name === undefined ? {} : { name }), columns, ...(rows.length === 0 ? {} : { values: rows }) };
}
