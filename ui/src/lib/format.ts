/** How numbers, times and amounts are written. Pure; `now` is always given. */

import type { Usage } from './records';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const grouped = new Intl.NumberFormat('en-GB');
const compacted = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumFractionDigits: 1 });
const calendarDate = new Intl.DateTimeFormat('en-GB', {
	day: 'numeric',
	month: 'short',
	year: 'numeric',
	timeZone: 'UTC'
});

/** `1,234,567` */
export function exact(count: number): string {
	return grouped.format(count);
}

/** Exact up to 9,999, then `12.3k`. */
export function compact(count: number): string {
	return Math.abs(count) < 10_000 ? exact(count) : compacted.format(count).toLowerCase();
}

/** `1 call`, `2 calls`, `1,234 calls` */
export function plural(count: number, one: string, many = `${one}s`): string {
	return `${exact(count)} ${count === 1 ? one : many}`;
}

/** US dollars. */
export function dollars(amount: number): string {
	return `$${money(amount)}`;
}

/** An amount of no known currency: hundredths from one up, below that as many digits as tell something. */
export function money(amount: number): string {
	if (amount === 0) return '0';
	if (Math.abs(amount) >= 1) {
		return amount.toLocaleString('en-GB', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
	}
	return Number(amount.toPrecision(3)).toLocaleString('en-GB', { maximumFractionDigits: 12 });
}

/** `0.4 ms`, `312 ms`, `1.23 s`, `12.3 s`, `2 min 5 s`, `1 h 4 min`, `2 d 3 h` */
export function duration(ms: number): string {
	if (ms < 0) return `−${duration(-ms)}`;
	if (ms < 1) return ms === 0 ? '0 ms' : `${Math.max(ms, 0.001).toFixed(ms < 0.1 ? 3 : 1)} ms`;
	if (ms < 999.5) return `${Math.round(ms)} ms`;
	if (ms < 9_995) return `${(ms / SECOND).toFixed(2)} s`;
	if (ms < 59_950) return `${(ms / SECOND).toFixed(1)} s`;
	const [large, largeUnit, small, smallUnit] =
		ms < HOUR - 500
			? ([MINUTE, 'min', SECOND, 's'] as const)
			: ms < DAY - MINUTE / 2
				? ([HOUR, 'h', MINUTE, 'min'] as const)
				: ([DAY, 'd', HOUR, 'h'] as const);
	const whole = Math.round(ms / small);
	const perLarge = large / small;
	const rest = whole % perLarge;
	const head = `${Math.floor(whole / perLarge)} ${largeUnit}`;
	return rest === 0 ? head : `${head} ${rest} ${smallUnit}`;
}

/** How long before `now`; the date when that is more than a month. */
export function relative(atMs: number, nowMs: number): string {
	const ago = nowMs - atMs;
	if (ago < -MINUTE) return `in ${rough(-ago)}`;
	if (ago < 5 * SECOND) return 'just now';
	if (ago > 30 * DAY) return calendarDate.format(atMs);
	return `${rough(ago)} ago`;
}

function rough(ms: number): string {
	if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
	if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
	if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
	return `${Math.floor(ms / DAY)} d`;
}

/** `2026-11-22 08:14:57.123 UTC` */
export function utc(atMs: number): string {
	return `${new Date(atMs).toISOString().replace('T', ' ').slice(0, -1)} UTC`;
}

/**
 * Milliseconds since 1970 of an RFC 3339 time, with the fraction kept to a quarter of a microsecond (what a double
 * holds today), so that records order as they happened. None when it is no time.
 */
export function parseTime(text: unknown): number | null {
	if (typeof text !== 'string') return null;
	const match = /^(.{19})(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/i.exec(text);
	if (!match) return null;
	const [, seconds, fraction = '0', zone] = match;
	const wholeMs = Date.parse(`${seconds}${zone}`);
	return Number.isNaN(wholeMs) ? null : wholeMs + Number(`0.${fraction}`) * SECOND;
}

/** What calls cost as far as it was reported: at least so much when some calls told nothing. */
export function cost(reportedDollars: number | null, unpricedCalls: number): string {
	if (reportedDollars === null) return 'unknown';
	return unpricedCalls > 0 ? `≥ ${dollars(reportedDollars)}` : dollars(reportedDollars);
}

/** Token counters: what went in and out, and of that what deserves a word. */
export function tokens(usage: Usage | null): string {
	if (!usage) return 'unknown';
	const notable = (count: number, what: string) => (count > 0 ? [`${exact(count)} ${what}`] : []);
	return [
		`${exact(usage.input)} in`,
		...notable(usage.cacheRead, 'from cache'),
		...notable(usage.cacheWrite, 'to cache'),
		`${exact(usage.output)} out`,
		...notable(usage.reasoning, 'reasoning')
	].join(' · ');
}
