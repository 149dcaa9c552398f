// What the pages' scripts share: words, requests, live streams, messages.

const page = document.documentElement.dataset;
export const language = document.documentElement.lang;
export const timeZone = page.timeZone;
/** The subject of the session with which the page was read; `undefined` without one. */
export const { visitor } = page;
const words = (await import(page.words)).default;

/** The text of a key, with values in its places: `text("seatsLeft.other", {count: 3})`. */
export function text(key, values = {}) {
  return Object.entries(values).reduce((all, [name, value]) => all.replaceAll(`{${name}}`, () => value), words[key] ?? key);
}

const numbers = new Intl.NumberFormat(language);

/** A number as the language writes it. */
export const number = (value) => numbers.format(value);

/** The text for a number of things. */
export function count(key, things) {
  const one = `${key}.one`;
  return text(things === 1 && one in words ? one : `${key}.other`, { count: number(things) });
}

/** A moment of the API on the museum's clock. */
export function moment(iso) {
  return new Intl.DateTimeFormat(language === 'ko' ? 'ko-KR' : 'en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone })
    .format(new Date(iso));
}

/** A day `YYYY-MM-DD`, as in "Thursday 24 December 2026". */
export function day(date) {
  return new Intl.DateTimeFormat(language === 'ko' ? 'ko-KR' : 'en-GB', { dateStyle: 'full', timeZone: 'UTC' })
    .format(new Date(`${date}T12:00:00Z`));
}

/** What the museum refused: a problem document (RFC 9457), or a request without a response (`status` 0). */
export class Refusal extends Error {
  constructor(status, problem, retryAfter) {
    super(problem?.detail ?? 'no response');
    this.status = status;
    this.problem = problem ?? {};
    this.retryAfter = Number(retryAfter) || 0;
  }

  /** Such as `sold-out`. */
  get slug() { return (this.problem.type ?? '').split('/').pop(); }

  /** Whether it is not known if a change was made. */
  get isUnknown() { return [0, 502, 504].includes(this.status); }

  /** Why, in the page's language. */
  get text() {
    if (this.status === 0) return text('connectionLost');
    if (this.slug === 'sold-out') return this.problem.available > 0 ? count('onlyLeft', this.problem.available) : text('soldOutNow');
    if (this.slug === 'invalid-field') {
      const field = `field.${this.problem.field}`;
      return text('problem.invalid-field', { field: field in words ? words[field] : this.problem.field });
    }
    const key = `problem.${this.slug}`;
    return key in words ? words[key] : words['problem.internal'];
  }
}

/**
 * Sends a request to the API. Returns `{status, headers, data}`.
 * Throws a Refusal for whatever is no success.
 */
export async function api(method, path, body, headers = {}) {
  // The server responds within seconds, an operator's task within a minute; what takes longer is a connection that is gone.
  const limit = path.startsWith('/admin/') ? 70000 : 15000;
  const options = { method, headers: { Accept: 'application/json', ...headers }, signal: AbortSignal.timeout(limit) };
  if (body !== undefined) {
    options.headers['Content-Type'] ??= 'application/json';
    options.body = typeof body === 'string' ? body : JSON.stringify(body);
  }
  let response, content;
  try {
    response = await fetch(path, options);
    content = await response.text();
  } catch {
    throw new Refusal(0);
  }
  let data = null;
  try { data = content ? JSON.parse(content) : null; } catch { /* metrics and CSV are no JSON */ data = content; }
  if (!response.ok) throw new Refusal(response.status, data, response.headers.get('Retry-After'));
  return { status: response.status, headers: response.headers, data };
}

/** All elements of a collection, page by page, at most `limit`. */
export async function all(path, relation, limit = 2000) {
  const found = [];
  let next = path;
  while (next && found.length < limit) {
    const { data } = await api('GET', next);
    found.push(...data._embedded[relation]);
    next = data._links.next?.href;
  }
  return found;
}

/** Tells everybody, screen readers too, what has happened. */
export function announce(message) {
  const status = document.getElementById('status');
  if (status.textContent !== message) status.textContent = message;
}

/** Shows why something was refused, and moves the focus there. */
export function showError(message, slug = '') {
  const error = document.getElementById('error');
  announce('');
  error.dataset.problem = slug;
  const paragraph = error.querySelector('p');
  paragraph.textContent = message;
  if (slug === 'unauthenticated') {
    const link = document.createElement('a');
    link.href = '/sign-in';
    link.textContent = text('signInAgain');
    paragraph.append(' ', link);
  }
  error.hidden = false;
  error.focus();
}

export function hideError() {
  const error = document.getElementById('error');
  if (error) error.hidden = true;
}

/** Sets an element's text if it differs, and marks the change of a text. Returns whether it differed. */
export function setText(element, value) {
  if (!element || element.textContent === value) return false;
  const isFirst = element.textContent === '';
  element.textContent = value;
  if (isFirst) return true;
  element.classList.remove('changed');
  void element.offsetWidth;
  element.classList.add('changed');
  return true;
}

/**
 * Follows a live stream while the page is visible. `onDocument` gets each document that has changed; `onGap` is called where
 * changes may have been missed: the page must read its data again. While it does, documents wait: what has been read may be older.
 */
export function follow(path, onDocument, onGap) {
  let source = null;
  let last = '';
  let hasOpened = false;
  let reading = 0;
  const waiting = [];
  const readAgain = async () => {
    reading += 1;
    try { await onGap(); } finally { reading -= 1; }
    if (reading === 0) waiting.splice(0).forEach(onDocument);
  };
  const open = () => {
    if (source) return;
    source = new EventSource(last ? `${path}${path.includes('?') ? '&' : '?'}lastEventId=${encodeURIComponent(last)}` : path);
    source.addEventListener('open', () => {
      // What changed between the page's own data and the first opening is not in the stream.
      if (!hasOpened) readAgain();
      hasOpened = true;
    });
    source.addEventListener('message', (event) => {
      last = event.lastEventId;
      const changed = JSON.parse(event.data);
      if (reading > 0) waiting.push(changed); else onDocument(changed);
    });
    source.addEventListener('reset', (event) => {
      last = event.lastEventId;
      readAgain();
    });
    source.addEventListener('error', () => {
      // The browser tries again itself unless the server refused.
      if (source?.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(() => { if (document.visibilityState === 'visible') open(); }, 5000 + Math.random() * 5000);
      }
    });
  };
  const close = () => {
    source?.close();
    source = null;
  };
  document.addEventListener('visibilitychange', () => (document.visibilityState === 'visible' ? open() : close()));
  addEventListener('pagehide', close);
  addEventListener('pageshow', (event) => { if (event.persisted) { hasOpened = false; open(); } });
  if (document.visibilityState === 'visible') open();
}
