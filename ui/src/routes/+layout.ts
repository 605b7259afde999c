// Everything is drawn in the browser: the build has no server and knows no records.
export const ssr = false;
export const prerender = false;
