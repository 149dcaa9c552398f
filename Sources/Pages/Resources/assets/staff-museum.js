// One exhibition: edit, close, reopen, delete, its bookings, and bookings for visitors at the museum.
import { announce, api, count, day, follow, moment, number, Refusal, showError, text } from './common.js';
import { bookAtDesk } from './book-at-desk.js';
import { EditForm } from './edit-form.js';
import { bookings, bookingsLimit, bookingsWithAdmissions, isLive, live, people } from './staff-bookings-of.js';
import { act, ask, bookingsAndPeople, clone, fill, reason, sendUntilKnown, showSeats, soon, statusOf, timeRange, titleOf }
  from './staff-common.js';

const article = document.querySelector('article[data-museum]');
const id = article.dataset.museum;
const path = `/museums/${id}`;
const element = (name) => document.getElementById(name);
const table = element('bookings');
/** Most rows of the table. */
const rowsLimit = 1000;
const form = new EditForm(element('edit'), show);
let current = null;

function show(exhibition) {
  // An older document may come late.
  if (current && exhibition.version < current.version) return;
  const isChanged = current?.available !== exhibition.available || current?.status !== exhibition.status;
  current = exhibition;
  document.querySelector('h1 bdi').textContent = titleOf(exhibition);
  fill(article, { day: day(exhibition.date), time: timeRange(exhibition), hall: exhibition.title ? exhibition.hall : '' });
  showSeats(article, exhibition);
  element('to-day').href = `/staff/day?date=${exhibition.date}`;
  const isDeleted = exhibition.status === 'DELETED';
  element('close').hidden = exhibition.status !== 'OPEN';
  element('reopen').hidden = exhibition.status !== 'CLOSED';
  for (const name of ['delete', 'edit-section', 'desk-section']) element(name).hidden = isDeleted;
  form.adopt(exhibition);
  if (isDeleted) followRevocation(exhibition);
  if (isChanged) readBookingsSoon();
}

async function read() {
  const { data } = await api('GET', path);
  show(data);
  return data;
}

function showBookings(found) {
  table.tBodies[0].replaceChildren(...found.map((booking) => {
    const row = clone('booking');
    row.dataset.booking = booking.id;
    row.dataset.status = booking.status;
    row.dataset.admission = booking.admission ?? '';
    row.querySelector('a').href = `/staff/bookings?id=${booking.id}`;
    const { visitor, name = '', contact = '', note = '' } = booking;
    const fields = { id: booking.id, visitor, name, contact, note, seats: number(booking.seats) };
    fill(row, { ...fields, status: statusOf(booking), changed: moment(booking.updatedAt) });
    return row;
  }));
  table.hidden = found.length === 0;
  element('no-bookings').hidden = found.length > 0;
  const standing = found.filter(isLive);
  element('bookings-sum').textContent = bookingsAndPeople(standing.length, people(standing))
    + (found.length < rowsLimit ? '' : ` · ${text('staffNotAll')}`);
}

async function readBookings() {
  try {
    showBookings(await bookingsWithAdmissions(id, { limit: rowsLimit }));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    showError(reason(error), error.slug);
  }
}

const readBookingsSoon = soon(readBookings);

// The booking's status and its admission follow the seats.
const readAllSoon = soon(() => Promise.all([readBookings(), read().catch(ignoreRefusal)]), 1500);

function ignoreRefusal(error) {
  if (!(error instanceof Refusal)) throw error;
}

async function change(status, key) {
  show(await sendUntilKnown('PATCH', path, { status }));
  announce(text(key));
  element(status === 'OPEN' ? 'close' : 'reopen').focus();
}

element('close').addEventListener('click', (event) => act(event.currentTarget, () => change('CLOSED', 'staffClosed')));
element('reopen').addEventListener('click', (event) => act(event.currentTarget, () => change('OPEN', 'staffReopened')));

/** Says how many bookings a deletion cancels. */
async function countFalling(dialog) {
  fill(dialog, { bookings: text('staffCounting') });
  try {
    const found = await bookings(id, { status: live });
    const said = bookingsAndPeople(found.length, people(found));
    fill(dialog, { bookings: text(found.length < bookingsLimit ? 'staffFalls' : 'staffFallsAtLeast', { said }) });
  } catch (error) {
    ignoreRefusal(error);
    fill(dialog, { bookings: reason(error) });
  }
}

element('delete').addEventListener('click', (event) => act(event.currentTarget, async () => {
  const dialog = element('delete-dialog');
  countFalling(dialog);
  if (await ask(dialog) !== 'yes') return;
  show(await sendUntilKnown('DELETE', path));
  announce(text('staffDeleted'));
  element('main').focus();
}));

let isRevoking = false;

/** Shows how many seats of a deleted exhibition are still held, until none is. */
async function followRevocation(exhibition) {
  if (isRevoking) return;
  isRevoking = true;
  const place = element('revoking');
  let { revoking } = exhibition;
  const begun = revoking > 0;
  while (revoking > 0) {
    place.hidden = false;
    place.textContent = count('staffRevoking', revoking);
    await new Promise((resolve) => { setTimeout(resolve, 1000); });
    try { ({ data: { revoking = 0 } } = await api('GET', path)); } catch (error) { ignoreRefusal(error); }
  }
  place.hidden = false;
  place.textContent = text('staffRevoked');
  if (begun) {
    announce(text('staffRevoked'));
    readAllSoon();
  }
  isRevoking = false;
}

try {
  await read();
  bookAtDesk(element('desk'), id, () => { read().catch(ignoreRefusal); readBookings(); readAllSoon(); });
} catch (error) {
  ignoreRefusal(error);
  showError(reason(error), error.slug);
}
follow('/museums/stream', (exhibition) => {
  if (exhibition.id !== id) return;
  show(exhibition);
  readAllSoon();
}, () => read().catch(ignoreRefusal));
