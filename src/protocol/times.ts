/** Milliseconds after its last heartbeat that a node counts as alive. */
export const nodeTimeToLive = 15_000;
/** Milliseconds between two heartbeats. */
export const heartbeatInterval = 5_000;
/** The longest hold of a poll, in milliseconds, as published. */
export const maxPollWait = 300_000;
