/** What an operation came to when it was applied in this round. */
export type Attempt = { readonly result: unknown } | { readonly error: unknown };
