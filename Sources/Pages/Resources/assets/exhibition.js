// One exhibition: seats left, live, and the booking form. A booking is sent again until its outcome is known, always under the same
// key, so that it is made once.
import { announce, api, follow, hideError, Refusal, showError, text, visitor } from './common.js';
import { showExhibition, stateOf } from './seats.js';

const article = document.querySelector('[data-museum]');
const id = article.dataset.museum;
const form = document.getElementById('book');

function show(exhibition) {
  if (exhibition.id !== id) return;
  showExhibition(article, exhibition);
  // The form stays while somebody fills it in: the server decides.
  const section = document.querySelector('section.booking');
  if (section && !isBooking) section.hidden = stateOf(exhibition) !== 'open';
}

async function readAgain() {
  try { show((await api('GET', `/museums/${id}`)).data); } catch { /* The page says what it knew. */ }
}

let isBooking = false;
const attempts = 6;

/** The session's subject, or a new guest's. Two windows get the same guest, one after the other. */
let subject = visitor;
async function beginSession() {
  const begin = async () => (await api('POST', '/sessions', {})).data.subject;
  subject = await (navigator.locks ? navigator.locks.request('session', begin) : begin());
}

async function send(fields, key) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (!subject) await beginSession();
      return (await api('POST', '/books', { ...fields, visitor: subject }, { 'Idempotency-Key': key })).data;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // A guest's session has ended: another one begins. Who signed in must sign in again.
      if (error.status === 401 && subject?.startsWith('guest-') && attempt < attempts) {
        subject = undefined;
        continue;
      }
      const mayRepeat = error.isUnknown || error.status === 503;
      if (!mayRepeat || attempt >= attempts) throw error;
      announce(text('bookingAgain'));
      await new Promise((resolve) => { setTimeout(resolve, error.retryAfter * 1000 || 300 * 2 ** attempt); });
    }
  }
}

form?.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (isBooking) return;
  isBooking = true;
  const button = form.querySelector('button');
  button.setAttribute('aria-disabled', 'true');
  hideError();
  announce(text('booking'));
  const data = new FormData(form);
  const fields = { museumId: id, seats: Number(data.get('seats')) };
  for (const name of ['name', 'contact', 'note']) {
    const value = data.get(name).trim();
    if (value) fields[name] = value;
  }
  try {
    const booking = await send(fields, data.get('key'));
    if (booking.status === 'CANCELED' || booking.status === 'FORCE_CANCELED') {
      // Booked from this page and canceled since: the page as it is now has the key of the next booking.
      location.replace(`/museums/${id}`);
      return;
    }
    location.assign(`/myPages/${booking.id}?booked`);
    return;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    showError(error.isUnknown ? text('bookingUnknown') : error.text, error.slug);
    if (error.slug === 'sold-out') readAgain();
  } finally {
    button.removeAttribute('aria-disabled');
    isBooking = false;
  }
});

// Back from the next page: the form's key is that of the booking that was made.
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

follow('/museums/stream', show, readAgain);
