/** The filters of the list: what the form holds, what the address says, what the API is asked. */

/** Every member is empty when it filters nothing. */
export interface Filters {
	agent: string;
	provider: string;
	model: string;
	user: string;
	/** Each `key=value`; all must be there. */
	tags: string[];
	errorsOnly: boolean;
	/** A key of {@link WITHIN}, `custom` for `from` and `until`, or empty. */
	within: string;
	/** UTC, as `2026-11-22T08:00`. */
	from: string;
	/** UTC, as `2026-11-22T08:00`; not included. */
	until: string;
}

/** What the API's list takes. */
export interface ListQuery {
	agent?: string;
	provider?: string;
	model?: string;
	user?: string;
	tag?: string[];
	error?: boolean;
	from?: string;
	until?: string;
}

/** What is filtered by its exact name. */
export const NAMES = ['agent', 'provider', 'model', 'user'] as const;

const HOUR_MS = 3_600_000;

/** The spans that can be chosen, by the name that the address uses. */
export const WITHIN: Record<string, { label: string; ms: number }> = {
	'1h': { label: 'last hour', ms: HOUR_MS },
	'24h': { label: 'last 24 hours', ms: 24 * HOUR_MS },
	'7d': { label: 'last 7 days', ms: 7 * 24 * HOUR_MS },
	'30d': { label: 'last 30 days', ms: 30 * 24 * HOUR_MS }
};

const UTC_MINUTE = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/;

/** A tag has a key, and a value that may be empty. */
export function isTag(text: string): boolean {
	return text.indexOf('=') > 0;
}

/** The address of the list of what has this tag. */
export function tagAddress(key: string, value: string): string {
	return `/${writeFilters({ ...readFilters(new URLSearchParams()), tags: [`${key}=${value}`] })}`;
}

/** Reads the address. What it does not understand filters nothing. */
export function readFilters(params: URLSearchParams): Filters {
	const minute = (name: string) => {
		const text = params.get(name) ?? '';
		return UTC_MINUTE.test(text) && !Number.isNaN(Date.parse(`${text}Z`)) ? text : '';
	};
	const from = minute('from');
	const until = minute('until');
	const within = params.get('within') ?? '';
	return {
		agent: params.get('agent') ?? '',
		provider: params.get('provider') ?? '',
		model: params.get('model') ?? '',
		user: params.get('user') ?? '',
		tags: params.getAll('tag').filter(isTag),
		errorsOnly: params.get('error') === 'true',
		within: from || until ? 'custom' : Object.hasOwn(WITHIN, within) ? within : '',
		from,
		until
	};
}

/** The address of a filtered list: `''`, or `?` and what filters. */
export function writeFilters(filters: Filters): string {
	const params = new URLSearchParams();
	for (const name of NAMES) {
		const value = filters[name].trim();
		if (value) params.set(name, value);
	}
	for (const tag of filters.tags) params.append('tag', tag);
	if (filters.errorsOnly) params.set('error', 'true');
	if (Object.hasOwn(WITHIN, filters.within)) params.set('within', filters.within);
	if (filters.within === 'custom') {
		for (const name of ['from', 'until'] as const) if (filters[name]) params.set(name, filters[name]);
	}
	const text = params.toString();
	return text && `?${text}`;
}

/** What to ask the API for. */
export function listQuery(filters: Filters, nowMs: number): ListQuery {
	const query: ListQuery = {};
	for (const name of NAMES) if (filters[name]) query[name] = filters[name];
	if (filters.tags.length > 0) query.tag = filters.tags;
	if (filters.errorsOnly) query.error = true;
	const span = WITHIN[filters.within];
	if (span) query.from = new Date(nowMs - span.ms).toISOString();
	if (filters.within === 'custom') {
		if (filters.from) query.from = `${filters.from}:00Z`;
		if (filters.until) query.until = `${filters.until}:00Z`;
	}
	return query;
}
