import { headers } from '../protocol/headers.js';
import type { PollRequest, PushRequest } from './transport.js';

/** Headers that identify the requester and its position. */
export function identity({
  epoch,
  mutation,
  nodeId,
  instance,
}: PushRequest | PollRequest): Record<string, string> {
  return {
    ...(epoch === undefined ? {} : { [headers.epoch]: epoch }),
    ...(mutation === undefined ? {} : { [headers.mutation]: mutation }),
    ...(nodeId === undefined ? {} : { [headers.node]: String(nodeId) }),
    ...(instance === undefined ? {} : { [headers.instance]: instance }),
  };
}
