/** Milliseconds for which a node counts as alive after its last heartbeat. */
export const nodeTimeToLive = 15_000;
/** Milliseconds between two heartbeats. */
export const heartbeatInterval = 5_000;
/** Milliseconds for which a manager measures how long a version takes to reach all nodes. */
export const maxSpread = 600_000;
/** The longest hold of a poll, in milliseconds, as documented. */
export const maxPollWait = 300_000;
