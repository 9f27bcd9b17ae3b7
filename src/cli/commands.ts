import type { Command } from 'commander';
import { agentCommand } from './commands/agent.js';
import { confirmDropsCommand } from './commands/confirm-drops.js';
import { managerCommand } from './commands/manager.js';
import { planCommand } from './commands/plan.js';
import type { Terminal } from './terminal.js';

/** A command of `cflux`: one file that makes it, and one line here. */
export const commands: readonly ((terminal: Terminal) => Command)[] = [
  managerCommand,
  agentCommand,
  planCommand,
  confirmDropsCommand,
];
