import { defineConfig } from 'vitest/config';

// Drives a real browser against a real server: LIGHTWELL_URL says where. See README.md.
export default defineConfig({
	test: {
		root: import.meta.dirname,
		include: ['**/*.e2e.ts'],
		// One browser at a time: the tests share the machine with the server that they ask.
		fileParallelism: false,
		testTimeout: 30_000,
		hookTimeout: 60_000
	}
});
