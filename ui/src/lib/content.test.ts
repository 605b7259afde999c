import { describe, expect, it } from 'vitest';
import { excerpt, fromBase64, longLast, mediaKind, pretty } from './content';

describe('bytes', () => {
	it('are read as UTF-8', () => expect(fromBase64('eyJ4Ijoiw7wifQ==')).toBe('{"x":"ü"}'));
	it('are left as they came when they are not base64', () => expect(fromBase64('{"x"}')).toBe('{"x"}'));
});

describe('JSON', () => {
	it('is indented unless it fits a line', () => {
		expect(pretty('{"a":[1],"b":"x\\ny"}')).toEqual({ text: '{ "a": [ 1 ], "b": "x\\ny" }', json: true });
		const long = 'x'.repeat(80);
		expect(pretty(`{"a":"${long}"}`)).toEqual({ text: `{\n  "a": "${long}"\n}`, json: true });
	});
	it.each(['plain', '{broken', '12', '"text"', ''])('%j stays as it is', (text) =>
		expect(pretty(text)).toEqual({ text, json: false })
	);
	it('is never rounded', () => {
		const text = '{"id":12345678901234567890}';
		expect(pretty(text)).toEqual({ text, json: true });
		expect(pretty('{"id":"12345678901234567890"}').text).toBe('{ "id": "12345678901234567890" }');
	});
	it('of a record begins with what is short', () => {
		expect(Object.keys(longLast({ input: [], id: 'a', tools: [], unknown: {} }))).toEqual(['id', 'unknown', 'input', 'tools']);
	});
});

describe('an excerpt', () => {
	it('is the whole of a short text', () => expect(excerpt('a\nb')).toEqual({ text: 'a\nb', rest: 0 }));
	it('ends after so many characters', () => {
		const { text, rest } = excerpt('x'.repeat(10_000));
		expect([text.length, rest]).toEqual([4_000, 6_000]);
	});
	it('ends after so many lines', () => {
		const { text, rest } = excerpt('line\n'.repeat(100));
		expect(text.split('\n')).toHaveLength(60);
		expect(rest).toBe(500 - text.length);
	});
	it('leaves out nothing that would be shorter than the button', () => {
		expect(excerpt('x'.repeat(4_200)).rest).toBe(0);
	});
	it('does not cut a character in two', () => {
		const { text } = excerpt(`${'x'.repeat(3_999)}${'😀'.repeat(500)}`);
		expect(text).toHaveLength(3_999);
	});
});

describe('media', () => {
	it.each([
		['data:image/png;base64,AAAA', '', '', 'image'],
		['data:text/html,<script>', 'image/png', 'image', 'download'],
		['https://example.com/a.png', 'image/png', '', 'image'],
		['https://example.com/a', '', 'image', 'image'],
		['https://example.com/a.pdf', 'application/pdf', 'document', 'link'],
		['http://example.com/a.png', 'image/png', 'image', 'text'],
		['javascript:alert(1)', 'image/png', 'image', 'text'],
		[' javascript:alert(1)', '', '', 'text'],
		['gs://bucket/a.png', 'image/png', 'image', 'text']
	])('%s is offered as %s %s %s', (url, mimeType, kind, offered) =>
		expect(mediaKind(url, mimeType, kind)).toBe(offered)
	);
});
