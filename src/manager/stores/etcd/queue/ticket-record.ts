import type { JsonObject } from '../../../../json-object.js';
import type { Reservation } from '../../../pushes/reservations.js';
import { readJson, writeJson } from '../stored-json.js';

/** The value of a ticket, written by one manager for the others. */
export interface TicketRecord {
  /** The manager that wrote it. */
  readonly by: string;
  /** The ticket has been retained for the next push of its requester for `since` milliseconds. */
  readonly kept?: RecordedReservation | undefined;
  /** A reservation ended without a commit, after `since` milliseconds. */
  readonly wasted?: RecordedReservation | undefined;
}

export interface RecordedReservation extends Reservation {
  readonly since: number;
}

/** `{"by":"…","kept":{"name":"node 7","shown":12,"since":150}}` */
export const encodeTicket = ({ by, kept, wasted }: TicketRecord): Uint8Array =>
  writeJson({ by, kept: kept && flat(kept), wasted: wasted && flat(wasted) });

/** Returns `undefined` for an earlier release, which writes nothing. */
export function decodeTicket(key: string, value: Uint8Array): TicketRecord | undefined {
  if (value.byteLength === 0) return undefined;
  const note = readJson(key, value);
  return {
    by: note.text('by'),
    kept: reservationOf(note.optionalObject('kept')),
    wasted: reservationOf(note.optionalObject('wasted')),
  };
}

const flat = ({ requester: { name, isShared, address, nodeId }, shown, since }: RecordedReservation) => ({
  name,
  ...(isShared ? { shared: 1 } : {}),
  address,
  node: nodeId,
  shown,
  since: Math.round(since),
});

const reservationOf = (noted: JsonObject | undefined): RecordedReservation | undefined =>
  noted && {
    requester: {
      name: noted.text('name'),
      isShared: noted.optionalInteger('shared') === 1,
      address: noted.optionalText('address'),
      nodeId: noted.optionalInteger('node'),
    },
    shown: noted.integer('shown'),
    since: noted.integer('since'),
  };
