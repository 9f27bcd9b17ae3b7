import type { NumberForm } from '../../influxql/print/print-number.js';
import { sameQueryText } from '../../influxql/same-query-text.js';
import type { DatabaseInfo } from '../../meta/records.js';
import { fullNumbersSince, isAtLeast } from '../../server-versions.js';
import { agreementOf } from '../ledger/ledger.js';
import { whyInexpressible } from '../statements/influxql.js';
import { checkContinuousQuery } from './continuous-query-text.js';
import { type Draft, firstByName, type PlanInput } from './draft.js';
import { valuesOf, whyInvalidPolicy } from './policy-rules.js';

/** Plans the continuous queries of a database that exists or will be created. */
export function planContinuousQueries(
  wanted: DatabaseInfo,
  here: DatabaseInfo | undefined,
  { ledger, serverVersion }: PlanInput,
  draft: Draft,
): void {
  const database = wanted.name;
  const numbers = isAtLeast(serverVersion, fullNumbersSince) ? 'full' : 'threeDecimals';
  const present = firstByName(here?.continuousQueries ?? []);
  for (const { name, query } of firstByName(wanted.continuousQueries).values()) {
    const item = { kind: 'continuousQuery', database, name } as const;
    const existing = present.get(name);
    if (
      existing !== undefined &&
      isSameQuery(query, existing.query, agreementOf(ledger, item, query, existing.query), numbers)
    ) {
      draft.inSync += 1;
      continue;
    }
    const checked = checkContinuousQuery(database, name, query);
    if ('refused' in checked) draft.refuse(item, checked.refused);
    else if (existing === undefined) {
      draft.do(item, { kind: 'createContinuousQuery', database, name, ...checked }, 'missing');
    } else {
      draft.do(
        item,
        { kind: 'replaceContinuousQuery', database, name, ...checked },
        `differs: ${existing.query}`,
      );
    }
  }
}

/**
 * InfluxDB rewrites texts, and before 1.12 it rounds numbers to three decimals. So a server's text that was never compared may be the
 * rewritten form of the cluster's; after a change in the cluster, even a small one, it is different.
 */
function isSameQuery(
  wanted: string,
  present: string,
  agreement: ReturnType<typeof agreementOf>,
  numbers: NumberForm,
): boolean {
  if (agreement === 'same' || sameQueryText(wanted, present)) return true;
  return agreement === 'unknown' && sameQueryText(wanted, present, numbers);
}

/** Plans the subscriptions of a database that exists or will be created. */
export function planSubscriptions(wanted: DatabaseInfo, here: DatabaseInfo | undefined, draft: Draft): void {
  const database = wanted.name;
  const policiesHere = firstByName(here?.retentionPolicies ?? []);
  for (const policyInfo of firstByName(wanted.retentionPolicies).values()) {
    const policy = policyInfo.name;
    const policyHere = policiesHere.get(policy);
    // A policy that cannot be created was refused itself.
    if (policyHere === undefined && whyInvalidPolicy(valuesOf(policyInfo)) !== undefined) continue;
    const present = firstByName(policyHere?.subscriptions ?? []);
    for (const { name, mode: anyMode, destinations } of firstByName(policyInfo.subscriptions).values()) {
      const item = { kind: 'subscription', database, policy, name } as const;
      const mode = modeOf(anyMode);
      const why = [policy, name, ...destinations]
        .map(whyInexpressible)
        .find((reason) => reason !== undefined);
      if (mode === undefined) draft.refuse(item, `its mode ${JSON.stringify(anyMode)} is not ALL or ANY`);
      else if (destinations.length === 0)
        draft.refuse(item, 'InfluxQL cannot express a subscription without destinations');
      else if (why !== undefined) draft.refuse(item, why);
      else {
        const existing = present.get(name);
        const values = { database, policy, name, mode, destinations };
        if (existing === undefined) draft.do(item, { kind: 'createSubscription', ...values }, 'missing');
        else if (modeOf(existing.mode) !== mode || !isSameList(existing.destinations, destinations)) {
          draft.do(
            item,
            { kind: 'replaceSubscription', ...values },
            `differs: ${existing.mode} ${existing.destinations.join(', ')}`,
          );
        } else draft.inSync += 1;
      }
    }
  }
}

function modeOf(mode: string): 'ALL' | 'ANY' | undefined {
  const upper = mode.toUpperCase();
  return upper === 'ALL' || upper === 'ANY' ? upper : undefined;
}

const isSameList = (one: readonly string[], other: readonly string[]) =>
  one.length === other.length && one.every((entry, at) => entry === other[at]);
