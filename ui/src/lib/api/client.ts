/** The only place that talks to the server's API. Every call ends in a value or in a {@link Trouble}. */

import createClient from 'openapi-fetch';
import { access } from '../access.svelte';
import { isObject } from '../content';
import { readDelivery, type Delivery } from '../delivery';
import {
	readExperiment,
	readRating,
	readReport,
	readScore,
	type Experiment,
	type Judgements,
	type Report
} from '../evaluation';
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

export interface ExperimentPage {
	items: Experiment[];
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

/** What was said about a conversation and its generations: all of it. */
export async function getJudgements(id: string, fetch: Fetch): Promise<Result<Judgements>> {
	const [ratings, scores] = await Promise.all([
		everyPage((cursor) => {
			const params = { path: { id }, query: { limit: 200, ...cursor } };
			return client.GET('/api/v1/conversations/{id}/ratings', { fetch, headers: access.headers(), params });
		}, readRating),
		everyPage((cursor) => {
			const params = { path: { id }, query: { limit: 500, ...cursor } };
			return client.GET('/api/v1/conversations/{id}/scores', { fetch, headers: access.headers(), params });
		}, readScore)
	]);
	if (!ratings.ok) return ratings;
	if (!scores.ok) return scores;
	return { ok: true, value: { ratings: ratings.value, scores: scores.value } };
}

export async function listExperiments(cursor: string | null, fetch: Fetch): Promise<Result<ExperimentPage>> {
	const query = { limit: PAGE_SIZE, ...(cursor && { cursor }) };
	return ask(
		() => client.GET('/api/v1/eval/experiments', { fetch, headers: access.headers(), params: { query } }),
		(sent) => ({ items: sent.items.map(readExperiment), nextCursor: sent.next_cursor ?? null })
	);
}

export async function getReport(id: string, fetch: Fetch): Promise<Result<Report>> {
	const path = '/api/v1/eval/experiments/{id}/report';
	return ask(() => client.GET(path, { fetch, headers: access.headers(), params: { path: { id } } }), readReport);
}

export async function getArtifact(id: string, fetch: Fetch): Promise<Result<Blob>> {
	const path = '/api/v1/eval/artifacts/{id}';
	const asked = { fetch, headers: access.headers(), params: { path: { id } }, parseAs: 'blob' } as const;
	return ask(
		() => client.GET(path, asked),
		(sent) => sent
	);
}

export async function getDelivery(onlyMissing: boolean, fetch: Fetch): Promise<Result<Delivery>> {
	const query = onlyMissing ? { only_missing: true } : {};
	return ask(() => client.GET('/api/v1/delivery', { fetch, headers: access.headers(), params: { query } }), readDelivery);
}

/** The path of the live stream; {@link access} gives its headers. */
export const LIVE_PATH = '/api/v1/live' satisfies keyof paths;

interface Page<Sent> {
	items: Sent[];
	next_cursor?: string | null;
}

/** The items of all pages. */
async function everyPage<Sent, T>(
	request: (cursor: { cursor?: string }) => Promise<{ data?: Page<Sent>; error?: unknown; response: Response }>,
	read: (sent: Sent) => T
): Promise<Result<T[]>> {
	const items: T[] = [];
	for (let cursor: { cursor?: string } | null = {}; cursor; ) {
		const from: { cursor?: string } = cursor;
		const page: Result<{ items: T[]; next: string | null }> = await ask(
			() => request(from),
			(sent) => ({ items: sent.items.map(read), next: sent.next_cursor ?? null })
		);
		if (!page.ok) return page;
		items.push(...page.value.items);
		cursor = page.value.next === null ? null : { cursor: page.value.next };
	}
	return { ok: true, value: items };
}

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
