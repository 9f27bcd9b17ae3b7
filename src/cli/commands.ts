import type { Command } from 'commander';
import { agentCommand } from './commands/agent.js';
import { applyCommand } from './commands/apply.js';
import { clustersCommand } from './commands/clusters.js';
import { configCommand } from './commands/config.js';
import { confirmDropsCommand } from './commands/confirm-drops.js';
import { deleteClusterCommand } from './commands/delete-cluster.js';
import { diffCommand } from './commands/diff.js';
import { execCommand } from './commands/exec.js';
import { explainCommand } from './commands/explain.js';
import { exportCommand } from './commands/export.js';
import { historyCommand } from './commands/history.js';
import { importCommand } from './commands/import.js';
import { initCommand } from './commands/init.js';
import { managerCommand } from './commands/manager.js';
import { nodesCommand } from './commands/nodes.js';
import { planCommand } from './commands/plan.js';
import { provisionCommand } from './commands/provision.js';
import { recoverCommand } from './commands/recover.js';
import { removeNodeCommand } from './commands/remove-node.js';
import { rollbackCommand } from './commands/rollback.js';
import { showCommand } from './commands/show.js';
import { statusCommand } from './commands/status.js';
import type { Terminal } from './terminal.js';

/** The commands of `cflux`: each has a file that creates it and one line here. */
export const commands: readonly ((terminal: Terminal) => Command)[] = [
  managerCommand,
  statusCommand,
  clustersCommand,
  nodesCommand,
  historyCommand,
  showCommand,
  diffCommand,
  rollbackCommand,
  execCommand,
  applyCommand,
  exportCommand,
  importCommand,
  removeNodeCommand,
  deleteClusterCommand,
  agentCommand,
  planCommand,
  provisionCommand,
  recoverCommand,
  confirmDropsCommand,
  configCommand,
  initCommand,
  explainCommand,
];
