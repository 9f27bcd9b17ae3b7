/**
 * What is known of a user's password on the server, against the one of the cluster:
 * - `same`: it is the cluster's;
 * - `settable`: the user is missing or has another one, and the cluster's was given to the mirror;
 * - `unverified`: nothing speaks against it, and the server's hash cannot be read;
 * - anything else: why it cannot be brought in step.
 */
export type PasswordVerdict =
  | { readonly kind: 'same' | 'settable' | 'unverified' }
  | { readonly kind: 'unavailable'; readonly reason: string };
