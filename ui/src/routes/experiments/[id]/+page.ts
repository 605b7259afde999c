import { getReport } from '$lib/api/client';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ params, fetch }) => ({ id: params.id, answer: await getReport(params.id, fetch) });
