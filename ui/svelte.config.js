import { readFileSync } from 'node:fs';
import adapter from '@sveltejs/adapter-static';

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'));

/** @type {import('@sveltejs/kit').Config} */
export default {
	kit: {
		// One page for every address: the server answers unknown paths with it and the page finds its own view.
		adapter: adapter({ pages: 'build', assets: 'build', fallback: 'index.html' }),
		// The whole page is small enough to be one script and one stylesheet.
		output: { bundleStrategy: 'single' },
		// The default is the time of the build, which would make every build different.
		version: { name: version },
		// What is shown was written by models and by strangers. Should any of it ever become markup, it still cannot
		// run, load or send anything. Images come only from data: or https: and only on request.
		csp: {
			mode: 'hash',
			directives: {
				'default-src': ['none'],
				'script-src': ['self'],
				'style-src': ['self'],
				// The router's own screen-reader announcement hides itself by a style attribute.
				'style-src-attr': ['unsafe-inline'],
				'img-src': ['self', 'data:', 'https:'],
				'connect-src': ['self'],
				'base-uri': ['none'],
				'form-action': ['self']
			}
		}
	}
};
