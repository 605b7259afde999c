/** The present moment, for texts such as "5 min ago": moves every ten seconds. */

class Clock {
	nowMs = $state(Date.now());

	/** Starts the clock; call the result to stop it. */
	start(): () => void {
		const timer = setInterval(() => (this.nowMs = Date.now()), 10_000);
		return () => clearInterval(timer);
	}
}

export const clock = new Clock();
