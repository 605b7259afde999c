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

async function post(path: string, body: object, more: Record<string, string> = {}): Promise<Answer> {
	const response = await fetch(`${base}${path}`, {
		method: 'POST',
		headers: { ...headers(), ...more, 'Content-Type': 'application/json' },
		body: JSON.stringify(body)
	});
	if (response.status !== 202) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
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
