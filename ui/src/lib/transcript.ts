/** The transcript of a conversation: everything in order of time, and of each call only what is new in it. Pure. */

import type { Detail, Entry, Generation, Message } from './records';

/** Neighbouring messages of a call's input that were all told before, or are all new. */
export interface Segment {
	earlier: boolean;
	messages: Message[];
}

/** Everything that happened, in order of time. At one moment: what was said, then the call, then the steps. */
export function inOrderOfTime(detail: Detail): Entry[] {
	const entries: Entry[] = [...detail.events, ...detail.generations, ...detail.steps];
	// The sort is stable, so the order above decides between equal times.
	return entries.sort((a, b) => a.at - b.at);
}

/**
 * Splits each call's input into what the conversation had heard before and what is new. By generation id.
 *
 * Each call of an agent repeats all messages before it. The k-th copy of a message in an input is an earlier one when
 * some earlier call had k copies of it in its input and output together: this holds for plain continuation, for a
 * history that was cut short or rearranged, and for a person who says "continue" twice.
 */
export function newInEachTurn(generations: Generation[]): Map<string, Segment[]> {
	const heard = new Map<string, number>();
	const segments = new Map<string, Segment[]>();
	for (const generation of [...generations].sort((a, b) => a.at - b.at)) {
		const copies = new Map<string, number>();
		const count = (message: Message) => {
			const key = identityOf(message);
			const copy = (copies.get(key) ?? 0) + 1;
			copies.set(key, copy);
			return copy <= (heard.get(key) ?? 0);
		};
		const split: Segment[] = [];
		for (const message of generation.input) {
			const earlier = count(message);
			const last = split.at(-1);
			if (last?.earlier === earlier) last.messages.push(message);
			else split.push({ earlier, messages: [message] });
		}
		generation.output.forEach(count);
		segments.set(generation.id, split);
		for (const [key, copy] of copies) heard.set(key, Math.max(copy, heard.get(key) ?? 0));
	}
	return segments;
}

/** Identities of messages. Many calls share one message, so each is told once. */
const identities = new WeakMap<Message, string>();

function identityOf(message: Message): string {
	let known = identities.get(message);
	if (known === undefined) identities.set(message, (known = identity(message)));
	return known;
}

/**
 * Equal for a message and its repetition. Programs send an answer back without its thinking and with its arguments
 * written anew, so neither counts.
 */
function identity(message: Message): string {
	const said = message.parts.filter((part) => part.kind !== 'thinking');
	const parts = (said.length > 0 ? said : message.parts).map((part) => {
		switch (part.kind) {
			case 'text':
				return { ...part, text: part.text.trim() };
			case 'tool_call':
				return { ...part, args: compactJson(part.args) };
			case 'tool_result':
				return { ...part, name: '', text: compactJson(part.text.trim()) };
			default:
				return part;
		}
	});
	return JSON.stringify([message.role, message.name, parts]);
}

function compactJson(text: string): string {
	// Most results are prose, and a failed attempt to read one as JSON is expensive.
	if (!/^\s*[[{]/.test(text)) return text;
	try {
		return JSON.stringify(JSON.parse(text));
	} catch {
		return text;
	}
}
