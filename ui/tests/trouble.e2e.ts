import { afterAll, beforeAll, expect, it } from 'vitest';
import { Browser } from './browser';
import { base } from './server';

let browser: Browser;

beforeAll(async () => {
	browser = await Browser.start();
});
afterAll(() => browser?.stop());

it('says that there is no such conversation', async () => {
	const page = await browser.open();
	await page.goto(`${base}/conversations/no%2Fsuch.conversation`);
	const alert = page.getByRole('alert');
	await alert.getByText('There is no conversation "no/such.conversation".').waitFor();
	await alert.getByRole('link', { name: 'All conversations' }).click();
	await page.waitForURL(`${base}/`);
	await page.close();
});

it('says that the server does not answer, and asks again on request', async () => {
	const page = await browser.open();
	await page.route('**/api/v1/**', (route) => route.abort('connectionrefused'));
	await page.goto(base);
	const alert = page.getByRole('alert');
	await alert.getByText(`The Lightwell server at ${base} does not answer.`).waitFor();
	await page.unroute('**/api/v1/**');
	await alert.getByRole('button', { name: 'Try again' }).click();
	await alert.waitFor({ state: 'detached' });
	await page.close();
});

it('says that it cannot read an answer', async () => {
	const page = await browser.open();
	await page.route('**/api/v1/conversations?**', (route) => route.fulfill({ json: { items: [{ id: 'x' }] } }));
	await page.goto(base);
	await page.getByRole('alert').getByText('cannot read').waitFor();
	await page.close();
});

it('asks for a key, sends it and keeps it for this tab', async () => {
	const page = await browser.open();
	const sent: string[] = [];
	await page.route('**/api/v1/conversations?**', (route) => {
		const authorization = route.request().headers()['authorization'] ?? '';
		sent.push(authorization);
		if (authorization === 'Bearer right') return route.fulfill({ json: { items: [] } });
		return route.fulfill({ status: 401, json: { error: 'the API key is not valid' } });
	});
	await page.goto(base);
	const field = page.getByRole('alert').getByLabel('API key');
	await field.fill('wrong');
	await field.press('Enter');
	await page.getByText('The server does not accept this API key.').waitFor();
	await field.fill('right');
	await field.press('Enter');
	await page.getByRole('heading', { name: 'No records yet' }).waitFor();
	expect(await page.getByRole('button', { name: 'API key in use' }).count()).toBe(1);
	expect(await page.evaluate(() => ({ ...localStorage }))).toEqual({});
	expect(sent.slice(-2)).toEqual(['Bearer wrong', 'Bearer right']);
	await page.close();
});

it('shows how to send a first record, and to which address', async () => {
	const page = await browser.open();
	await page.route('**/api/v1/conversations?**', (route) => route.fulfill({ json: { items: [] } }));
	await page.goto(base);
	await page.getByText(`base_url="${base}"`).waitFor();
	await page.getByText(`endpoint="${base}"`).waitFor();
	await page.close();
});

it('sends the tenant that was chosen', async () => {
	const page = await browser.open();
	await page.goto(base);
	await page.locator('main h1').waitFor();
	await page.getByRole('button', { name: /Access|API key in use/ }).click();
	const dialog = page.getByRole('dialog', { name: 'Access' });
	await dialog.getByLabel('Tenant').fill('another');
	const request = page.waitForRequest((request) => request.headers()['x-scope-orgid'] === 'another');
	await dialog.getByRole('button', { name: 'Use' }).click();
	await request;
	await dialog.waitFor({ state: 'hidden' });
	await page.close();
});
