import { expect, it } from 'vitest';
import { EventParser } from './sse';

it('reads events wherever the stream is cut', () => {
	const stream = ': hello\r\n\r\nevent: record\r\ndata: {"a":1}\r\nid: 7\r\n\r\ndata:two\ndata: lines\n\ndata\n\nevent: x\n\n';
	const expected = [
		{ type: 'record', data: '{"a":1}' },
		{ type: 'message', data: 'two\nlines' },
		{ type: 'message', data: '' }
	];
	for (let size = 1; size <= stream.length; size++) {
		const parser = new EventParser();
		const events = [];
		for (let at = 0; at < stream.length; at += size) events.push(...parser.push(stream.slice(at, at + size)));
		expect(events).toEqual(expected);
	}
});

it('does not tell of an event that is not complete', () => {
	expect(new EventParser().push('data: half\n')).toEqual([]);
});
