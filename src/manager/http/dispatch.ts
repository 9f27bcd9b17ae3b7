import type { Route } from '../../protocol/routes.js';
import { dashboardRoutes, sendStatus } from './dashboard-routes.js';
import type { Exchange } from './exchange.js';
import type { ManagerMetrics } from './metrics.js';
import { nodeRoutes } from './node-routes.js';
import { operatorRoutes } from './operator-routes.js';
import { versionRoutes } from './version-routes.js';

/** Calls the handler of the route; the most frequent routes come first. */
export function dispatch(exchange: Exchange, route: Route, metrics: ManagerMetrics): Promise<void> | void {
  switch (route.name) {
    case 'heartbeat':
      return nodeRoutes.heartbeat(exchange, route);
    case 'poll':
      return versionRoutes.poll(exchange, route);
    case 'push':
      return versionRoutes.push(exchange, route);
    case 'dropOrders':
      return versionRoutes.dropOrders(exchange, route);
    case 'patch':
      return versionRoutes.patch(exchange, route);
    case 'register':
      return nodeRoutes.register(exchange, route);
    case 'deregister':
      return nodeRoutes.deregister(exchange, route);
    case 'report':
      return nodeRoutes.report(exchange, route);
    case 'listNodes':
      return nodeRoutes.listNodes(exchange, route);
    case 'listAll':
      return nodeRoutes.listAll(exchange, route);
    case 'listClusters':
      return operatorRoutes.listClusters(exchange, route);
    case 'history':
      return operatorRoutes.history(exchange, route);
    case 'readVersion':
      return operatorRoutes.readVersion(exchange, route);
    case 'deleteCluster':
      return operatorRoutes.deleteCluster(exchange, route);
    case 'health':
      return operatorRoutes.health(exchange, route);
    case 'ready':
      return operatorRoutes.ready(exchange, route);
    case 'metrics':
      return metrics.answer(exchange);
    case 'status':
      return sendStatus(exchange, metrics.counts);
    case 'whoami':
      return dashboardRoutes.whoami(exchange, route);
    case 'activity':
      return dashboardRoutes.activity(exchange, route);
    case 'ui':
      return dashboardRoutes.ui(exchange, route);
  }
}
