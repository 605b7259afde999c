import { describe, expect, it } from 'vitest';
import { readDetail, readGeneration, type Generation } from './records';
import { inOrderOfTime, newInEachTurn } from './transcript';

const say = (role: string, text: string): object => ({ role: `MESSAGE_ROLE_${role}`, parts: [{ text }] });
const user = (text: string) => say('USER', text);
const assistant = (text: string) => say('ASSISTANT', text);

let second = 0;
function call(id: string, input: object[], output: object[]): Generation {
	const started_at = `2026-11-22T09:00:${String(second++ % 60).padStart(2, '0')}Z`;
	return readGeneration({ generation_id: id, mode: '', model: {}, usage: {}, started_at, input, output } as never);
}

/** `3+` is three earlier messages, `2` two new ones. */
function shape(generations: Generation[]): string[] {
	const segments = newInEachTurn(generations);
	return generations.map((generation) =>
		segments
			.get(generation.id)!
			.map((segment) => `${segment.messages.length}${segment.earlier ? '+' : ''}`)
			.join(' ')
	);
}

describe('what is new in a turn', () => {
	it('is all of the first and what follows the last answer after that', () => {
		const first = [say('SYSTEM', 'be brief'), user('one')];
		const second = [...first, assistant('1'), user('two')];
		const third = [...second, assistant('2'), user('three')];
		expect(
			shape([
				call('a', first, [assistant('1')]),
				call('b', second, [assistant('2')]),
				call('c', third, [assistant('3')])
			])
		).toEqual(['2', '3+ 1', '5+ 1']);
	});

	it('counts copies: "continue" said twice is new twice', () => {
		const second = [user('continue'), assistant('a'), user('continue')];
		expect(
			shape([call('a', [user('continue')], [assistant('a')]), call('b', second, [assistant('b')])])
		).toEqual(['1', '2+ 1']);
	});

	it('knows messages again when the history was cut short', () => {
		const long = [user('1'), assistant('2'), user('3'), assistant('4'), user('5')];
		const cut = [say('SYSTEM', 'summary of 1 and 2'), user('3'), assistant('4'), user('5'), assistant('6'), user('7')];
		expect(shape([call('a', long, [assistant('6')]), call('b', cut, [])])).toEqual(['5', '1 4+ 1']);
	});

	it('knows an answer again without its thinking and with its arguments written anew', () => {
		const toolCall = (json: string) => ({ tool_call: { id: 'c1', name: 'get', input_json: btoa(json) } });
		const answer = {
			role: 'MESSAGE_ROLE_ASSISTANT',
			parts: [{ thinking: 'hm' }, { text: 'Looking.\n' }, toolCall('{"a": 1}')]
		};
		const sentBack = { role: 'MESSAGE_ROLE_ASSISTANT', parts: [{ text: 'Looking.' }, toolCall('{"a":1}')] };
		const result = {
			role: 'MESSAGE_ROLE_TOOL',
			parts: [{ tool_result: { tool_call_id: 'c1', content: '7' } }]
		};
		expect(
			shape([call('a', [user('go')], [answer]), call('b', [user('go'), sentBack, result], [])])
		).toEqual(['1', '2+ 1']);
	});

	it('is nothing when the same is asked again', () => {
		expect(shape([call('a', [user('x')], []), call('b', [user('x')], [])])).toEqual(['1', '1+']);
	});

	it('keeps two agents apart by what they say', () => {
		expect(
			shape([
				call('planner', [user('plan')], [assistant('steps')]),
				call('worker', [user('step 1')], [assistant('done')]),
				call('planner again', [user('plan'), assistant('steps'), user('done?')], [])
			])
		).toEqual(['1', '1', '2+ 1']);
	});
});

describe('the transcript', () => {
	it('is in order of time, and at one moment in the order event, call, step', () => {
		const at = (fraction: string) => `2026-11-22T09:00:00.${fraction}Z`;
		const call = (sent: object) => ({ mode: '', model: {}, usage: {}, ...sent });
		const detail = readDetail({
			id: 'c',
			totals: {},
			steps: [{ step_id: 's', started_at: at('001') }],
			generations: [
				call({ generation_id: 'late', started_at: at('0010002') }),
				call({ generation_id: 'g', started_at: at('001') }),
				call({ generation_id: 'no start', completed_at: at('0005') })
			],
			events: [{ event_id: 'e', at: at('001') }]
		} as never);
		expect(inOrderOfTime(detail).map((entry) => entry.id)).toEqual(['no start', 'e', 'g', 's', 'late']);
	});
});
