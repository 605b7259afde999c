/** What people and programs said about records, as the page shows it: ratings, scores, experiments. Pure. */

import type { components } from './api/schema';
import { isObject } from './content';
import { exact, parseTime } from './format';

type Sent = components['schemas'];

export interface Rating {
	id: string;
	verdict: 'good' | 'bad' | 'other';
	/** The verdict as it is shown: as it came where we do not know it. */
	text: string;
	comment: string;
	/** Empty when it is about the whole conversation. */
	generationId: string;
	raterId: string;
	source: string;
	at: number | null;
	raw: object;
}

export interface Score {
	id: string;
	/** What was judged. */
	key: string;
	value: string;
	/** None when there is no verdict. */
	passed: boolean | null;
	evaluator: string;
	explanation: string;
	generationId: string;
	experimentId: string;
	raw: object;
}

export interface Judgements {
	ratings: Rating[];
	scores: Score[];
}

export interface Experiment {
	id: string;
	name: string;
	status: string;
	description: string;
	tags: string[];
	scores: number;
	error: string;
	createdBy: string;
	startedAt: number | null;
	completedAt: number | null;
	raw: object;
}

export interface Artifact {
	id: string;
	name: string;
	kind: string;
	bytes: number;
}

export interface Trial {
	id: string;
	attempt: number;
	status: string;
	error: string;
	conversationId: string;
	/** None when nobody told. */
	durationMs: number | null;
	inputTokens: number | null;
	outputTokens: number | null;
	/** In the currency that the program counts in. */
	cost: number | null;
	/** What decides it. */
	final: Score | null;
	scores: Score[];
	artifacts: Artifact[];
	raw: object;
}

export interface TestCase {
	id: string;
	name: string;
	passRate: string;
	trials: Trial[];
}

export interface Report {
	experiment: Experiment;
	summary: Sent['Summary'];
	cases: TestCase[];
}

const VERDICTS: Record<string, 'good' | 'bad'> = {
	CONVERSATION_RATING_VALUE_GOOD: 'good',
	CONVERSATION_RATING_VALUE_BAD: 'bad'
};

export function readRating(sent: Sent['RatingBody']): Rating {
	const verdict = VERDICTS[sent.rating];
	return {
		id: sent.rating_id,
		verdict: verdict ?? 'other',
		text: verdict ?? sent.rating,
		comment: sent.comment ?? '',
		generationId: sent.generation_id ?? '',
		raterId: sent.rater_id ?? '',
		source: sent.source ?? '',
		at: parseTime(sent.created_at),
		raw: sent
	};
}

export function readScore(sent: Sent['ScoreBody']): Score {
	return {
		id: sent.score_id,
		key: sent.score_key,
		value: valueText(sent.value),
		passed: sent.passed ?? null,
		evaluator: [sent.evaluator_id, sent.evaluator_version].filter(Boolean).join(' '),
		explanation: sent.explanation ?? '',
		generationId: sent.generation_id ?? '',
		experimentId: sent.experiment_id ?? '',
		raw: sent
	};
}

export function readExperiment(sent: Sent['ExperimentBody']): Experiment {
	return {
		id: sent.experiment_id,
		name: sent.name,
		status: sent.status,
		description: sent.description ?? '',
		tags: sent.tags ?? [],
		scores: sent.score_count,
		error: sent.error ?? '',
		createdBy: sent.created_by,
		startedAt: parseTime(sent.started_at),
		completedAt: parseTime(sent.completed_at),
		raw: sent
	};
}

export function readReport(sent: Sent['ReportBody']): Report {
	return { experiment: readExperiment(sent.experiment), summary: sent.summary, cases: sent.rows.map(readCase) };
}

/** Scores by the generation that they judge; those of none under the empty text. */
export function scoresByGeneration(scores: Score[]): Map<string, Score[]> {
	const found = new Map<string, Score[]>();
	for (const score of scores) found.set(score.generationId, [...(found.get(score.generationId) ?? []), score]);
	return found;
}

/** `2 good · 1 bad`; empty when there are none. */
export function verdicts(ratings: Rating[]): string {
	const count = (verdict: Rating['verdict']) => ratings.filter((rating) => rating.verdict === verdict).length;
	const counted = (['good', 'bad', 'other'] as const).map((verdict) => [count(verdict), verdict] as const);
	return counted.flatMap(([count, verdict]) => (count > 0 ? [`${exact(count)} ${verdict}`] : [])).join(' · ');
}

/** `50% (1 of 2)`; while nothing has ended nothing has passed or failed. */
export function passRate(summary: Sent['Summary']): string {
	const { pass_count: passed, pass_denominator: ended, pass_rate: rate } = summary;
	return ended === 0 ? 'none ended' : `${exact(Math.round(rate * 100))}% (${exact(passed)} of ${exact(ended)})`;
}

function readCase(sent: Sent['ReportRow']): TestCase {
	const { name } = sent.test_case_snapshot as Record<string, unknown>;
	return {
		id: sent.test_case_id,
		name: typeof name === 'string' ? name : sent.test_case_id,
		passRate: passRate(sent.summary),
		trials: sent.trials.map(readTrial)
	};
}

function readTrial({ trial, final_score, scores, artifacts }: Sent['ReportTrial']): Trial {
	return {
		id: trial.trial_id,
		attempt: trial.attempt,
		status: trial.status,
		error: trial.error ?? '',
		conversationId: trial.conversation_id ?? '',
		durationMs: trial.duration_ms ?? null,
		inputTokens: trial.input_tokens ?? null,
		outputTokens: trial.output_tokens ?? null,
		cost: trial.cost ?? null,
		final: final_score ? readScore(final_score) : null,
		scores: scores.map(readScore),
		artifacts: artifacts.map(readArtifact),
		raw: trial
	};
}

function readArtifact(sent: Sent['TrialArtifactBody']): Artifact {
	return { id: sent.artifact_id, name: sent.name, kind: sent.kind, bytes: sent.size_bytes };
}

/** Exactly one of a number, a truth and a text. */
function valueText(value: unknown): string {
	if (!isObject(value)) return JSON.stringify(value);
	if (typeof value.string === 'string') return value.string;
	if (typeof value.bool === 'boolean') return value.bool ? 'yes' : 'no';
	return typeof value.number === 'number' ? String(value.number) : JSON.stringify(value);
}
