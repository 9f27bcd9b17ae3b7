import type { Command } from 'commander';
import { managerCommand } from './commands/manager.js';
import type { Terminal } from './terminal.js';

/** A command of `cflux`: one file that makes it, and one line here. */
export const commands: readonly ((terminal: Terminal) => Command)[] = [managerCommand];
