// Who comes on a day: the bookings of each exhibition, to print, and as a file for spreadsheets.
import { all, count, day, follow, language, number, Refusal, showError, text } from './common.js';
import { spreadsheet } from './csv.js';
import { bookingsLimit, bookingsWithAdmissions, live, people } from './staff-bookings-of.js';
import { bookingsAndPeople, clone, fill, reason, showSeats, soon, statusOf, timeRange, titleOf } from './staff-common.js';
import { localNow } from './seats.js';

const element = (name) => document.getElementById(name);
const field = element('date');
if (!field.value) field.value = localNow().date;
const date = field.value;
/** Exhibitions of the day in the order of their times, each with its bookings. */
let lists = [];

const byName = new Intl.Collator(language).compare;
const nameOf = ({ name, visitor }) => name ?? visitor;

async function read(exhibition) {
  const found = await bookingsWithAdmissions(exhibition.id, { status: live });
  return { exhibition, bookings: found.sort((one, other) => byName(nameOf(one), nameOf(other))) };
}

function row(booking) {
  const made = clone('booking');
  made.dataset.booking = booking.id;
  made.dataset.status = booking.status;
  made.dataset.admission = booking.admission ?? '';
  made.querySelector('a').href = `/staff/bookings?id=${booking.id}`;
  const { id, visitor, name = '', contact = '', note = '' } = booking;
  fill(made, { id, visitor, name, contact, note, seats: number(booking.seats), status: statusOf(booking) });
  return made;
}

function sheet({ exhibition, bookings }) {
  const made = clone('sheet');
  made.dataset.museum = exhibition.id;
  const link = made.querySelector('h3 a');
  link.href = `/staff/museums/${exhibition.id}`;
  fill(made, {
    title: titleOf(exhibition), hall: exhibition.title ? exhibition.hall : '', time: timeRange(exhibition),
    sum: bookingsAndPeople(bookings.length, people(bookings)),
  });
  showSeats(made, exhibition);
  const table = made.querySelector('.scroll');
  table.hidden = bookings.length === 0;
  table.setAttribute('aria-label', `${titleOf(exhibition)} ${timeRange(exhibition)} ${exhibition.hall}`);
  table.querySelector('tbody').replaceChildren(...bookings.map(row));
  return made;
}

function show() {
  const focused = document.activeElement?.closest('[data-museum]')?.dataset.museum;
  element('sheets').replaceChildren(...lists.map(sheet));
  if (focused) document.querySelector(`[data-museum="${CSS.escape(focused)}"] a`)?.focus();
  const booked = lists.flatMap(({ bookings }) => bookings);
  element('day-sum').textContent =
    `${count('staffExhibitionsCount', lists.length)} · ${bookingsAndPeople(booked.length, people(booked))}`;
  element('empty').hidden = lists.length > 0;
  element('not-all').hidden = lists.every(({ bookings }) => bookings.length < bookingsLimit);
}

async function readAll() {
  const exhibitions = await all(`/museums?date=${date}&size=200`, 'museums');
  const found = [];
  for (const exhibition of exhibitions) found.push(await read(exhibition));
  lists = found;
  show();
}

async function readAgain() {
  try {
    await readAll();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (lists.length === 0) showError(reason(error), error.slug);
  }
}

function download() {
  const columns = [
    'date', 'startTime', 'endTime', 'title', 'hall', 'name', 'visitor', 'seats', 'contact', 'note', 'status', 'admission', 'bookId',
  ];
  const rows = lists.flatMap(({ exhibition, bookings }) => bookings.map((booking) => {
    const { title, hall, startTime, endTime } = exhibition;
    const fields = { ...booking, date: exhibition.date, title, hall, startTime, endTime, bookId: booking.id };
    return columns.map((column) => fields[column]);
  }));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([spreadsheet([columns, ...rows])], { type: 'text/csv;charset=utf-8' }));
  link.download = `day-${date}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

element('print').addEventListener('click', () => window.print());
element('csv').addEventListener('click', download);
element('page-each').addEventListener('change', (event) => {
  element('sheets').classList.toggle('page-each', event.target.checked);
});

element('day-heading').textContent = day(date);
await readAgain();
const readSoon = soon(readAgain, 1500);
follow('/museums/stream', (exhibition) => {
  if (exhibition.date === date || lists.some((list) => list.exhibition.id === exhibition.id)) readSoon();
}, readAgain);
