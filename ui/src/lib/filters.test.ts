import { describe, expect, it } from 'vitest';
import { listQuery, readFilters, tagAddress, writeFilters } from './filters';

const now = Date.UTC(2026, 10, 22, 9, 0, 0);
const read = (text: string) => readFilters(new URLSearchParams(text));

describe('filters', () => {
	it('are none without an address that says so', () => {
		expect(writeFilters(read(''))).toBe('');
		expect(listQuery(read(''), now)).toEqual({});
	});

	it.each([
		'?agent=a+b&model=gpt-4o%2Fx&user=%C3%BC&error=true&within=24h',
		'?from=2026-11-22T08%3A00&until=2026-11-22T09%3A00',
		'?until=2026-11-22T09%3A00',
		'?provider=azure&tag=env%3Dprod&tag=a%3Db%3D'
	])('%s is read and written as it was', (text) => expect(writeFilters(read(text))).toBe(text));

	it('ask the API for what the form says', () => {
		expect(listQuery(read('agent=a&error=true&within=1h'), now)).toEqual({
			agent: 'a',
			error: true,
			from: '2026-11-22T08:00:00.000Z'
		});
		expect(listQuery(read('provider=p&tag=a=b&tag=c='), now)).toEqual({ provider: 'p', tag: ['a=b', 'c='] });
		expect(listQuery(read('from=2026-11-22T08:00'), now)).toEqual({ from: '2026-11-22T08:00:00Z' });
	});

	it.each(['within=constructor', 'within=5y', 'from=now', 'from=2026-99-99T00:00', 'error=maybe', 'tag=env', 'tag==x'])(
		'%s filters nothing',
		(text) => expect(listQuery(read(text), now)).toEqual({})
	);

	it('lead from a tag to what has it', () => {
		expect(tagAddress('env', 'a b')).toBe('/?tag=env%3Da+b');
	});

	it('leave out what was only spaces', () => {
		expect(writeFilters({ ...read(''), user: '  ' })).toBe('');
	});
});
