/** News of a list: asks for its first page again when something has arrived, and counts what differs. */

import { PAGE_SIZE, type ConversationPage, type Result } from './api/client';
import { follow, type StreamState } from './live';

/** The shortest time between two questions to the server. */
const PAUSE_MS = 1_500;

export class LiveList {
	/** The first page as it is now, when it differs from what is shown. */
	fresh = $state.raw<ConversationPage | null>(null);
	/** Null until the stream has answered. */
	stream = $state<StreamState | null>(null);

	#load: () => Promise<Result<ConversationPage>>;
	#shown: () => ConversationPage | null;
	#timer: ReturnType<typeof setTimeout> | undefined;

	constructor(load: () => Promise<Result<ConversationPage>>, shown: () => ConversationPage | null) {
		this.#load = load;
		this.#shown = shown;
	}

	/** How many conversations of the fresh page are new, or have something new. */
	get count(): number {
		const shown = new Map(this.#shown()?.items.map((item) => [item.id, item.lastAt]));
		return this.fresh?.items.filter((item) => shown.get(item.id) !== item.lastAt).length ?? 0;
	}

	/** There may be more than the fresh page holds. */
	get countIsFloor(): boolean {
		return this.count >= PAGE_SIZE;
	}

	/** Hands the fresh page over. */
	take(): ConversationPage | null {
		const fresh = this.fresh;
		this.fresh = null;
		return fresh;
	}

	/** Forgets what was fresh: the list is another one now. */
	forget(): void {
		this.fresh = null;
	}

	/** Follows the stream until the returned function is called. */
	follow(): () => void {
		const ask = () => this.#askSoon();
		// Something may have arrived between the first page and the stream, or while the stream was away.
		const stop = follow({ news: ask, opened: ask, state: (state) => (this.stream = state) });
		return () => {
			stop();
			clearTimeout(this.#timer);
			this.#timer = undefined;
		};
	}

	/** At most one question per pause, and the last news always gets one. */
	#askSoon(): void {
		this.#timer ??= setTimeout(async () => {
			this.#timer = undefined;
			const answer = await this.#load();
			if (answer.ok) this.fresh = answer.value;
		}, PAUSE_MS);
	}
}
