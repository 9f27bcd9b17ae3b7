import { day, week } from '../../meta/durations.js';

/** The policy of InfluxDB's own statistics. */
export const monitor = { name: 'monitor', replicaN: 1, duration: week, shardGroupDuration: day } as const;
