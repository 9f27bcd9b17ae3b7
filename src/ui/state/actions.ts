import { computed } from '@preact/signals';
import { outage } from './connection.js';

/** Whether what is shown is fresh enough to change something. */
export const isSafe = computed(() => outage.value === undefined);
