import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { Browser, rowOf } from './browser';
import { agentConversation, eventRun, HOSTILE, longConversation } from './records';
import { api, base, sendEvents, sendGenerations } from './server';

const agent = agentConversation('conversation');
const run = eventRun('page-test-user');
const address = (id: string) => `${base}/conversations/${encodeURIComponent(id)}`;
let browser: Browser;

beforeAll(async () => {
	await sendGenerations(agent.generations);
	await sendEvents(run.events);
	browser = await Browser.start();
});
afterEach(() => expect(browser.complaints.splice(0)).toEqual([]));
afterAll(() => browser?.stop());

async function open(id: string, hash = ''): Promise<Page> {
	const page = await browser.open();
	await page.goto(address(id) + hash);
	await page.getByRole('article').first().waitFor();
	return page;
}

it('opens from the list by keyboard alone', async () => {
	const page = await browser.open();
	await page.goto(`${base}/?agent=${agent.agent}`);
	await rowOf(page, agent.conversationId).getByRole('link').waitFor();
	await page.keyboard.press('Tab');
	expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
	const link = rowOf(page, agent.conversationId).getByRole('link');
	for (let presses = 0; presses < 30; presses++) {
		if (await link.evaluate((element) => element === document.activeElement)) break;
		await page.keyboard.press('Tab');
	}
	await page.keyboard.press('Enter');
	await page.waitForURL(address(agent.conversationId));
	await page.getByRole('article').first().waitFor();
	await page.close();
});

it('shows of each call only what is new in it', async () => {
	const page = await open(agent.conversationId);
	const calls = page.getByRole('article');
	expect(await calls.count()).toBe(3);

	await calls.nth(0).getByText('Has Ms Okafor arrived?').waitFor();
	await calls.nth(0).getByText('Let me look.').waitFor();
	expect(await calls.nth(0).locator('.tool .text').textContent()).toBe('{ "guest": "Okafor" }');

	await calls.nth(1).getByText('She has room 204.').waitFor();
	expect(await calls.nth(1).locator('.tool .text').textContent()).toBe('{ "room": "204" }');
	expect(await calls.nth(1).getByText('Has Ms Okafor arrived?').count()).toBe(0);
	await calls.nth(1).getByText('2 earlier messages').click();
	await calls.nth(1).getByText('Has Ms Okafor arrived?').waitFor();

	await calls.nth(2).getByText('4 earlier messages').waitFor();
	await calls.nth(2).getByText('RateLimitError: slow down').waitFor();
	await page.close();
});

it('tells the figures of a call, its prompt, its tools and its thinking', async () => {
	const page = await open(agent.conversationId);
	const call = page.getByRole('article').first();
	const facts = (await call.locator('.facts').textContent())?.replace(/\s+/g, ' ');
	for (const fact of [`agent ${agent.agent} 1.4`, 'provider openai', 'streamed 1.25 s', '1,200 in · 34 out', 'cost unknown', 'stop reason tool_calls'])
		expect(facts).toContain(fact);
	const prompt = call.locator('summary', { hasText: 'System prompt' });
	await prompt.focus();
	await page.keyboard.press('Enter');
	await call.getByText('You are the concierge of a small hotel.').waitFor();
	await call.getByText('1 tag', { exact: true }).click();
	await call.getByText('env=page-test').waitFor();
	await call.getByText('1 tool', { exact: true }).click();
	await call.getByText('Finds a booking.').waitFor();
	await call.locator('summary', { hasText: 'Thinking' }).click();
	await call.getByText('The booking must be looked up first.').waitFor();
	await call.getByText('As received').click();
	await call.getByText('"generation_id"').waitFor();
	await page.close();
});

it('never makes markup of what was said, and loads media only on request', async () => {
	const page = await open(agent.conversationId);
	await page.getByText(HOSTILE).first().waitFor();
	const calls = page.getByRole('article');
	expect(await page.locator('main img, main script').count()).toBe(0);
	expect(await page.locator('a[href^="javascript:" i]').count()).toBe(0);
	await calls.nth(2).getByRole('button', { name: 'Show image' }).click();
	const image = calls.nth(2).getByRole('img', { name: 'passport.png' });
	await image.waitFor();
	expect(await image.evaluate((element) => (element as HTMLImageElement).naturalWidth)).toBe(1);
	expect(await page.title()).not.toContain('hacked');
	await page.close();
});

