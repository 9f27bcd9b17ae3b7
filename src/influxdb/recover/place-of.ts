/** A key for a retention policy of a database. */
export const placeOf = (database: string, policy: string): string => JSON.stringify([database, policy]);
