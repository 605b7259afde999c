import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Browser, rowOf } from './browser';
import { agentConversation, eventRun } from './records';
import { api, base, sendEvents, sendGenerations } from './server';

const agent = agentConversation('list');
const run = eventRun('page-test-user');
let browser: Browser;

beforeAll(async () => {
	await sendGenerations(agent.generations);
	await sendEvents(run.events);
	browser = await Browser.start();
});
afterEach(() => expect(browser.complaints.splice(0)).toEqual([]));
afterAll(() => browser?.stop());

/** A conversation goes by its title, else by what its user said first, else by its id. */
const shownName = (item: { id: string; title: string; preview: string }) =>
	item.title === item.id ? item.preview || item.id : item.title;

it('shows the conversations that the API lists, in its order, and then the next ones', async () => {
	const page = await browser.open();
	await page.goto(base);
	const rows = page.getByRole('row').filter({ has: page.getByRole('rowheader') });
	await rows.first().waitFor();
	const { items, next_cursor } = await api('/api/v1/conversations?limit=50');
	const titles = await page.getByRole('rowheader').getByRole('link').allTextContents();
	expect(titles).toEqual(items.map(shownName));
	if (next_cursor) {
		await page.getByRole('button', { name: 'Load more' }).click();
		await rows.nth(50).waitFor();
		const next = await api(`/api/v1/conversations?limit=50&cursor=${encodeURIComponent(next_cursor)}`);
		const more = await page.getByRole('rowheader').getByRole('link').allTextContents();
		expect(more.slice(50)).toEqual(next.items.map(shownName));
	} else {
		await page.getByText('No more conversations.').waitFor();
	}
	await page.close();
});

it('says what a conversation was: who, how much, what it cost and that it failed', async () => {
	const page = await browser.open();
	await page.goto(`${base}/?agent=${agent.agent}`);
	const row = page.getByRole('row', { name: agent.conversationId });
	await row.waitFor();
	const cells = await row.getByRole('cell').allTextContents();
	expect(cells.slice(0, 5).map((cell) => cell.trim().replace(/\s+/g, ' '))).toEqual([
		agent.agent,
		'page-test-model-list',
		'3 calls',
		'2,500 in · 55 out',
		'unknown'
	]);
	await row.getByText('1 error', { exact: true }).waitFor();
	const time = row.locator('time');
	expect(await time.textContent()).toMatch(/ago$/);
	expect(await time.getAttribute('title')).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC$/);
	await page.close();
});

it('filters by the address, and writes the address when filters change', async () => {
	const page = await browser.open();
	await page.goto(base);
	await page.getByLabel('Agent').fill(agent.agent);
	await page.getByLabel('Agent').press('Enter');
	await page.waitForURL(`${base}/?agent=${agent.agent}`);
	await page.getByRole('rowheader').filter({ hasText: agent.conversationId }).waitFor();
	expect(await page.getByRole('rowheader').count()).toBe(1);

	await page.getByLabel('failures only').check();
	await page.getByLabel('Active').selectOption('last hour');
	await page.waitForURL(`${base}/?agent=${agent.agent}&error=true&within=1h`);
	await page.reload();
	expect(await page.getByLabel('failures only').isChecked()).toBe(true);
	await page.getByRole('rowheader').filter({ hasText: agent.conversationId }).waitFor();

	await page.getByLabel('Model').fill('no such model');
	await page.getByLabel('Model').press('Enter');
	await page.getByRole('heading', { name: 'No conversation matches these filters' }).waitFor();
	await page.getByRole('link', { name: 'Clear filters' }).click();
	await page.waitForURL(`${base}/`);
	expect(await page.getByLabel('Agent').inputValue()).toBe('');
	await page.close();
});

it('finds a conversation by its user', async () => {
	const page = await browser.open();
	await page.goto(`${base}/?user=${agent.user}`);
	await page.getByRole('rowheader').filter({ hasText: agent.conversationId }).getByText(agent.user).waitFor();
	expect(await page.getByRole('rowheader').count()).toBe(1);
	await page.close();
});

it('finds conversations by provider and tags, and leads from a tag of a call to them', async () => {
	const page = await browser.open();
	await page.goto(`${base}/?agent=${agent.agent}`);
	const found = rowOf(page, agent.conversationId);
	await page.getByLabel('Provider').fill('openai');
	await page.getByLabel('Provider').press('Enter');
	await page.waitForURL(`${base}/?agent=${agent.agent}&provider=openai`);
	const tags = page.getByLabel('Tag');
	await tags.first().fill('env');
	await tags.first().press('Enter');
	expect(await tags.first().evaluate((field: HTMLInputElement) => field.validationMessage)).toContain('key=value');
	await tags.first().fill('env=page-test');
	await tags.first().press('Enter');
	await page.waitForURL(`${base}/?agent=${agent.agent}&provider=openai&tag=env%3Dpage-test`);
	await found.waitFor();
	await tags.nth(1).fill('env=production');
	await tags.nth(1).press('Enter');
	await page.getByRole('heading', { name: 'No conversation matches these filters' }).waitFor();
	await tags.nth(1).fill('');
	await tags.nth(1).press('Enter');
	await found.getByRole('link').click();
	await page.getByText('1 tag', { exact: true }).first().click();
	await page.getByRole('link', { name: 'env=page-test' }).first().click();
	await page.waitForURL(`${base}/?tag=env%3Dpage-test`);
	await found.waitFor();
	await page.close();
});

it('marks the failures that events tell', async () => {
	const page = await browser.open();
	await page.goto(base);
	const { error_count } = await api(`/api/v1/conversations/${run.runId}`);
	expect(error_count).toBeGreaterThan(0);
	const row = page.getByRole('rowheader').filter({ hasText: run.runId });
	await row.getByText(`${error_count} errors`, { exact: true }).waitFor();
	await page.close();
});

it('tells of a new conversation and shows it on request', async () => {
	const late = agentConversation('live');
	const page = await browser.open();
	await page.goto(`${base}/?agent=${late.agent}&error=true`);
	await page.locator('main h1').waitFor();
	await page.getByText('live', { exact: true }).waitFor();
	await sendGenerations(late.generations);
	// An empty list fills by itself.
	await page.getByRole('rowheader').filter({ hasText: late.conversationId }).waitFor();

	const later = agentConversation('live', late.agent);
	await sendGenerations(later.generations);
	const bar = page.getByRole('button', { name: '1 new: show' });
	await bar.waitFor();
	expect(await page.getByRole('rowheader').filter({ hasText: later.conversationId }).count()).toBe(0);
	await bar.click();
	await page.getByRole('rowheader').filter({ hasText: later.conversationId }).waitFor();
	expect(await bar.count()).toBe(0);
	await page.close();
});

it('is found again as it was after a conversation has been opened', async () => {
	const page = await browser.open();
	await page.goto(`${base}/?agent=${agent.agent}`);
	await rowOf(page, agent.conversationId).getByRole('link').click();
	await page.waitForURL(`${base}/conversations/${encodeURIComponent(agent.conversationId)}`);
	await page.goBack();
	await page.waitForURL(`${base}/?agent=${agent.agent}`);
	await rowOf(page, agent.conversationId).getByRole('link').waitFor();
	await page.close();
});
