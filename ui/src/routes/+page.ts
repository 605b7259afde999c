import { listConversations } from '$lib/api/client';
import { listQuery, readFilters } from '$lib/filters';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ url, fetch }) => {
	const filters = readFilters(url.searchParams);
	return { filters, first: await listConversations(listQuery(filters, Date.now()), null, fetch) };
};
