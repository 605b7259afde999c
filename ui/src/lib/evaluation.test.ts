import { expect, it } from 'vitest';
import { passRate, readRating, readReport, readScore, scoresByGeneration, verdicts } from './evaluation';

const score = (id: string, value: unknown, more: object = {}) =>
	readScore({ score_id: id, evaluator_id: 'judge', evaluator_version: '2', score_key: 'tone', value, ...more });
const rating = (rating: string) =>
	readRating({ rating_id: 'r', conversation_id: 'c', rating, created_at: '2026-11-22T08:00:00Z' });
const summary = (passed: number, ended: number) =>
	({ pass_count: passed, pass_denominator: ended, pass_rate: ended && passed / ended }) as Parameters<typeof passRate>[0];

it('reads values of every kind, and keeps what it does not know', () => {
	const values = [{ number: 0.5 }, { bool: true }, { bool: false }, { string: 'kind' }, { later: 1 }, 7];
	expect(values.map((value) => score('s', value).value)).toEqual(['0.5', 'yes', 'no', 'kind', '{"later":1}', '7']);
	expect(score('s', { number: 1 })).toMatchObject({ evaluator: 'judge 2', passed: null, explanation: '' });
});

it('puts scores to the generations that they judge', () => {
	const of = scoresByGeneration([score('1', {}, { generation_id: 'g' }), score('2', {}), score('3', {}, { generation_id: 'g' })]);
	expect(of.get('g')?.map(({ id }) => id)).toEqual(['1', '3']);
	expect(of.get('')?.map(({ id }) => id)).toEqual(['2']);
});

it('counts verdicts, also those of later versions', () => {
	const ratings = ['CONVERSATION_RATING_VALUE_BAD', 'CONVERSATION_RATING_VALUE_GOOD', 'CONVERSATION_RATING_VALUE_BAD', 'MEH'].map(rating);
	expect(verdicts(ratings)).toBe('1 good · 2 bad · 1 other');
	expect(ratings[3]).toMatchObject({ verdict: 'other', text: 'MEH', at: Date.UTC(2026, 10, 22, 8) });
	expect(verdicts([])).toBe('');
});

it('tells a rate with what it is a part of', () => {
	expect(passRate(summary(1, 3))).toBe('33% (1 of 3)');
	expect(passRate(summary(0, 0))).toBe('none ended');
});

it('reads a report', () => {
	const moments = { created_at: '2026-11-22T08:00:00Z', updated_at: '2026-11-22T08:00:00Z', started_at: '2026-11-22T08:00:00Z' };
	const experiment = { experiment_id: 'e', name: 'n', status: 'running', score_count: 1, created_by: 'me', ...moments };
	const trial = { trial_id: 't', experiment_id: 'e', test_case_id: 'a', attempt: 1, status: 'completed', cost: 0, ...moments };
	const final = { score_id: 's', evaluator_id: 'e', evaluator_version: '1', score_key: 'final', value: { bool: true } };
	const row = {
		test_case_id: 'a', test_case_snapshot: { name: 'Case a' } as never, summary: summary(1, 1),
		trials: [{ trial, final_score: final, scores: [final], artifacts: [] }]
	};
	const { cases } = readReport({ experiment, summary: summary(1, 1), rows: [row] });
	expect(cases[0]).toMatchObject({ name: 'Case a', passRate: '100% (1 of 1)' });
	expect(cases[0]?.trials[0]).toMatchObject({ cost: 0, inputTokens: null, final: { value: 'yes' }, error: '' });
});
