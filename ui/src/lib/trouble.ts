/** Why something cannot be shown, and what to do about it, in sentences for a person. Pure. */

export interface Trouble {
	/** `key`: an API key would help. `missing`: there is no such thing. `other`: trying again may help. */
	kind: 'key' | 'missing' | 'other';
	/** Of `key`: nothing else would help. */
	keyOnly?: boolean;
	what: string;
	advice: string;
}

/** No answer came at all. */
export function unreachable(address: string): Trouble {
	return {
		kind: 'other',
		what: `The Lightwell server at ${address} does not answer.`,
		advice: 'Check that "lightwell serve" is running there and that nothing between it and you is down.'
	};
}

/** An answer came and it is not from our API. */
export function foreign(address: string): Trouble {
	return {
		kind: 'other',
		what: `What answers at ${address} is not Lightwell's API.`,
		advice: 'Check the address, and that a proxy in between passes /api/ on to the server.'
	};
}

/** The answer is ours and yet not what this page was built for. */
export function unreadable(): Trouble {
	return {
		kind: 'other',
		what: 'The server answered something that this page cannot read.',
		advice: 'Reload the page: the server may have been updated since. If that does not help, it is a defect of Lightwell.'
	};
}

/** The server refused, and `said` why. */
export function refused(status: number, said: string, hasKey: boolean): Trouble {
	if (status === 401) {
		return hasKey
			? { kind: 'key', keyOnly: true, what: 'The server does not accept this API key.', advice: sentence(said) || 'Give another one.' }
			: {
					kind: 'key',
					keyOnly: true,
					what: 'This server asks for an API key.',
					advice: 'Make one on the server with "lightwell keys create" and give it here.'
				};
	}
	if (status === 403) return { kind: 'key', what: 'The server refuses this request.', advice: sentence(said) };
	if (status === 404) return { kind: 'missing', what: sentence(said) || 'There is nothing here.', advice: '' };
	const what = `The server could not answer (HTTP status ${status}).`;
	const later = status === 429 || status === 503 ? 'Try again shortly.' : '';
	return { kind: 'other', what, advice: [sentence(said), later].filter(Boolean).join(' ') };
}

/** The server speaks in lower-case fragments; a page begins with a capital and ends with a full stop. */
function sentence(said: string): string {
	const text = said.trim();
	if (!text) return '';
	const capital = text.charAt(0).toUpperCase() + text.slice(1);
	return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
