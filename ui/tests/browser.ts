/** A real browser with an empty profile. Everything that a page logs as an error fails the test that opened it. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { key } from './server';

export interface Look {
	width: number;
	scheme: 'light' | 'dark';
}

export const WIDE: Look = { width: 1280, scheme: 'light' };
export const LOOKS: Look[] = [WIDE, { width: 1280, scheme: 'dark' }, { width: 390, scheme: 'light' }, { width: 390, scheme: 'dark' }];

const FLAGS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync'
];

/** The line of a conversation in the list. */
export const rowOf = (page: Page, id: string) => page.getByRole('row').filter({ hasText: id });

export class Browser {
	/** What pages logged as errors since it was last taken. */
	complaints: string[] = [];

	private constructor(
		private readonly context: BrowserContext,
		private readonly profile: string
	) {}

	static async start(): Promise<Browser> {
		const profile = await mkdtemp(join(tmpdir(), 'lightwell-page-'));
		const context = await chromium.launchPersistentContext(profile, {
			executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
			headless: true,
			args: FLAGS
		});
		context.setDefaultTimeout(15_000);
		if (key) await context.addInitScript((key) => sessionStorage.setItem('lightwell.key', key), key);
		return new Browser(context, profile);
	}

	async open(look: Look = WIDE): Promise<Page> {
		const page = await this.context.newPage();
		page.on('pageerror', (error) => this.complaints.push(error.message));
		page.on('console', (message) => {
			if (message.type() === 'error') this.complaints.push(message.text());
		});
		await page.setViewportSize({ width: look.width, height: look.width > 600 ? 860 : 844 });
		await page.emulateMedia({ colorScheme: look.scheme });
		return page;
	}

	async stop(): Promise<void> {
		await this.context.close();
		await rm(this.profile, { recursive: true, force: true });
	}
}
