/**
 * The records as the page shows them, read from what the API sends.
 *
 * The API leaves out what is empty, gives enums a prefix and bytes as base64. `raw` keeps everything as it came.
 */

import type { components } from './api/schema';
import { fromBase64 } from './content';
import { parseTime } from './format';

type Sent = components['schemas'];

export interface Usage {
	input: number;
	output: number;
	cacheRead: number;
	cacheWrite: number;
	reasoning: number;
}

/** One line of the list, and the header of a conversation. */
export interface Conversation {
	id: string;
	title: string;
	/** What the user said first; empty when there is a title. */
	preview: string;
	userId: string;
	firstAt: number | null;
	lastAt: number | null;
	endedAt: number | null;
	calls: number;
	/** Calls, steps and events. */
	records: number;
	steps: number;
	events: number;
	errors: number;
	agents: string[];
	providers: string[];
	models: string[];
	/** None when nobody told. */
	usage: Usage | null;
	/** US dollars; none when nobody reported any. */
	reportedCost: number | null;
	/** Calls for which nobody reported a cost. */
	unpricedCalls: number;
}

export interface Failure {
	message: string;
	/** Its kind and code, as far as told. */
	name: string;
	stackTrace: string;
}

export type Part =
	| { kind: 'text'; text: string }
	| { kind: 'thinking'; text: string }
	| { kind: 'tool_call'; id: string; name: string; args: string }
	| { kind: 'tool_result'; id: string; name: string; text: string; isError: boolean }
	| { kind: 'media'; media: string; url: string; mimeType: string; name: string }
	| { kind: 'unknown'; raw: unknown };

export interface Message {
	/** Lower case, without prefix; empty when not told. */
	role: string;
	name: string;
	parts: Part[];
}

export interface Tool {
	name: string;
	description: string;
	schema: string;
}

interface Timed {
	id: string;
	/** Milliseconds since 1970 that place the record in time: start, else end, else receipt. */
	at: number;
	startedAt: number | null;
	completedAt: number | null;
	durationMs: number | null;
	error: Failure | null;
	/** It has begun and nobody has told its end. */
	open: boolean;
	agent: string;
	agentVersion: string;
	tags: [string, string][];
	raw: object;
}

export interface Generation extends Timed {
	kind: 'generation';
	operation: string;
	/** `sync`, `stream` or empty. */
	mode: string;
	provider: string;
	model: string;
	/** The model that answered, where it is not the one that was asked. */
	answeringModel: string;
	systemPrompt: string;
	tools: Tool[];
	input: Message[];
	output: Message[];
	/** None when nobody told. */
	usage: Usage | null;
	reportedCost: number | null;
	stopReason: string;
	timeToFirstTokenMs: number | null;
}

export interface Step extends Timed {
	kind: 'step';
	/** `tool`, `agent`, `workflow`, ... */
	type: string;
	name: string;
	subtype: string;
	callId: string;
	/** Null when there was none. */
	input: unknown;
	output: unknown;
}

export interface Event {
	kind: 'event';
	id: string;
	at: number;
	/** The wire name: `user.input`, ... */
	type: string;
	text: string;
	userId: string;
	isError: boolean;
	payload: Record<string, unknown>;
	raw: object;
}

export type Entry = Generation | Step | Event;

export interface Detail {
	conversation: Conversation;
	generations: Generation[];
	steps: Step[];
	events: Event[];
}

export function readConversation(sent: Sent['ConversationItem']): Conversation {
	const { totals } = sent;
	return {
		id: sent.id,
		title: sent.title === sent.id ? '' : sent.title,
		preview: sent.preview ?? '',
		userId: sent.user_id,
		firstAt: parseTime(sent.created_at),
		lastAt: parseTime(sent.updated_at),
		endedAt: parseTime(sent.ended_at),
		calls: sent.generation_count,
		records: sent.generation_count + sent.step_count + sent.event_count,
		steps: sent.step_count,
		events: sent.event_count,
		errors: sent.error_count,
		agents: sent.agents,
		providers: sent.providers,
		models: sent.models,
		usage: readUsage(totals),
		// A sum of nothing is not a cost of nothing.
		reportedCost: totals.reported_cost_usd ?? null,
		unpricedCalls: totals.unpriced_generations
	};
}

export function readDetail(sent: Sent['ConversationBody']): Detail {
	return {
		conversation: readConversation(sent),
		generations: sent.generations.map(generationReader()),
		steps: sent.steps.map(readStep),
		events: sent.events.map(readEvent)
	};
}

/** Reads the calls of one conversation. What they repeat is read once, and is then the same object in each of them. */
function generationReader(): (sent: Sent['GenerationBody']) => Generation {
	const message = onceEach(readMessage);
	const tool = onceEach(readTool);
	return (sent) => readGeneration(sent, message, tool);
}

