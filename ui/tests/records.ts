/** Records of the tests' own, beside whatever the server holds. */

import { randomUUID } from 'node:crypto';

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64');
const text = (role: string, text: string) => ({ role: `MESSAGE_ROLE_${role}`, parts: [{ text }] });

/** Would run if it ever became markup. */
export const HOSTILE = `<img src=x onerror="document.title='hacked'"><script>document.title='hacked'</script>`;

const PIXEL = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** An agent's three calls: a tool call with thinking, the answer to its result, and a failure. */
export function agentConversation(name: string, agent = `page-test-${name}-${randomUUID().slice(0, 8)}`) {
	const user = `${agent}-user`;
	const conversationId = `page-test/${name}.${randomUUID()}`;
	const zero = Date.now() - 90_000;
	const at = (seconds: number) => new Date(zero + seconds * 1000).toISOString();
	const asked = [text('USER', 'Has Ms Okafor arrived?')];
	const called = {
		role: 'MESSAGE_ROLE_ASSISTANT',
		parts: [
			{ thinking: 'The booking must be looked up first.' },
			{ text: 'Let me look.' },
			{ tool_call: { id: 'call_1', name: 'find_booking', input_json: base64({ guest: 'Okafor' }) } }
		]
	};
	const told = {
		role: 'MESSAGE_ROLE_TOOL',
		parts: [{ tool_result: { tool_call_id: 'call_1', name: 'find_booking', content: '{"room":"204"}' } }]
	};
	const answered = text('ASSISTANT', `She has room 204. ${HOSTILE}`);
	const shown = {
		role: 'MESSAGE_ROLE_USER',
		parts: [
			{ text: 'File this.' },
			{ media: { kind: 'image', url: PIXEL, mime_type: 'image/png', name: 'passport.png' } },
			{ media: { kind: 'image', url: "javascript:document.title='hacked'", mime_type: 'image/png', name: 'bad' } }
		]
	};
	const call = (id: string, seconds: number, input: object[], more: object) => ({
		id: `${conversationId}-${id}`,
		conversation_id: conversationId,
		operation_name: 'streamText',
		mode: 'GENERATION_MODE_STREAM',
		model: { provider: 'openai', name: `page-test-model-${name}` },
		agent_name: agent,
		agent_version: '1.4',
		system_prompt: 'You are the concierge of a small hotel.',
		tools: [{ name: 'find_booking', description: 'Finds a booking.', type: 'function', input_schema_json: base64({ type: 'object' }) }],
		started_at: at(seconds),
		completed_at: at(seconds + 1.25),
		tags: { env: 'page-test' },
		metadata: { 'sigil.user.id': user },
		input,
		...more
	});
	return {
		conversationId,
		agent,
		user,
		generations: [
			call('1', 0, asked, { output: [called], usage: { input_tokens: 1200, output_tokens: 34 }, stop_reason: 'tool_calls' }),
			call('2', 3, [...asked, called, told], { output: [answered], usage: { input_tokens: 1300, output_tokens: 21 } }),
			call('3', 60, [...asked, called, told, answered, shown], { call_error: 'RateLimitError: slow down' })
		]
	};
}

/** So many calls, each with everything before it: a person asks once, then only the agent speaks. */
export function longConversation(calls: number) {
	const conversationId = `page-test/long.${randomUUID()}`;
	const zero = Date.now() - 600_000;
	const answers = Array.from({ length: calls }, (_, index) => text('ASSISTANT', `Answer ${index}.`));
	const generations = answers.map((answer, index) => ({
		id: `${conversationId}-${index}`,
		conversation_id: conversationId,
		model: { provider: 'openai', name: 'page-test-long' },
		started_at: new Date(zero + index * 1000).toISOString(),
		input: [text('USER', 'Go on until it is done.'), ...answers.slice(0, index)],
		output: [answer]
	}));
	return { conversationId, generations };
}

/** One run told in events: what was said, a tool that fails, an error. */
export function eventRun(user: string) {
	const runId = randomUUID();
	const zero = Date.now() - 30_000;
	const event = (seconds: number, event_type: string, payload: object, parent_event_id?: string) => ({
		event_id: randomUUID(),
		run_id: runId,
		timestamp: new Date(zero + seconds * 1000).toISOString(),
		event_type,
		user_id: user,
		...(parent_event_id && { parent_event_id }),
		payload
	});
	const call = event(2, 'tool.call', {
		tool_name: 'carrier_status',
		tool_type: 'api',
		parameters: { order_id: '1007' },
		call_id: 'c1'
	});
	return {
		runId,
		events: [
			event(0, 'run.start', { session_id: runId }),
			event(1, 'user.input', { input_text: 'Where is my order 1007?', input_type: 'text', channel: 'web' }),
			call,
			event(
				3,
				'tool.response',
				{
					tool_name: 'carrier_status',
					tool_type: 'api',
					call_id: 'c1',
					response_data: null,
					execution_time_ms: 1000,
					success: false,
					error_message: 'the carrier did not answer'
				},
				call.event_id
			),
			event(4, 'error', { error_type: 'carrier_timeout', error_message: 'no answer from the carrier', severity: 'warning' }),
			event(5, 'agent.response', { response_text: 'Your order was sent on Friday.', response_type: 'text' }),
			event(6, 'run.end', { session_id: runId })
		]
	};
}
