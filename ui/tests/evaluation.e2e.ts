import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Browser } from './browser';
import { agentConversation, HOSTILE } from './records';
import { base, rate, runExperiment, sendGenerations, sendScores } from './server';

const judged = agentConversation('judged');
const [first, second] = judged.generations.map(({ id }) => id);
const address = `${base}/conversations/${encodeURIComponent(judged.conversationId)}`;
let experimentId = '';
let browser: Browser;

beforeAll(async () => {
	await sendGenerations(judged.generations);
	await rate(judged.conversationId, { rating: 'CONVERSATION_RATING_VALUE_GOOD', rater_id: 'u-1' });
	await rate(judged.conversationId, {
		rating: 'CONVERSATION_RATING_VALUE_BAD',
		comment: `Not what I asked ${HOSTILE}`,
		rater_id: 'u-42',
		source: 'web',
		generation_id: second
	});
	await sendScores([
		{ score_key: 'politeness', value: { number: 0.75 }, generation_id: first, passed: true, explanation: 'It greets.' },
		{ score_key: 'brevity', value: { bool: false }, generation_id: first, passed: false }
	]);
	experimentId = await runExperiment(judged.conversationId);
	browser = await Browser.start();
});
afterEach(() => expect(browser.complaints.splice(0)).toEqual([]));
afterAll(() => browser?.stop());

it('shows the ratings of a conversation, the latest first', async () => {
	const page = await browser.open();
	await page.goto(address);
	const ratings = page.getByRole('region', { name: 'Ratings 1 good · 1 bad' }).locator('ul > li');
	await ratings.nth(1).waitFor();
	const latest = ratings.nth(0);
	for (const text of ['bad', 'u-42', 'web', HOSTILE]) await latest.getByText(text).first().waitFor();
	await ratings.nth(1).getByText('good', { exact: true }).waitFor();
	await latest.getByRole('link', { name: 'one LLM call' }).click();
	await page.locator('article:target').getByText('She has room 204.').waitFor();
	expect(await page.title()).not.toContain('hacked');
	await page.close();
});

it('shows scores where they belong: at the call that they judge', async () => {
	const page = await browser.open();
	await page.goto(address);
	const call = page.getByRole('article').first();
	const scores = call.getByRole('list', { name: 'Scores' }).locator(':scope > li');
	await scores.nth(1).waitFor();
	expect((await scores.nth(0).locator('.facts').textContent())?.replace(/\s+/g, ' ')).toContain('politeness 0.75 passed by judge 1');
	await scores.nth(0).getByText('It greets.').waitFor();
	await scores.nth(1).getByText('not passed').waitFor();
	expect(await page.getByRole('article').nth(1).getByRole('list', { name: 'Scores' }).count()).toBe(0);
	// The score of a trial is about no call of this page.
	const others = page.getByRole('region', { name: 'Scores' });
	await others.getByRole('link', { name: experimentId }).click();
	await page.waitForURL(`${base}/experiments/${experimentId}`);
	await page.close();
});

it('shows nothing of ratings and scores where there are none', async () => {
	const other = agentConversation('unjudged');
	await sendGenerations(other.generations);
	const page = await browser.open();
	await page.goto(`${base}/conversations/${encodeURIComponent(other.conversationId)}`);
	await page.getByRole('article').nth(2).waitFor();
	expect(await page.getByText(/Ratings|Scores/).count()).toBe(0);
	await page.close();
});

it('shows the transcript also when what was said about it cannot be had', async () => {
	const page = await browser.open();
	await page.route('**/ratings?**', (route) => route.fulfill({ json: { items: [{}] } }));
	await page.route('**/scores?**', (route) => route.fulfill({ json: { items: 5 } }));
	await page.goto(address);
	await page.getByRole('article').nth(2).waitFor();
	await page.getByRole('alert').getByText('cannot read').waitFor();
	await page.unrouteAll();
	await page.getByRole('button', { name: 'Try again' }).click();
	await page.getByRole('region', { name: 'Ratings' }).waitFor();
	await page.close();
	browser.complaints.splice(0);
});

it('lists experiments, and opens one with its trials', async () => {
	const page = await browser.open();
	await page.goto(base);
	await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Experiments' }).click();
	await page.getByRole('listitem').filter({ hasText: experimentId }).getByRole('link').click();
	await page.getByRole('heading', { level: 1, name: 'capitals' }).waitFor();
	const facts = (await page.locator('.totals').textContent())?.replace(/\s+/g, ' ');
	for (const fact of ['Passed50% (1 of 2)', 'Test cases2', 'Cost ≥ 0.25', 'Tokens7']) expect(facts).toContain(fact);
	const france = page.getByRole('region', { name: 'Test case France' });
	await france.getByText('100% (1 of 1)').waitFor();
	await france.getByRole('list', { name: 'Scores' }).getByText('final').waitFor();
	await france.getByText('1 artifact').click();
	const saved = page.waitForEvent('download');
	await france.getByRole('button', { name: 'Save answer.txt' }).click();
	expect(await readFile(await (await saved).path(), 'utf8')).toBe('Paris');
	await page.getByRole('region', { name: 'Test case Spain' }).getByText('out of time').waitFor();
	await france.getByRole('link', { name: judged.conversationId }).click();
	await page.waitForURL(address);
	await page.close();
});

it('is where the link of an experiment leads', async () => {
	const page = await browser.open();
	await page.goto(`${base}/a/grafana-sigil-app/offline-experiments/experiments/${experimentId}`);
	await page.waitForURL(`${base}/experiments/${experimentId}`);
	await page.getByRole('heading', { level: 1, name: 'capitals' }).waitFor();
	await page.close();
});

it('says that there is no such experiment, and that there are none', async () => {
	const page = await browser.open();
	await page.goto(`${base}/experiments/no%2Fsuch`);
	await page.getByRole('alert').getByText('There is no experiment "no/such".').waitFor();
	browser.complaints.splice(0);
	await page.route('**/api/v1/eval/experiments?**', (route) => route.fulfill({ json: { items: [] } }));
	await page.goto(`${base}/experiments`);
	await page.getByRole('heading', { name: 'No experiments yet' }).waitFor();
	await page.close();
});
