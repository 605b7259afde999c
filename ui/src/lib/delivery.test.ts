import { expect, it } from 'vitest';
import { rangesText, readDelivery, reasonsText } from './delivery';

it('reads what the API sends', () => {
	const totals = {
		processes: 1, accepted: 10, received: 7, duplicates: 1, refused: 1, dropped: 1, pending: 0, elsewhere: 0, missing: 1
	};
	const sent = {
		client: 'c', product: 'sigil', pid: 7, host: 'box',
		started_at: '2026-11-22T08:00:00.000000Z',
		first_heard_at: '2026-11-22T08:00:01.000000Z',
		last_heard_at: '2026-11-22T08:00:02.000000Z',
		accepted: 10, received: 7, duplicates: 1, pending: 0, elsewhere: 0, missing: 1,
		refused: { invalid: 1 }, dropped: { queue_full: 1 }, missing_ranges: [[4, 4]]
	};
	const { processes, more } = readDelivery({ totals, processes: [sent], next_cursor: '1.c/default' });
	expect(more).toBe(true);
	expect(processes[0]).toMatchObject({
		copies: 1,
		heardAt: Date.UTC(2026, 10, 22, 8, 0, 2),
		missingRanges: [[4, 4]],
		refused: [['invalid', 1]],
		dropped: [['queue_full', 1]]
	});
});

it('writes ranges and reasons', () => {
	expect(rangesText([[51, 60], [70, 70]])).toBe('51–60, 70');
	expect(rangesText([[1, 1], [3, 3], [5, 5]], 2)).toBe('1, 3 and 1 more ranges');
	expect(rangesText([])).toBe('');
	expect(reasonsText([['queue_full', 1200], ['gave_up', 1]])).toBe('1,200 queue_full, 1 gave_up');
});
