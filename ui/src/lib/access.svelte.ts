/** What the page tells the server of who asks: kept for this tab only, and gone when it closes. */

const KEY = 'lightwell.key';
const TENANT = 'lightwell.tenant';

class Access {
	key = $state(sessionStorage.getItem(KEY) ?? '');
	tenant = $state(sessionStorage.getItem(TENANT) ?? '');

	set(key: string, tenant: string): void {
		this.key = key.trim();
		this.tenant = tenant.trim();
		keep(KEY, this.key);
		keep(TENANT, this.tenant);
	}

	/** Headers of every request. */
	headers(): Record<string, string> {
		return {
			...(this.key && { Authorization: `Bearer ${this.key}` }),
			...(this.tenant && { 'X-Scope-OrgID': this.tenant })
		};
	}
}

function keep(name: string, value: string): void {
	if (value) sessionStorage.setItem(name, value);
	else sessionStorage.removeItem(name);
}

export const access = new Access();
