/** What records are called before people. Pure. */

import { plural } from './format';
import type { Conversation, Entry, Message } from './records';

const EVENTS: Record<string, string> = {
	'user.input': 'User input',
	'user.feedback': 'User feedback',
	'agent.reasoning': 'Agent reasoning',
	'agent.planning': 'Agent planning',
	'agent.response': 'Agent response',
	'run.start': 'Session start',
	'run.end': 'Session end',
	performance_metric: 'Metric',
	error: 'Error',
	validation_error: 'Validation error',
	timeout_error: 'Timeout'
};

/** The event's kind in words; its wire name when there are none. */
export function eventName(type: string): string {
	return Object.hasOwn(EVENTS, type) ? EVENTS[type]! : type || 'Event';
}

/** What a conversation is called: its title, else how it began, else its id. */
export function conversationName({ title, preview, id }: Conversation): string {
	return title || preview || id;
}

/** An entry in a table of contents: who or what. */
export function entryName(entry: Entry): string {
	switch (entry.kind) {
		case 'generation':
			return entry.agent || entry.model || entry.operation || 'LLM call';
		case 'step':
			return entry.name || entry.type || 'step';
		case 'event':
			return eventName(entry.type);
	}
}

/** The beginning of what an entry says; empty when it says nothing in words. */
export function entryPreview(entry: Entry): string {
	switch (entry.kind) {
		case 'generation':
			return beginning(entry.error?.message || entry.output.map(said).find(Boolean) || '');
		case 'step':
			return beginning(entry.error?.message || '');
		case 'event':
			return beginning(entry.text);
	}
}

/** A message in a few words: its text, else the tools that it calls. */
function said(message: Message): string {
	const text = message.parts.find((part) => part.kind === 'text' && part.text.trim() !== '');
	if (text?.kind === 'text') return text.text;
	return message.parts.flatMap((part) => (part.kind === 'tool_call' ? [`→ ${part.name}`] : [])).join(' ');
}

function beginning(text: string): string {
	return text.trimStart().slice(0, 80);
}

/** How much happened: `3 calls`, `2 steps`; what did not happen is left out. */
export function activity(conversation: Conversation): string[] {
	const { calls, steps, events } = conversation;
	const happened = [
		{ count: calls, one: 'call' },
		{ count: steps, one: 'step' },
		{ count: events, one: 'event' }
	];
	return happened.filter(({ count }) => count > 0).map(({ count, one }) => plural(count, one));
}
