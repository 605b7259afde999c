import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Browser, LOOKS } from './browser';
import { agentConversation, eventRun } from './records';
import { base, rate, runExperiment, sendEvents, sendGenerations } from './server';

/** Where pictures go; none are taken without it. */
const folder = process.env.LIGHTWELL_SCREENSHOTS ?? '';
const agent = agentConversation('looks');
const run = eventRun('page-test-user');
let experimentId = '';
let browser: Browser;

beforeAll(async () => {
	if (folder) await mkdir(folder, { recursive: true });
	await sendGenerations(agent.generations);
	await sendEvents(run.events);
	await rate(agent.conversationId, { rating: 'CONVERSATION_RATING_VALUE_BAD', comment: 'Too slow', rater_id: 'u-42' });
	experimentId = await runExperiment(agent.conversationId);
	browser = await Browser.start();
});
afterEach(() => expect(browser.complaints.splice(0)).toEqual([]));
afterAll(() => browser?.stop());

const VIEWS = [
	{ view: 'list', path: () => '/', ready: (page: Page) => page.getByRole('rowheader').first() },
	{ view: 'filtered', path: () => '/?agent=nobody', ready: (page: Page) => page.getByText('No conversation matches') },
	{ view: 'calls', path: () => `/conversations/${encodeURIComponent(agent.conversationId)}`, ready: article },
	{ view: 'run', path: () => `/conversations/${run.runId}`, ready: article },
	{ view: 'experiments', path: () => '/experiments', ready: (page: Page) => page.getByRole('listitem').first() },
	{ view: 'experiment', path: () => `/experiments/${experimentId}`, ready: article }
];

function article(page: Page) {
	return page.getByRole('article').first();
}

describe.each(LOOKS)('at $width px, $scheme', (look) => {
	it.each(VIEWS)('the $view fits and is accessible', async ({ view, path, ready }) => {
		const page = await browser.open(look);
		await page.goto(base + path());
		await ready(page).waitFor();
		const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
		expect(await page.evaluate(overflow)).toBe(0);
		if (folder) await page.screenshot({ path: join(folder, `${view}-${look.width}-${look.scheme}.png`), fullPage: true });
		expect(await violations(page)).toEqual([]);
		const folds = await page.locator('article summary').all();
		for (const fold of folds) await fold.press('Enter');
		if (folds.length === 0) return page.close();
		expect(await page.evaluate(overflow)).toBe(0);
		expect(await violations(page)).toEqual([]);
		await page.close();
	});
});

/** Broken rules of WCAG 2.1 A and AA and of good practice, with the elements that break them. */
async function violations(page: Page): Promise<string[]> {
	await page.evaluate(axe.source);
	const results = await page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
	return results.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html}`));
}
