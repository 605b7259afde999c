import { expect, it } from 'vitest';
import { refused } from './trouble';

it('asks for a key when there is none, and for another when it is refused', () => {
	expect(refused(401, 'an API key is required', false)).toMatchObject({
		kind: 'key',
		what: 'This server asks for an API key.'
	});
	expect(refused(401, 'the API key is not valid', true).what).toContain('does not accept');
});

it('says what the server said', () => {
	expect(refused(404, 'there is no conversation "x"', false)).toEqual({
		kind: 'missing',
		what: 'There is no conversation "x".',
		advice: ''
	});
	expect(refused(503, 'the disk is full', false).advice).toBe('The disk is full. Try again shortly.');
	expect(refused(500, '', false).what).toBe('The server could not answer (HTTP status 500).');
});
