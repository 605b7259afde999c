import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vitest/config';

const server = process.env.LIGHTWELL_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
	plugins: [sveltekit()],
	server: { proxy: { '/api': server, '/openapi.json': server } },
	// A report of how long the plugins took is of no use to whoever builds the page.
	build: { rolldownOptions: { checks: { pluginTimings: false } } },
	test: { include: ['src/**/*.test.ts'] }
});
