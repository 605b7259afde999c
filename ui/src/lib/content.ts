/** How content is made readable: bytes to text, JSON to indented JSON, long texts to their beginning. Pure. */

/** JSON up to so many characters stays on one line. */
const ONE_LINE = 72;
/** More than this is shown only on request: characters and lines. */
const EXCERPT = { characters: 4_000, lines: 60 };

export function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text of base64 bytes; what is not base64 is returned as it came. */
export function fromBase64(base64: string): string {
	let binary: string;
	try {
		binary = atob(base64);
	} catch {
		return base64;
	}
	return new TextDecoder().decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
}

/**
 * Indents a text that is a JSON object or array; any other text is returned unchanged, with `json` false. A number
 * that JavaScript would round is a reason to leave the text alone: what was sent is what is shown.
 */
export function pretty(text: string): { text: string; json: boolean } {
	if (!/^\s*[[{]/.test(text)) return { text, json: false };
	try {
		const value: unknown = JSON.parse(text);
		return { text: hasLongNumber(text) ? text : indented(value), json: true };
	} catch {
		return { text, json: false };
	}
}

/** A value as JSON: short ones on one line, others indented. */
export function indented(value: unknown): string {
	// A line end in JSON is never inside a string, so lines can be joined.
	const lines = JSON.stringify(value, null, 2);
	const line = lines.replace(/\n\s*/g, ' ');
	return line.length <= ONE_LINE ? line : lines;
}

/** The same object with what may be long at its end, so that its beginning tells of everything else. */
export function longLast(object: object): object {
	const long = ['system_prompt', 'tools', 'input', 'output', 'payload', 'raw_artifacts'];
	const entries = Object.entries(object);
	return Object.fromEntries([
		...entries.filter(([key]) => !long.includes(key)),
		...entries.filter(([key]) => long.includes(key))
	]);
}

/** The beginning of a text; `rest` is how many characters it leaves out. */
export function excerpt(text: string): { text: string; rest: number } {
	let end = Math.min(text.length, EXCERPT.characters);
	let line = -1;
	for (let lines = 0; lines < EXCERPT.lines; lines++) {
		line = text.indexOf('\n', line + 1);
		if (line === -1) break;
	}
	if (line !== -1) end = Math.min(end, line);
	// A cut that saves next to nothing, or halves a surrogate pair, is worse than none.
	if (text.length - end < EXCERPT.characters / 10 && line === -1) return { text, rest: 0 };
	if (/[\uD800-\uDBFF]/.test(text.charAt(end - 1))) end -= 1;
	return { text: text.slice(0, end), rest: text.length - end };
}

/** Digits beyond 15, outside of strings: such a number may not survive being read. */
function hasLongNumber(json: string): boolean {
	const outside = json.replace(/"(?:[^"\\]|\\.)*"/g, '""');
	return /\d[\d.]{15,}/.test(outside);
}

/** Where media may come from: only what cannot run and cannot be read by others on the way. */
export function mediaKind(url: string, mimeType: string, kind: string): 'image' | 'link' | 'download' | 'text' {
	const data = /^data:([^;,]*)/i.exec(url);
	if (data) return /^image\//i.test(data[1] ?? '') ? 'image' : 'download';
	if (!/^https:\/\//i.test(url)) return 'text';
	return /^image\b/i.test(mimeType) || kind === 'image' ? 'image' : 'link';
}
