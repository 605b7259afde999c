import { getConversation, getJudgements } from '$lib/api/client';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ params, fetch }) => {
	const [answer, judged] = await Promise.all([getConversation(params.id, fetch), getJudgements(params.id, fetch)]);
	return { id: params.id, answer, judged };
};
