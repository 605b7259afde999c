import { expect, it } from 'vitest';
import { entryName, entryPreview, eventName } from './names';
import { readEvent, readGeneration, readStep } from './records';

it('names events in words, and unknown ones as they came', () => {
	expect([eventName('run.start'), eventName('chain.end'), eventName('constructor'), eventName('')]).toEqual([
		'Session start',
		'chain.end',
		'constructor',
		'Event'
	]);
});

it('previews what was said, the tools that are called, or the failure', () => {
	const generation = (output: object[], error: object | null = null) =>
		readGeneration({ mode: '', model: { name: 'm' }, usage: {}, output, error } as never);
	const call = { role: '', parts: [{ text: ' ' }, { tool_call: { name: 'a' } }, { tool_call: { name: 'b' } }] };
	expect(entryPreview(generation([{ role: '', parts: [{ thinking: 'hm' }, { text: '\n Yes.' }] }]))).toBe('Yes.');
	expect(entryPreview(generation([call]))).toBe('→ a → b');
	expect(entryPreview(generation([call], { message: 'too slow' }))).toBe('too slow');
	expect(entryName(generation([]))).toBe('m');
	expect(entryName(readStep({ kind: 'tool', name: '' } as never))).toBe('tool');
	expect(entryPreview(readEvent({ text: 'x'.repeat(200) } as never))).toHaveLength(80);
});
