/** Where a record stands on its page, and the way to it. */

import type { Entry } from './records';

export function anchor(kind: Entry['kind'], id: string): string {
	return `${kind}-${id}`;
}

export function anchorHref(kind: Entry['kind'], id: string): string {
	return `#${encodeURIComponent(anchor(kind, id))}`;
}

export function conversationHref(id: string): string {
	return `/conversations/${encodeURIComponent(id)}`;
}

export function experimentHref(id: string): string {
	return `/experiments/${encodeURIComponent(id)}`;
}
