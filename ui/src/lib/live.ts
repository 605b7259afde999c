/**
 * The live stream: tells that records have arrived, and for which conversation.
 *
 * Read with fetch, because EventSource can send neither an API key nor a tenant. A lost connection is made again after
 * a growing pause. Something may have arrived before the stream was open, so its opening is news of any conversation.
 */

import { access } from './access.svelte';
import { LIVE_PATH } from './api/client';
import { isObject } from './content';
import { EventParser } from './sse';

/** `refused`: the server does not give it to us, and will not if we ask again. */
export type StreamState = 'open' | 'lost' | 'refused';

export interface Listener {
	/** Only this conversation; all when left out. */
	conversation?: string;
	/** Something is new in this conversation; null when that may be any. */
	news: (conversationId: string | null) => unknown;
	/** How the stream is, whenever that changes. */
	state?: (state: StreamState) => unknown;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Follows the stream until the returned function is called. */
export function follow(listener: Listener): () => void {
	const stop = new AbortController();
	void keepFollowing(listener, stop.signal);
	return () => stop.abort();
}

async function keepFollowing(listener: Listener, stop: AbortSignal): Promise<void> {
	let pauseMs = FIRST_PAUSE_MS;
	while (!stop.aborted) {
		const outcome = await readStream(listener, stop, () => {
			listener.state?.('open');
			listener.news(null);
			pauseMs = FIRST_PAUSE_MS;
		});
		if (stop.aborted) return;
		listener.state?.(outcome);
		if (outcome === 'refused') return;
		await pause(pauseMs, stop);
		pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
	}
}

async function readStream(listener: Listener, stop: AbortSignal, opened: () => void): Promise<'refused' | 'lost'> {
	try {
		const headers = { Accept: 'text/event-stream', ...access.headers() };
		const only = listener.conversation && `?${new URLSearchParams({ conversation: listener.conversation })}`;
		const response = await fetch(`${LIVE_PATH}${only ?? ''}`, { headers, signal: stop, cache: 'no-store' });
		if (response.status >= 400 && response.status < 500) return 'refused';
		if (!response.ok || !response.body) return 'lost';
		opened();
		const parser = new EventParser();
		const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
		for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
			for (const event of parser.push(piece.value)) listener.news(conversationOf(event.data));
		}
		return 'lost';
	} catch {
		// The connection was cut, by us or by the world: either way it has ended, and the caller knows which.
		return 'lost';
	}
}

function conversationOf(data: string): string | null {
	try {
		const told: unknown = JSON.parse(data);
		return isObject(told) && typeof told.conversation_id === 'string' ? told.conversation_id : null;
	} catch {
		return null;
	}
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms);
		stop.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
	});
}
