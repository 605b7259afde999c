/** Server-sent events, as the HTML standard defines their text. Pure: text in, events out. */

export interface ServerEvent {
	/** `message` when the server names none. */
	type: string;
	data: string;
}

export class EventParser {
	#rest = '';
	#type = '';
	#data: string[] = [];

	/** Takes the next piece of the stream, wherever it was cut, and returns the events that it completes. */
	push(piece: string): ServerEvent[] {
		const events: ServerEvent[] = [];
		// A carriage return at the end may be half of a line end.
		const text = this.#rest + piece;
		const complete = text.endsWith('\r') ? text.slice(0, -1) : text;
		const lines = complete.split(/\r\n|\n|\r/);
		this.#rest = (lines.pop() ?? '') + text.slice(complete.length);
		for (const line of lines) {
			if (line === '') this.#dispatch(events);
			else this.#field(line);
		}
		return events;
	}

	#field(line: string): void {
		const colon = line.indexOf(':');
		const name = colon === -1 ? line : line.slice(0, colon);
		const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
		if (name === 'event') this.#type = value;
		if (name === 'data') this.#data.push(value);
	}

	#dispatch(events: ServerEvent[]): void {
		if (this.#data.length > 0) events.push({ type: this.#type || 'message', data: this.#data.join('\n') });
		this.#type = '';
		this.#data = [];
	}
}
