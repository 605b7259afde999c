/** What records are called before people. Pure. */

import { plural } from './format';
import type { Conversation, Entry } from './records';

const EVENTS: Record<string, string> = {
	'user.input': 'User input',
	'user.feedback': 'User feedback',
	'agent.reasoning': 'Agent reasoning',
	'agent.planning': 'Agent planning',
	'agent.response': 'Agent response',
	'run.start': 'Session start',
	'run.end': 'Session end',
	'performance.metric': 'Metric',
	error: 'Error',
	validation_error: 'Validation error',
	timeout_error: 'Timeout'
};

/** The event's kind in words; its wire name when there are none. */
export function eventName(type: string): string {
	return Object.hasOwn(EVENTS, type) ? EVENTS[type]! : type || 'Event';
}

/** An entry in a table of contents. */
export function entryTitle(entry: Entry): string {
	switch (entry.kind) {
		case 'generation':
			return [entry.model || entry.operation || 'LLM call', entry.agent].filter(Boolean).join(' · ');
		case 'step':
			return entry.name || entry.type || 'step';
		case 'event':
			return eventName(entry.type);
	}
}

/** How much happened: `3 calls`, `2 steps`; what did not happen is left out, except calls. */
export function activity(conversation: Conversation): string[] {
	const { calls, steps, events } = conversation;
	return [plural(calls, 'call'), steps > 0 ? plural(steps, 'step') : '', events > 0 ? plural(events, 'event') : ''].filter(
		Boolean
	);
}