export function readGeneration(
	sent: Sent['GenerationBody'],
	message: (sent: Sent['MessageBody']) => Message = readMessage,
	tool: (sent: Sent['ToolBody']) => Tool = readTool
): Generation {
	const timed = readTimed(sent, sent.generation_id);
	const firstTokenAt = parseTime(sent.first_token_at);
	const answering = sent.response_model ?? '';
	return {
		...timed,
		kind: 'generation',
		operation: sent.operation_name ?? '',
		mode: known(sent.mode, ''),
		provider: sent.model.provider,
		model: sent.model.name,
		answeringModel: answering === sent.model.name ? '' : answering,
		systemPrompt: sent.system_prompt ?? '',
		tools: (sent.tools ?? []).map(tool),
		input: (sent.input ?? []).map(message),
		output: (sent.output ?? []).map(message),
		usage: readUsage(sent.usage),
		reportedCost: sent.reported_cost_usd ?? null,
		stopReason: sent.stop_reason ?? '',
		timeToFirstTokenMs: difference(timed.startedAt, firstTokenAt)
	};
}

export function readStep(sent: Sent['StepBody']): Step {
	const timed = readTimed(sent, sent.step_id);
	return {
		...timed,
		// Senders measure whole milliseconds; of what took none the moments may tell more.
		durationMs: sent.duration_ms || timed.durationMs || (sent.duration_ms ?? null),
		kind: 'step',
		type: sent.kind,
		name: sent.name,
		subtype: sent.subtype ?? '',
		callId: sent.call_id ?? '',
		input: sent.input ?? null,
		output: sent.output ?? null
	};
}

export function readEvent(sent: Sent['EventBody']): Event {
	return {
		kind: 'event',
		id: sent.event_id,
		at: parseTime(sent.at) ?? 0,
		type: sent.kind,
		text: sent.text ?? '',
		userId: sent.user_id ?? '',
		isError: sent.is_error,
		payload: sent.payload ?? {},
		raw: sent
	};
}

function readMessage(sent: Sent['MessageBody']): Message {
	return {
		role: known(sent.role, 'MESSAGE_ROLE_'),
		name: sent.name ?? '',
		parts: sent.parts.map(readPart)
	};
}

function readPart(sent: Sent['PartBody']): Part {
	if (typeof sent.text === 'string') return { kind: 'text', text: sent.text };
	if (typeof sent.thinking === 'string') return { kind: 'thinking', text: sent.thinking };
	const { tool_call, tool_result, media } = sent;
	if (tool_call) {
		const { id, name, input_json } = tool_call;
		return { kind: 'tool_call', id: id ?? '', name: name ?? '', args: fromBase64(input_json ?? '') };
	}
	if (tool_result) {
		return {
			kind: 'tool_result',
			id: tool_result.tool_call_id ?? '',
			name: tool_result.name ?? '',
			text: tool_result.content || fromBase64(tool_result.content_json ?? ''),
			isError: tool_result.is_error === true
		};
	}
	if (media) {
		return {
			kind: 'media',
			media: media.kind ?? '',
			url: media.url ?? '',
			mimeType: media.mime_type ?? '',
			name: media.name ?? ''
		};
	}
	return { kind: 'unknown', raw: sent.opaque ?? sent };
}

function readTool(sent: Sent['ToolBody']): Tool {
	return {
		name: sent.name ?? '',
		description: sent.description ?? '',
		schema: fromBase64(sent.input_schema_json ?? '')
	};
}

function onceEach<S, T>(read: (sent: S) => T): (sent: S) => T {
	const known = new Map<string, T>();
	return (sent) => {
		const key = JSON.stringify(sent);
		const before = known.get(key);
		if (before !== undefined) return before;
		const now = read(sent);
		known.set(key, now);
		return now;
	};
}

function readTimed(sent: Sent['GenerationBody'] | Sent['StepBody'], id: string): Timed {
	const startedAt = parseTime(sent.started_at);
	const completedAt = parseTime(sent.completed_at);
	return {
		id,
		at: startedAt ?? completedAt ?? parseTime(sent.created_at) ?? 0,
		startedAt,
		completedAt,
		durationMs: difference(startedAt, completedAt),
		error: sent.error ? readFailure(sent.error) : null,
		open: sent.open,
		agent: sent.agent_name ?? '',
		agentVersion: sent.agent_version ?? '',
		tags: Object.entries(sent.tags ?? {}),
		raw: sent
	};
}

function readFailure(sent: Sent['ErrorDetail']): Failure {
	const name = [sent.kind, sent.code].filter(Boolean).join(' · ');
	return { message: sent.message, name, stackTrace: sent.stack_trace ?? '' };
}

function readUsage(sent: Sent['UsageBody'] | Sent['TotalsBody']): Usage | null {
	const usage = {
		input: sent.input_tokens ?? 0,
		output: sent.output_tokens ?? 0,
		cacheRead: sent.cache_read_input_tokens ?? 0,
		cacheWrite: sent.cache_write_input_tokens ?? 0,
		reasoning: sent.reasoning_tokens ?? 0
	};
	const told = (sent.total_tokens ?? 0) > 0 || Object.values(usage).some((count) => count > 0);
	return told ? usage : null;
}

function difference(fromMs: number | null, toMs: number | null): number | null {
	return fromMs === null || toMs === null ? null : toMs - fromMs;
}

/** An enum's name in lower case without its prefix; empty when it says nothing. */
function known(name: string, prefix: string): string {
	const bare = (name.startsWith(prefix) ? name.slice(prefix.length) : name).toLowerCase();
	return bare === 'unspecified' ? '' : bare;
}
