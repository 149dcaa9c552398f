// Looks up a booking by its number, or a visitor's bookings; cancels, and lowers the number of people.
import { announce, api, count, day, follow, hideError, moment, Refusal, showError, text } from './common.js';
import { isLive } from './staff-bookings-of.js';
import { act, ask, clone, fill, reason, sendUntilKnown, soon, statusOf, timeRange, titleOf } from './staff-common.js';

const query = new URLSearchParams(location.search);
const id = query.get('id')?.trim();
const visitor = query.get('visitor')?.trim();
const list = document.getElementById('results');
const more = document.getElementById('more');
let next = null;

/** A booking with its exhibition, its admission and its details. */
async function readOne(bookId) {
  const { data: booking } = await api('GET', `/books/${encodeURIComponent(bookId)}`);
  // The row is written after the booking, and a list without it is no error.
  const rows = new URLSearchParams({ visitor: booking.visitor, museumId: booking.museumId, size: 200 });
  const [{ data: exhibition }, { data: page }] = await Promise.all([
    api('GET', `/museums/${booking.museumId}`), api('GET', `/myPages?${rows}`),
  ]);
  const row = page._embedded.myPages.find((other) => other.bookId === booking.id);
  const { title, hall, date, startTime, endTime } = exhibition;
  return { ...booking, title, hall, date, startTime, endTime, bookId: booking.id, admission: row?.admission };
}

/** Bookings that the address names: one; or a visitor's, newest first, a page at a time. */
async function readPage(page = `/myPages?${new URLSearchParams({ visitor, size: 50 })}`) {
  if (id) return { bookings: [await readOne(id)], next: null };
  const { data } = await api('GET', page);
  return { bookings: data._embedded.myPages, next: data._links.next?.href ?? null };
}

function show(card, booking) {
  const article = card.querySelector('article');
  article.dataset.booking = booking.bookId;
  article.dataset.status = booking.status;
  article.dataset.admission = booking.admission ?? '';
  card.querySelector('a.exhibition').href = `/staff/museums/${booking.museumId}`;
  card.querySelector('a.visitor').href = `/staff/bookings?visitor=${encodeURIComponent(booking.visitor)}`;
  card.querySelector('a.number').href = `/staff/bookings?id=${booking.bookId}`;
  fill(card, {
    title: titleOf(booking), hall: booking.title ? booking.hall : '', day: day(booking.date), time: timeRange(booking),
    status: statusOf(booking), people: count('seats', booking.seats), visitor: booking.visitor, id: booking.bookId,
    changed: moment(booking.updatedAt),
  });
  for (const name of ['name', 'contact', 'note']) {
    if (booking[name] === undefined) continue;
    fill(card, { [name]: booking[name] });
    card.querySelector(`[data-detail=${name}]`).hidden = false;
  }
  card.querySelector('.change').hidden = !isLive(booking);
  card.querySelector('form.seats').hidden = booking.seats < 2;
  const seats = card.querySelector('[name=seats]');
  seats.max = booking.seats - 1;
  if (Number(seats.value) >= booking.seats) seats.value = '';
}

function add(booking) {
  const card = clone('booking');
  show(card, booking);
  card.querySelector('button.cancel').addEventListener('click', (event) => act(event.currentTarget, async () => {
    const dialog = document.getElementById('cancel-dialog');
    fill(dialog, { what: `${card.querySelector('.title').textContent} · ${booking.visitor}` });
    if (await ask(dialog) !== 'yes') return;
    await change(card, { status: 'CANCELED' }, 'staffCanceled');
  }));
  card.querySelector('form.seats').addEventListener('submit', (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    act(form.querySelector('button'), () => change(card, { seats: Number(form.elements.seats.value) }, 'staffLowered'));
  });
  list.append(card);
  return card;
}

async function change(card, fields, key) {
  const bookId = card.querySelector('article').dataset.booking;
  await sendUntilKnown('PATCH', `/books/${bookId}`, fields);
  show(card, await readOne(bookId));
  announce(text(key));
  card.querySelector('a.exhibition').focus();
  // The admission follows the booking.
  readSoon();
}

function cards() {
  return new Map([...list.children].map((card) => [card.querySelector('article').dataset.booking, card]));
}

/** Shows again what may have changed. */
async function readAgain() {
  try {
    const known = cards();
    const { bookings } = await readPage();
    for (const booking of bookings) if (known.has(booking.bookId)) show(known.get(booking.bookId), booking);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}

const readSoon = soon(readAgain, 1000);

async function lookUp() {
  hideError();
  try {
    const first = await readPage();
    const { bookings } = first;
    bookings.forEach(add);
    next = first.next;
    const heading = document.getElementById('found-heading');
    heading.textContent = bookings.length === 0 ? text('staffNoneOf') : text('staffFound');
    document.getElementById('found').hidden = false;
    more.parentElement.hidden = !next;
    heading.focus();
    const who = visitor ?? bookings[0].visitor;
    follow(`/myPages/stream?visitor=${encodeURIComponent(who)}`, readSoon, readAgain);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    showError(error.status === 404 ? text('staffNoSuchBooking') : reason(error), error.slug);
  }
}

more.addEventListener('click', () => act(more, async () => {
  const page = await readPage(next);
  next = page.next;
  const added = page.bookings.map(add);
  more.parentElement.hidden = !next;
  added[0]?.querySelector('a').focus();
}));

if (id || visitor) await lookUp();
