/** What arrived of what programs sent, as the page shows it. Pure. */

import type { components } from './api/schema';
import { exact, parseTime } from './format';

type Sent = components['schemas'];

/** One life of a client in one process. */
export interface Process {
	client: string;
	product: string;
	pid: number;
	host: string;
	startedAt: number | null;
	heardAt: number | null;
	accepted: number;
	received: number;
	copies: number;
	pending: number;
	elsewhere: number;
	missing: number;
	/** First and last number of each range. */
	missingRanges: [number, number][];
	/** Reason and count, the server's and the process' own. */
	refused: [string, number][];
	dropped: [string, number][];
}

export interface Delivery {
	totals: Sent['DeliveryTotals'];
	processes: Process[];
	/** There are more processes than were asked for. */
	more: boolean;
}

export function readDelivery(sent: Sent['DeliveryBody']): Delivery {
	if (!sent.totals) throw new Error('a first page has totals');
	return { totals: sent.totals, processes: sent.processes.map(readProcess), more: Boolean(sent.next_cursor) };
}

/** `51–60, 70`, and how many ranges more there are. */
export function rangesText(ranges: [number, number][], limit = 12): string {
	const shown = ranges.slice(0, limit).map(([first, last]) => (first === last ? exact(first) : `${exact(first)}–${exact(last)}`));
	const left = ranges.length - shown.length;
	return shown.join(', ') + (left > 0 ? ` and ${exact(left)} more ranges` : '');
}

/** `3 queue_full, 1 too_large`; empty when there are none. */
export function reasonsText(reasons: [string, number][]): string {
	return reasons.map(([reason, count]) => `${exact(count)} ${reason}`).join(', ');
}

function readProcess(sent: Sent['ProcessDelivery']): Process {
	return {
		client: sent.client,
		product: sent.product,
		pid: sent.pid,
		host: sent.host,
		startedAt: parseTime(sent.started_at),
		heardAt: parseTime(sent.last_heard_at),
		accepted: sent.accepted,
		received: sent.received,
		copies: sent.duplicates,
		pending: sent.pending,
		elsewhere: sent.elsewhere,
		missing: sent.missing,
		missingRanges: sent.missing_ranges.map(([first, last]) => [first ?? 0, last ?? 0]),
		refused: Object.entries(sent.refused),
		dropped: Object.entries(sent.dropped)
	};
}
