import { getDelivery } from '$lib/api/client';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ url, fetch }) => {
	const onlyMissing = url.searchParams.get('only_missing') === 'true';
	return { onlyMissing, answer: await getDelivery(onlyMissing, fetch) };
};
