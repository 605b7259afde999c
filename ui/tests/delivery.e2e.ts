import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import axe from 'axe-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Browser, LOOKS } from './browser';
import { api, base, sendNumbered } from './server';

/** Where pictures go; none are taken without it. */
const folder = process.env.LIGHTWELL_SCREENSHOTS ?? '';
const run = Math.floor(Math.random() * 1e9).toString(16);
const client = (number: number) => `${run}${number}`.padStart(32, '0');
const product = `page-test-${run}`;
let browser: Browser;

beforeAll(async () => {
	if (folder) await mkdir(folder, { recursive: true });
	const process = (number: number) => `client="${client(number)}", started=1795334400, pid=${4710 + number}, host="build-box", product="${product}"`;
	await sendNumbered(`${process(1)}, seq="1-3", accepted=3, delivered=0, pending=3`, 3);
	await sendNumbered(`${process(2)}, seq="1-2", accepted=1250, delivered=0, pending=0, lost="3-1200", queue_full=1198`, 2);
	await sendNumbered(`${process(3)}, seq="1", accepted=40, delivered=0, pending=40`, 1);
	browser = await Browser.start();
});
afterEach(() => expect(browser.complaints.splice(0)).toEqual([]));
afterAll(() => browser?.stop());

it('is reached from every page, and shows what the API says', async () => {
	const page = await browser.open();
	await page.goto(base);
	await page.getByRole('link', { name: 'Delivery', exact: true }).click();
	const row = page.getByRole('row', { name: client(2) });
	await row.waitFor();
	const cells = await row.getByRole('cell').allTextContents();
	expect(cells.slice(1).map((cell) => cell.trim().replace(/\s+/g, ' '))).toEqual([
		'1,250',
		'2',
		'0',
		'50 no. 1,201–1,250',
		'0',
		'',
		'1,198 queue_full'
	]);
	const { totals } = await api('/api/v1/delivery');
	const missing = page.locator('.sums div', { hasText: 'missing' }).locator('dd');
	expect(await missing.textContent()).toBe(totals.missing.toLocaleString('en-GB'));
	const holding = page.getByRole('row', { name: client(3) }).getByRole('cell');
	expect(await holding.nth(3).textContent()).toBe('39');
	await page.close();
});

it('shows only what is missing when asked, and keeps that in the address', async () => {
	const page = await browser.open();
	await page.goto(`${base}/delivery`);
	await page.getByRole('row', { name: client(1) }).waitFor();
	await page.getByRole('checkbox').check();
	await page.waitForURL(`${base}/delivery?only_missing=true`);
	await page.getByRole('row', { name: client(1) }).waitFor({ state: 'detached' });
	await page.getByRole('row', { name: client(2) }).waitFor();
	await page.close();
});

describe.each(LOOKS)('at $width px, $scheme', (look) => {
	it('fits and is accessible', async () => {
		const page = await browser.open(look);
		await page.goto(`${base}/delivery`);
		await page.getByText(client(2)).waitFor();
		const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
		expect(await page.evaluate(overflow)).toBe(0);
		if (folder) await page.screenshot({ path: join(folder, `delivery-${look.width}-${look.scheme}.png`), fullPage: true });
		await page.evaluate(axe.source);
		const results = await page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
		expect(results.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html}`))).toEqual([]);
		await page.close();
	});
});
