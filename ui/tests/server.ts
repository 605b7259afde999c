/** The server under test, asked without the page: what the page must show is what the API says. */

export const base = required('LIGHTWELL_URL').replace(/\/+$/, '');
export const key = process.env.LIGHTWELL_KEY ?? '';

/** Any JSON: compared field by field with what the page shows. */
type Answer = any;

export async function api(path: string): Promise<Answer> {
	const response = await fetch(`${base}${path}`, { headers: headers() });
	if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
	return response.json();
}

/** Sends generations as a Sigil SDK does. Every one must be accepted. */
export async function sendGenerations(generations: object[]): Promise<void> {
	const { results } = await post('/api/v1/generations:export', { generations });
	for (const result of results) if (!result.accepted) throw new Error(JSON.stringify(result));
}

/** Sends events as insidellm does. Every one must be accepted. */
export async function sendEvents(events: object[]): Promise<void> {
	const { results } = await post('/api/v1/ingest', events);
	for (const result of results) if (!result.accepted) throw new Error(JSON.stringify(result));
}

/** Sends so many generations as Lightwell's own client does, with what it tells of itself. */
export async function sendNumbered(delivery: string, count: number): Promise<void> {
	const model = { provider: 'p', name: 'm' };
	const generations = Array.from({ length: count }, () => ({ id: crypto.randomUUID(), conversation_id: 'numbered', model }));
	await post('/api/v1/generations:export', { generations }, { 'lightwell-delivery': delivery });
}

/** Rates a conversation as a person does. */
export async function rate(conversationId: string, rating: object): Promise<void> {
	await post(`/api/v1/conversations/${encodeURIComponent(conversationId)}/ratings`, { rating_id: crypto.randomUUID(), ...rating });
}

/** Sends scores of one evaluator. Every one must be new. */
export async function sendScores(scores: object[]): Promise<void> {
	const who = { evaluator_id: 'judge', evaluator_version: '1' };
	const sent = scores.map((score) => ({ score_id: crypto.randomUUID(), ...who, ...score }));
	const { accepted, results } = await post('/api/v1/scores:export', { scores: sent });
	if (accepted !== scores.length) throw new Error(JSON.stringify(results));
}

/** Two test cases, one of them passed in this conversation and the other out of time. Returns the experiment's id. */
export async function runExperiment(conversationId: string): Promise<string> {
	const id = crypto.randomUUID();
	const [france, spain] = [`${id}-france`, `${id}-spain`];
	const trials = `/api/v1/experiment-runs/${id}/trials`;
	const moment = { attempt: 1, status: 'completed' };
	await post('/api/v1/experiment-runs:upsert', { experiment_id: id, name: 'capitals', source: { kind: 'sdk', id: 'page-test' } });
	const told = { conversation_id: conversationId, cost: 0.25, input_tokens: 6, output_tokens: 1, duration_ms: 40 };
	await post(trials, { trial_id: france, test_case_id: 'france', metadata: { test_case_name: 'France' }, ...moment, ...told });
	const failed = { status: 'errored', error: 'out of time' };
	await post(trials, { trial_id: spain, test_case_id: 'spain', metadata: { test_case_name: 'Spain' }, ...moment, ...failed });
	await sendScores([{ score_key: 'final', value: { bool: true }, trial_id: france, explanation: 'as expected' }]);
	const upload = `${base}${trials}/${france}/artifacts:upload?name=answer.txt&kind=text&mime=text/plain`;
	const kept = await fetch(upload, { method: 'POST', headers: headers(), body: 'Paris' });
	if (!kept.ok) throw new Error(await kept.text());
	return id;
}

async function post(path: string, body: object, more: Record<string, string> = {}): Promise<Answer> {
	const response = await fetch(`${base}${path}`, {
		method: 'POST',
		headers: { ...headers(), ...more, 'Content-Type': 'application/json' },
		body: JSON.stringify(body)
	});
	if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
	return response.json();
}

function headers(): Record<string, string> {
	return key ? { Authorization: `Bearer ${key}` } : {};
}

function required(name: string): string {
	const value = process.env[name];
	if (!value) throw new Error(`${name} must be set to the address of a running Lightwell server`);
	return value;
}
