/** The only place that talks to the server's API. Every call ends in a value or in a {@link Trouble}. */

import createClient from 'openapi-fetch';
import { access } from '../access.svelte';
import { isObject } from '../content';
import { readDelivery, type Delivery } from '../delivery';
import type { ListQuery } from '../filters';
import { readConversation, readDetail, type Conversation, type Detail } from '../records';
import { foreign, refused, unreachable, unreadable, type Trouble } from '../trouble';
import type { paths } from './schema';

export type Fetch = typeof fetch;
export type Result<T> = { ok: true; value: T } | { ok: false; trouble: Trouble };

export interface ConversationPage {
	items: Conversation[];
	nextCursor: string | null;
}

/** How many conversations are asked for at a time. */
export const PAGE_SIZE = 50;

const client = createClient<paths>();

export async function listConversations(
	query: ListQuery,
	cursor: string | null,
	fetch: Fetch
): Promise<Result<ConversationPage>> {
	const page = { ...query, limit: PAGE_SIZE, ...(cursor && { cursor }) };
	return ask(
		() => client.GET('/api/v1/conversations', { fetch, headers: access.headers(), params: { query: page } }),
		(sent) => ({ items: sent.items.map(readConversation), nextCursor: sent.next_cursor ?? null })
	);
}

export async function getConversation(id: string, fetch: Fetch): Promise<Result<Detail>> {
	const path = '/api/v1/conversations/{id}';
	return ask(() => client.GET(path, { fetch, headers: access.headers(), params: { path: { id } } }), readDetail);
}

export async function getDelivery(onlyMissing: boolean, fetch: Fetch): Promise<Result<Delivery>> {
	const query = onlyMissing ? { only_missing: true } : {};
	return ask(() => client.GET('/api/v1/delivery', { fetch, headers: access.headers(), params: { query } }), readDelivery);
}

/** The path of the live stream; {@link access} gives its headers. */
export const LIVE_PATH = '/api/v1/live' satisfies keyof paths;

async function ask<Sent, T>(
	request: () => Promise<{ data?: Sent; error?: unknown; response: Response }>,
	read: (sent: Sent) => T
): Promise<Result<T>> {
	const answer = await send(request);
	if (!answer.ok) return answer;
	try {
		return { ok: true, value: read(answer.value) };
	} catch (reason) {
		console.error(reason);
		return { ok: false, trouble: unreadable() };
	}
}

async function send<Sent>(
	request: () => Promise<{ data?: Sent; error?: unknown; response: Response }>
): Promise<Result<Sent>> {
	try {
		const { data, error, response } = await request();
		if (isObject(data)) return { ok: true, value: data };
		if (response.ok) return { ok: false, trouble: foreign(location.origin) };
		const said = isObject(error) && typeof error.error === 'string' ? error.error : '';
		return { ok: false, trouble: refused(response.status, said, access.key !== '') };
	} catch (reason) {
		// openapi-fetch passes on what fetch and JSON.parse throw.
		const trouble = reason instanceof SyntaxError ? foreign(location.origin) : unreachable(location.origin);
		return { ok: false, trouble };
	}
}
