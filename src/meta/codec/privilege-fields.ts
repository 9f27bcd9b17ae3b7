/**
 * Unknown fields of a user's single privileges. In the records a privilege is an entry of a map without a place for them, so they are
 * kept separately, and passed from one version of the user to the next.
 */
const fields = new WeakMap<ReadonlyMap<string, number>, Map<string, Uint8Array>>();

/** Stores (or, for `undefined`, removes) the unknown fields of a privilege that was just read. */
export function keepUnknownPrivilegeFields(
  privileges: ReadonlyMap<string, number>,
  database: string,
  unknownFields: Uint8Array | undefined,
): void {
  const present = fields.get(privileges);
  if (unknownFields === undefined) present?.delete(database);
  else if (present === undefined) fields.set(privileges, new Map([[database, unknownFields]]));
  else present.set(database, unknownFields);
}

/** Copies the unknown fields of `from` to `to`, a changed copy of it. */
export function inheritUnknownPrivilegeFields(
  from: ReadonlyMap<string, number>,
  to: ReadonlyMap<string, number>,
): void {
  const present = fields.get(from);
  if (present === undefined) return;
  const kept = [...present].filter(([database]) => to.has(database));
  if (kept.length > 0) fields.set(to, new Map(kept));
}

export function unknownPrivilegeFields(
  privileges: ReadonlyMap<string, number>,
  database: string,
): Uint8Array | undefined {
  return fields.get(privileges)?.get(database);
}
