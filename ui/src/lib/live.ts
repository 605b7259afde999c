/**
 * The live stream: tells that records have arrived.
 *
 * Read with fetch, because EventSource can send neither an API key nor a tenant. A lost connection is made again after
 * a growing pause. A tab that nobody sees has no connection: browsers allow a server only six over HTTP/1.1, and people
 * open more tabs than that.
 */

import { access } from './access.svelte';
import { LIVE_PATH } from './api/client';
import { EventParser } from './sse';

/** `refused`: the server does not give it to us, and will not if we ask again. */
export type StreamState = 'open' | 'lost' | 'refused';

export interface Listener {
	/** Only this conversation; all when left out. */
	conversation?: string;
	/** A record has arrived. */
	news: () => unknown;
	/** The stream is open from now on; `again` when it had been before, so that records may have been missed. */
	opened?: (again: boolean) => unknown;
	/** How the stream is, whenever that changes. */
	state?: (state: StreamState) => unknown;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Follows the stream while the tab is seen, until the returned function is called. */
export function follow(listener: Listener): () => void {
	const headers = { Accept: 'text/event-stream', ...access.headers() };
	let wasOpen = false;
	const opened = () => {
		listener.state?.('open');
		listener.opened?.(wasOpen);
		wasOpen = true;
	};
	let stop: AbortController | null = null;
	const turn = () => {
		if (document.hidden) {
			stop?.abort();
			stop = null;
		} else if (!stop) {
			stop = new AbortController();
			void keepFollowing({ listener, headers, opened, stop: stop.signal });
		}
	};
	document.addEventListener('visibilitychange', turn);
	turn();
	return () => {
		document.removeEventListener('visibilitychange', turn);
		stop?.abort();
	};
}

interface Following {
	listener: Listener;
	headers: HeadersInit;
	opened: () => void;
	stop: AbortSignal;
}

async function keepFollowing(following: Following): Promise<void> {
	const { listener, opened, stop } = following;
	let pauseMs = FIRST_PAUSE_MS;
	while (!stop.aborted) {
		const outcome = await readStream({
			...following,
			opened: () => {
				opened();
				pauseMs = FIRST_PAUSE_MS;
			}
		});
		if (stop.aborted) return;
		listener.state?.(outcome);
		if (outcome === 'refused') return;
		await pause(pauseMs, stop);
		pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
	}
}

async function readStream({ listener, headers, opened, stop }: Following): Promise<'refused' | 'lost'> {
	const only = listener.conversation === undefined ? '' : `?${new URLSearchParams({ conversation: listener.conversation })}`;
	try {
		const response = await fetch(`${LIVE_PATH}${only}`, { headers, signal: stop, cache: 'no-store' });
		if (response.status >= 400 && response.status < 500) return 'refused';
		if (!response.ok || !response.body) return 'lost';
		opened();
		const parser = new EventParser();
		const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
		for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
			if (parser.push(piece.value).length > 0) listener.news();
		}
		return 'lost';
	} catch {
		// The connection was cut, by us or by the world: either way it has ended, and the caller knows which.
		return 'lost';
	}
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms);
		stop.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
	});
}
