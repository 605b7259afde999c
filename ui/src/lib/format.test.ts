import { describe, expect, it } from 'vitest';
import { compact, cost, dollars, duration, parseTime, plural, relative, tokens, utc } from './format';

describe('counts', () => {
	it('are exact while they are short', () => {
		expect([compact(0), compact(9999), compact(12_345), compact(3_400_000)]).toEqual([
			'0',
			'9,999',
			'12.3k',
			'3.4m'
		]);
		expect([plural(1, 'call'), plural(0, 'call'), plural(2, 'entry', 'entries')]).toEqual([
			'1 call',
			'0 calls',
			'2 entries'
		]);
	});
});

describe('dollars', () => {
	it.each([
		[0, '$0'],
		[0.00000123, '$0.00000123'],
		[0.0123456, '$0.0123'],
		[0.5, '$0.5'],
		[1, '$1.00'],
		[1234.567, '$1,234.57']
	])('%d is %s', (amount, written) => expect(dollars(amount)).toBe(written));
});

describe('cost', () => {
	it('is unknown, at least so much, or so much', () => {
		expect([cost(null, 3), cost(0.5, 1), cost(0.5, 0), cost(0, 0)]).toEqual(['unknown', '≥ $0.5', '$0.5', '$0']);
	});
});

describe('tokens', () => {
	it('are what was told', () => {
		const usage = { input: 1200, output: 34, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
		expect(tokens(null)).toBe('unknown');
		expect(tokens(usage)).toBe('1,200 in · 34 out');
		expect(tokens({ ...usage, cacheRead: 7, reasoning: 5 })).toBe('1,200 in · 7 from cache · 34 out · 5 reasoning');
	});
});

describe('duration', () => {
	it.each([
		[0, '0 ms'],
		[0.05, '0.050 ms'],
		[0.42, '0.4 ms'],
		[312.4, '312 ms'],
		[999.7, '1.00 s'],
		[1234, '1.23 s'],
		[12_345, '12.3 s'],
		[59_990, '1 min'],
		[125_000, '2 min 5 s'],
		[3_599_900, '1 h'],
		[3_840_000, '1 h 4 min'],
		[86_399_999, '1 d'],
		[183_600_000, '2 d 3 h'],
		[-1500, '−1.50 s']
	])('%d ms is %s', (ms, written) => expect(duration(ms)).toBe(written));
});

describe('times', () => {
	const now = Date.UTC(2026, 10, 22, 9, 0, 0);

	it.each([
		[0, 'just now'],
		[-30_000, 'just now'],
		[-7_200_000, 'in 2 h'],
		[42_000, '42 s ago'],
		[60_000, '1 min ago'],
		[7_199_000, '1 h ago'],
		[3 * 86_400_000, '3 d ago'],
		[40 * 86_400_000, '13 Oct 2026']
	])('%d ms before now is %s', (ago, written) => expect(relative(now - ago, now)).toBe(written));

	it('are exact in UTC', () => {
		expect(utc(now + 7)).toBe('2026-11-22 09:00:00.007 UTC');
	});

	it('keep the order of what happened within one millisecond', () => {
		const first = parseTime('2026-11-22T09:00:00.0070011Z');
		const second = parseTime('2026-11-22T10:00:00.0070019+01:00');
		expect(first).toBeCloseTo(now + 7.0011, 3);
		expect(first! < second!).toBe(true);
	});

	it.each(['', 'yesterday', null, 12, '2026-13-45T00:00:00Z'])('%j is no time', (text) =>
		expect(parseTime(text)).toBeNull()
	);
});
