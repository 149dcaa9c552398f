// What the staff's scripts share.
import { announce, api, count, hideError, language, number, Refusal, showError, text } from './common.js';
import { showExhibition } from './seats.js';

/** A copy of what a <template> has. */
export const clone = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

/** Puts texts into an element's places. A place without a text is hidden. */
export function fill(element, fields) {
  for (const [name, value] of Object.entries(fields)) {
    for (const place of element.querySelectorAll(`[data-field="${name}"]`)) {
      if (place.textContent !== value) place.textContent = value;
      if (!place.matches('td')) place.hidden = value === '';
    }
  }
}

export const titleOf = (exhibition) => exhibition.title ?? exhibition.hall;

const hourAndMinute = new Intl.DateTimeFormat('ko-KR', { hour: 'numeric', minute: '2-digit', timeZone: 'UTC' });

/** A time of day `HH:MM` as the language writes it. */
function timeOfDay(time) {
  if (language !== 'ko') return time;
  return hourAndMinute.format(new Date(`2000-01-01T${time}Z`));
}

/** Such as "14:00–15:30". Empty where there is no start. */
export function timeRange({ startTime, endTime }) {
  if (!startTime) return '';
  if (!endTime) return timeOfDay(startTime);
  const range = `${timeOfDay(startTime)}–${timeOfDay(endTime)}`;
  return endTime <= startTime ? `${range} ${text('staffNextDay')}` : range;
}

/** State, and how full an exhibition is, in an element with a meter. */
export function showSeats(element, exhibition) {
  showExhibition(element, exhibition);
  const held = exhibition.capacity - exhibition.available;
  const meter = element.querySelector('meter');
  const said = `${number(held)} / ${number(exhibition.capacity)}`;
  meter.max = exhibition.capacity;
  meter.value = held;
  meter.textContent = said;
  fill(element, { held: said });
}

/** What has become of a booking, in words. */
export function statusOf(booking) {
  const isLive = booking.status === 'REQUESTED' || booking.status === 'REQUEST_COMPLETED';
  return text(`status.${isLive && booking.admission === 'CONFIRMED' ? 'CONFIRMED' : booking.status}`);
}

export const bookingsAndPeople = (bookings, people) => text('staffBookingsPeople', {
  bookings: count('staffBookingsCount', bookings), people: count('seats', people),
});

/** Why something was refused, to staff. */
export function reason(error) {
  if (error.words) return error.words;
  if (error.slug === 'capacity-below-held') return count('staffBelowHeld', error.problem.held);
  return error.isUnknown ? text('staffUnknown') : error.text;
}

/** Does what a button stands for, once at a time, and shows why it was refused. */
export async function act(button, action) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  hideError();
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const name = error.slug === 'capacity-below-held' ? 'capacity' : error.problem.field ?? '';
    const field = button.form?.elements.namedItem(name);
    if (field instanceof HTMLElement) markInvalid(field);
    showError(reason(error), error.slug);
  } finally {
    button.removeAttribute('aria-disabled');
  }
}

/** Marks a field as refused until it is changed. */
export function markInvalid(field) {
  field.setAttribute('aria-invalid', 'true');
  field.addEventListener('input', () => field.removeAttribute('aria-invalid'), { once: true });
}

/** Asks a question. Returns the value of the button; empty where the dialog was left. */
export function ask(dialog) {
  return new Promise((resolve) => {
    const closed = () => {
      // The event comes a moment after the closing. Meanwhile the question may have been asked again.
      if (dialog.open) return;
      dialog.removeEventListener('close', closed);
      resolve(dialog.returnValue);
    };
    dialog.returnValue = '';
    dialog.addEventListener('close', closed);
    dialog.showModal();
  });
}

const attempts = 5;

/** Sends what may be sent twice until its outcome is known. */
export async function sendUntilKnown(method, path, body, headers) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await api(method, path, body, headers)).data;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (!(error.isUnknown || error.status === 503) || attempt >= attempts) throw error;
      announce(text('staffAgain'));
      await new Promise((resolve) => { setTimeout(resolve, error.retryAfter * 1000 || 250 * 2 ** attempt); });
    }
  }
}

/** A key that nobody has used (`Idempotency-Key`). */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A form's entry without spaces around it. */
export const entry = (form, name) => form.elements.namedItem(name).value.normalize('NFC').trim();

/** Returns a function that makes an action happen soon: once for all calls until then, and one after another. */
export function soon(action, milliseconds = 300) {
  let timer = null;
  let isActing = false;
  return function request() {
    timer ??= setTimeout(async () => {
      timer = null;
      if (isActing) return request();
      isActing = true;
      try { await action(); } finally { isActing = false; }
    }, milliseconds);
  };
}