it('opens at the call that a link names', async () => {
	const id = agent.generations[2]!.id;
	const page = await open(agent.conversationId, `#${encodeURIComponent(`generation-${id}`)}`);
	const call = page.locator('article:target');
	await call.waitFor();
	await page.waitForFunction(() => {
		const box = document.querySelector('article:target')?.getBoundingClientRect();
		return box && box.top >= -1 && box.top < innerHeight;
	});
	await call.getByText('RateLimitError: slow down').waitFor();
	await page.close();
});

it('draws a conversation of many calls piece by piece, and all of it', async () => {
	const long = longConversation(120);
	await sendGenerations(long.generations);
	const page = await open(long.conversationId);
	await expect.poll(() => page.getByRole('article').count()).toBe(120);
	await page.getByRole('article').last().getByText('120 earlier messages').waitFor();
	const last = await open(long.conversationId, `#${encodeURIComponent(`generation-${long.generations.at(-1)!.id}`)}`);
	await last.locator('article:target').getByText('Answer 119.').waitFor();
	await page.close();
	await last.close();
});

it('shows a run told in events: what was said, the tool and its failure', async () => {
	const page = await open(run.runId);
	const detail = await api(`/api/v1/conversations/${run.runId}`);
	expect(await page.getByRole('article').count()).toBe(detail.steps.length + detail.events.length);
	await page.getByRole('article', { name: 'User input' }).getByText('Where is my order 1007?').waitFor();
	const tool = page.getByRole('article', { name: 'Tool carrier_status' });
	await tool.getByText('the carrier did not answer').waitFor();
	await tool.getByText('"order_id": "1007"').waitFor();
	await page.getByRole('article', { name: 'Error' }).getByText('no answer from the carrier').waitFor();
	await page.getByRole('article', { name: 'Agent response' }).getByText('Your order was sent on Friday.').waitFor();
	await page.close();
});

it('tells of new records and shows them on request', async () => {
	const growing = agentConversation('growing');
	await sendGenerations(growing.generations.slice(0, 1));
	const page = await browser.open();
	// The stream must be open before the next record is sent, and nothing on this page says that it is.
	const stream = page.waitForResponse((response) => response.url().includes('/api/v1/live'));
	await page.goto(address(growing.conversationId));
	await page.getByRole('article').first().waitFor();
	await stream;
	await sendGenerations(growing.generations.slice(1));
	await page.getByRole('button', { name: 'New records: show' }).click();
	await page.getByRole('article').nth(2).waitFor();
	await page.close();
});

it('has no stream while nobody sees the tab, and finds what it missed', async () => {
	const growing = agentConversation('hidden');
	await sendGenerations(growing.generations.slice(0, 1));
	const page = await browser.open();
	const stream = page.waitForRequest((request) => request.url().includes('/api/v1/live'));
	await page.goto(address(growing.conversationId));
	const request = await stream;
	await page.waitForResponse((response) => response.request() === request);
	const ended = page.waitForEvent('requestfailed', (failed) => failed === request);
	await setHidden(page, true);
	await ended;
	await sendGenerations(growing.generations.slice(1));
	await setHidden(page, false);
	await page.getByRole('button', { name: 'New records: show' }).click();
	await page.getByRole('article').nth(2).waitFor();
	await page.close();
});

/** What the browser tells a page when its tab is left or entered. */
async function setHidden(page: Page, hidden: boolean): Promise<void> {
	await page.evaluate((hidden) => {
		Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
		document.dispatchEvent(new Event('visibilitychange'));
	}, hidden);
}

it('opens every conversation of the first page, whatever program sent it', async () => {
	const { items } = await api('/api/v1/conversations?limit=10');
	const page = await browser.open();
	for (const item of items) {
		const detail = await api(`/api/v1/conversations/${encodeURIComponent(item.id)}`);
		await page.goto(address(item.id));
		const name = item.title === item.id ? item.preview || item.id : item.title;
		await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
		const entries = detail.generations.length + detail.steps.length + detail.events.length;
		await expect.poll(() => page.getByRole('article').count(), { message: item.id }).toBe(entries);
	}
	await page.close();
});
