import { listExperiments } from '$lib/api/client';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ fetch }) => ({ first: await listExperiments(null, fetch) });
