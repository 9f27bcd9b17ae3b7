import type { NodeReport } from '../../protocol/node-report.js';
import { agoText, countText } from '../model/spans.js';
import { ConditionMark } from '../parts/condition-mark.js';
import { Name } from '../parts/name.js';
import { Sheet } from '../parts/sheet.js';
import { Time } from '../parts/time.js';
import { VersionOf } from '../parts/version-of.js';
import { isSafe } from '../state/actions.js';
import type { JudgedNode } from '../state/conditions.js';
import { may } from '../state/session.js';
import { RemoveNode } from './remove-node.js';

export interface NodeDetailsProps {
  readonly cluster: string;
  readonly judged: JudgedNode;
  readonly newest: number | undefined;
  readonly onClose: () => void;
}

/** Everything that is known of a node, and its removal if it is gone. */
export function NodeDetails({ cluster, judged: { node, found }, newest, onClose }: NodeDetailsProps) {
  const { report } = node;
  return (
    <Sheet title={`Node ${node.id}`} onClose={onClose}>
      <dl class="facts">
        <dt>State</dt>
        <dd>
          <ConditionMark kind={found.condition} />
        </dd>
        <dt>Host</dt>
        <dd>
          <Name text={node.hostname} />
        </dd>
        <dt>Address</dt>
        <dd>
          <Name text={node.bindAddress} />
        </dd>
        <dt>IP</dt>
        <dd>
          <Name text={node.ip.replace(/,$/, '').replaceAll(',', ' ')} />
        </dd>
        <dt>Kind</dt>
        <dd>{node.kind ?? 'unknown'}</dd>
        <dt>Held version</dt>
        <dd>
          <VersionOf version={node.heldVersion} newest={newest} />
        </dd>
        {node.kind === 'agent' && (
          <>
            <dt>Applied version</dt>
            <dd>
              <VersionOf version={node.appliedVersion} newest={newest} />
            </dd>
          </>
        )}
        <dt>Last seen</dt>
        <dd>{node.lastSeen === undefined ? 'unknown' : agoText(node.lastSeen)}</dd>
        {node.instance !== undefined && (
          <>
            <dt>Instance</dt>
            <dd>
              <Name text={node.instance} />
            </dd>
          </>
        )}
      </dl>
      {report !== undefined && <Report report={report} />}
      {!node.alive && may('admin') && isSafe.value && (
        <RemoveNode cluster={cluster} node={node} onRemoved={onClose} />
      )}
    </Sheet>
  );
}

const counted = ['inSync', 'pending', 'refused', 'unmanaged', 'unverified'] as const;
const words = {
  inSync: 'in sync',
  pending: 'pending',
  refused: 'refused',
  unmanaged: 'unmanaged',
  unverified: 'unverified',
} as const;

function Report({ report }: { readonly report: NodeReport }) {
  const { influxdb, findings } = report;
  const total = report.pending + report.refused + report.unmanaged + report.unverified;
  return (
    <>
      <h3>
        Report of its agent <Time at={report.at} both />
      </h3>
      <p>
        {influxdb.reachable ? 'InfluxDB can be used' : 'InfluxDB cannot be used: '}
        {influxdb.error !== undefined && <Name text={influxdb.error} />}
        {influxdb.version !== undefined && (
          <>
            , version <Name text={influxdb.version} />
          </>
        )}
        . The agent {report.drops ? 'may drop what the cluster dropped' : 'drops nothing'}.
      </p>
      <ul class="counts">
        {counted.map((name) => (
          <li key={name}>
            <strong>{countText(report[name])}</strong> {words[name]}
          </li>
        ))}
      </ul>
      {findings.length > 0 && (
        <ul class="findings" aria-label="Findings">
          {findings.map(({ kind, text }, at) => (
            <li key={at}>
              <span class="tag">{kind}</span> <Name text={text} />
            </li>
          ))}
          {total > findings.length && <li class="fine">{countText(total - findings.length)} more</li>}
        </ul>
      )}
    </>
  );
}
