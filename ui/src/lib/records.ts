/**
 * The records as the page shows them, read from what the API sends.
 *
 * The API's generations follow proto-JSON: a default is left out, an int64 may be a string, an enum has a prefix, bytes
 * are base64. Reading never fails: a field of another type counts as not told, and `raw` keeps everything as it came.
 */

import { fromBase64, isObject, type Json, type JsonObject } from './content';
import { parseTime } from './format';

export interface Usage {
	input: number;
	output: number;
	total: number;
	cacheRead: number;
	cacheWrite: number;
	reasoning: number;
}

/** One line of the list, and the header of a conversation. */
export interface Conversation {
	id: string;
	title: string;
	userId: string;
	firstAt: number | null;
	lastAt: number | null;
	endedAt: number | null;
	calls: number;
	steps: number;
	events: number;
	errors: number;
	agents: string[];
	models: string[];
	usage: Usage;
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
	| { kind: 'unknown'; raw: Json };

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
	agent: string;
	agentVersion: string;
	tags: [string, string][];
	raw: JsonObject;
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
	input: Json | undefined;
	output: Json | undefined;
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
	payload: JsonObject;
	raw: JsonObject;
}

export type Entry = Generation | Step | Event;

export interface Detail {
	conversation: Conversation;
	generations: Generation[];
	steps: Step[];
	events: Event[];
}

export function readConversation(raw: JsonObject): Conversation {
	const time = (name: string) => parseTime(raw[name]);
	const totals = isObject(raw.totals) ? raw.totals : {};
	const calls = integer(raw.generation_count) ?? 0;
	const unpricedCalls = integer(totals.unpriced_generations) ?? 0;
	return {
		id: string(raw.id),
		title: string(raw.title) === string(raw.id) ? '' : string(raw.title),
		userId: string(raw.user_id),
		firstAt: time('created_at'),
		lastAt: time('updated_at'),
		endedAt: time('ended_at'),
		calls,
		steps: integer(raw.step_count) ?? 0,
		events: integer(raw.event_count) ?? 0,
		errors: integer(raw.error_count) ?? 0,
		agents: strings(raw.agents),
		models: strings(raw.models),
		usage: readUsage(totals),
		// A sum of nothing is not a cost of nothing.
		reportedCost: calls > unpricedCalls ? number(totals.reported_cost_usd) : null,
		unpricedCalls
	};
}

export function readDetail(raw: JsonObject): Detail {
	return {
		conversation: readConversation(raw),
		generations: objects(raw.generations).map(readGeneration),
		steps: objects(raw.steps).map(readStep),
		events: objects(raw.events).map(readEvent)
	};
}

export function readGeneration(raw: JsonObject): Generation {
	const timed = readTimed(raw, string(raw.generation_id) || string(raw.id));
	const firstTokenAt = parseTime(raw.first_token_at);
	const model = isObject(raw.model) ? raw.model : {};
	const answering = string(raw.response_model);
	return {
		...timed,
		kind: 'generation',
		operation: string(raw.operation_name),
		mode: enumName(raw.mode, 'GENERATION_MODE_'),
		provider: string(model.provider),
		model: string(model.name),
		answeringModel: answering === string(model.name) ? '' : answering,
		systemPrompt: string(raw.system_prompt),
		tools: objects(raw.tools).map(readTool),
		input: objects(raw.input).map(readMessage),
		output: objects(raw.output).map(readMessage),
		usage: isObject(raw.usage) ? readUsage(raw.usage) : null,
		reportedCost: number(raw.reported_cost_usd),
		stopReason: string(raw.stop_reason),
		timeToFirstTokenMs:
			firstTokenAt === null || timed.startedAt === null ? null : firstTokenAt - timed.startedAt
	};
}

export function readStep(raw: JsonObject): Step {
	const timed = readTimed(raw, string(raw.step_id) || string(raw.id));
	return {
		...timed,
		durationMs: number(raw.duration_ms) ?? timed.durationMs,
		kind: 'step',
		type: string(raw.kind),
		name: string(raw.name),
		subtype: string(raw.subtype),
		callId: string(raw.call_id),
		input: raw.input,
		output: raw.output
	};
}

