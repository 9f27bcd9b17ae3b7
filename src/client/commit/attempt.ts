/** The result of applying an operation in this round. */
export type Attempt = { readonly result: unknown } | { readonly error: unknown };
