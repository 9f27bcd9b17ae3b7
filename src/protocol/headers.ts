/** Names of the headers on the wire, as documented; HTTP ignores their case. */
export const headers = {
  /** On responses to pushes and polls: the manager's version, a decimal integer. */
  version: 'Version',
  /** Identity of the manager's history of a cluster: on every response about it, on pushes and polls. */
  epoch: 'Cflux-Epoch',
  /** Identity of a pushed snapshot; on a poll, of the version that the node has. */
  mutation: 'Cflux-Mutation',
  /** The mutation that created the version in the response. */
  lastMutation: 'Cflux-Last-Mutation',
  /** `refused` on every error response after which certainly nothing was stored. */
  outcome: 'Cflux-Outcome',
  /** Id of the node that pushes or polls. */
  node: 'Cflux-Node',
  /** On pushes of commands, which are no nodes: a random id, the same for all pushes of one command. */
  requester: 'Cflux-Requester',
  /** The process of the node, another one after every start: on registration, heartbeat, poll and push. */
  instance: 'Cflux-Instance',
  /** In a heartbeat: the version that the node holds. */
  held: 'Cflux-Version',
  /** In an agent's heartbeat: the last version that its server was in sync with. */
  applied: 'Cflux-Applied',
  /** `<epoch>/<version>` that a node had, for a manager that lost its data. */
  offer: 'Cflux-Offer',
  /** `true` on the last heartbeat of a node that shuts down. */
  leaving: 'Cflux-Leaving',
  /** RFC 9530: sha-256 of the snapshot before any content encoding. */
  contentDigest: 'Content-Digest',
  /** RFC 7240: `wait=<seconds>`, the longest hold of a poll. */
  prefer: 'Prefer',
  retryAfter: 'Retry-After',
  /** RFC 3229: `vcdiff` on a poll or push that accepts a delta instead of a snapshot. */
  acceptDelta: 'A-IM',
  /** RFC 3229: `vcdiff` on a response with a delta. */
  delta: 'IM',
  /** RFC 3229: the tag of the version that the delta in the response is applied to. */
  deltaBase: 'Delta-Base',
  /** On a poll that accepts a delta: the tag of the version that the node has. */
  ifNoneMatch: 'If-None-Match',
  /** On a response with a delta: the tag of its result. */
  tag: 'ETag',
  /** On a delta, in either direction: sha-256 of its result, the snapshot. */
  resultDigest: 'Cflux-Result-Digest',
  cacheControl: 'Cache-Control',
  /** RFC 5789: the manager accepts pushes of deltas. */
  acceptPatch: 'Accept-Patch',
} as const;