export function readEvent(raw: JsonObject): Event {
	return {
		kind: 'event',
		id: string(raw.event_id) || string(raw.id),
		at: parseTime(raw.at) ?? 0,
		type: string(raw.kind),
		text: string(raw.text),
		userId: string(raw.user_id),
		isError: ['error', 'validation_error', 'timeout_error'].includes(string(raw.kind)),
		payload: isObject(raw.payload) ? raw.payload : {},
		raw
	};
}

export function readMessage(raw: JsonObject): Message {
	return {
		role: enumName(raw.role, 'MESSAGE_ROLE_'),
		name: string(raw.name),
		parts: objects(raw.parts).map(readPart)
	};
}

function readPart(raw: JsonObject): Part {
	if (typeof raw.text === 'string') return { kind: 'text', text: raw.text };
	if (typeof raw.thinking === 'string') return { kind: 'thinking', text: raw.thinking };
	if (isObject(raw.tool_call)) {
		const call = raw.tool_call;
		return { kind: 'tool_call', id: string(call.id), name: string(call.name), args: bytes(call.input_json) };
	}
	if (isObject(raw.tool_result)) {
		const result = raw.tool_result;
		return {
			kind: 'tool_result',
			id: string(result.tool_call_id),
			name: string(result.name),
			text: string(result.content) || bytes(result.content_json),
			isError: result.is_error === true
		};
	}
	if (isObject(raw.media)) {
		const media = raw.media;
		return {
			kind: 'media',
			media: string(media.kind),
			url: string(media.url),
			mimeType: string(media.mime_type),
			name: string(media.name)
		};
	}
	return { kind: 'unknown', raw };
}

function readTool(raw: JsonObject): Tool {
	return { name: string(raw.name), description: string(raw.description), schema: bytes(raw.input_schema_json) };
}

function readTimed(raw: JsonObject, id: string): Timed {
	const startedAt = parseTime(raw.started_at);
	const completedAt = parseTime(raw.completed_at);
	return {
		id,
		at: startedAt ?? completedAt ?? parseTime(raw.created_at) ?? 0,
		startedAt,
		completedAt,
		durationMs: startedAt === null || completedAt === null ? null : completedAt - startedAt,
		error: readFailure(raw.error),
		agent: string(raw.agent_name),
		agentVersion: string(raw.agent_version),
		tags: isObject(raw.tags) ? Object.entries(raw.tags).map(([key, value]) => [key, string(value)]) : [],
		raw
	};
}

function readFailure(raw: Json | undefined): Failure | null {
	if (typeof raw === 'string' && raw) return { message: raw, name: '', stackTrace: '' };
	if (!isObject(raw)) return null;
	const name = [string(raw.kind), string(raw.code)].filter(Boolean).join(' · ');
	return { message: string(raw.message), name, stackTrace: string(raw.stack_trace) };
}

function readUsage(raw: Json | undefined): Usage {
	const counters = isObject(raw) ? raw : {};
	const count = (name: string) => integer(counters[name]) ?? 0;
	return {
		input: count('input_tokens'),
		output: count('output_tokens'),
		total: count('total_tokens') || count('input_tokens') + count('output_tokens'),
		cacheRead: count('cache_read_input_tokens'),
		cacheWrite: count('cache_write_input_tokens'),
		reasoning: count('reasoning_tokens')
	};
}

function string(value: Json | undefined): string {
	return typeof value === 'string' ? value : '';
}

function strings(value: Json | undefined): string[] {
	return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function objects(value: Json | undefined): JsonObject[] {
	return Array.isArray(value) ? value.filter(isObject) : [];
}

function number(value: Json | undefined): number | null {
	return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** A number, or a string of digits as proto-JSON writes an int64. */
function integer(value: Json | undefined): number | null {
	return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : number(value);
}

function bytes(value: Json | undefined): string {
	return typeof value === 'string' ? fromBase64(value) : '';
}

function enumName(value: Json | undefined, prefix: string): string {
	const name = string(value);
	const known = (name.startsWith(prefix) ? name.slice(prefix.length) : name).toLowerCase();
	return known === 'unspecified' ? '' : known;
}
