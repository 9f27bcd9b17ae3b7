/** Names of the headers on the wire, in the spelling of the published documents; HTTP compares them ignoring case. */
export const headers = {
  /** Of a push's or poll's answer: the manager's version, a decimal integer. */
  version: 'Version',
  /** Identity of the manager's history of a cluster: on every answer about it, on pushes and polls. */
  epoch: 'Cflux-Epoch',
  /** Identity of a pushed snapshot; on a poll, of the version that the node has. */
  mutation: 'Cflux-Mutation',
  /** The mutation that made the answered version. */
  lastMutation: 'Cflux-Last-Mutation',
  /** `refused` on every error answer that certainly stored nothing. */
  outcome: 'Cflux-Outcome',
  /** Who pushes or polls. */
  node: 'Cflux-Node',
  /** The process of the node, another one after every start: on registration, heartbeat, poll and push. */
  instance: 'Cflux-Instance',
  /** Of a heartbeat: the version that the node holds. */
  held: 'Cflux-Version',
  /** Of an agent's heartbeat: the version that its server was last seen to agree with. */
  applied: 'Cflux-Applied',
  /** `<epoch>/<version>` that a node had, for a manager that lost its data. */
  offer: 'Cflux-Offer',
  /** `true` on the last heartbeat of a node that closes. */
  leaving: 'Cflux-Leaving',
  /** RFC 9530: sha-256 of the snapshot before any content encoding. */
  contentDigest: 'Content-Digest',
  /** RFC 7240: `wait=<seconds>`, the longest hold a poll wants. */
  prefer: 'Prefer',
  retryAfter: 'Retry-After',
} as const;
