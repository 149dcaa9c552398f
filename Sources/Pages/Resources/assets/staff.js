// What is on from a day on, by day, with how full each exhibition is, live.
import { api, count, day, follow, Refusal, showError, text } from './common.js';
import { clone, fill, reason, showSeats, soon, timeRange, titleOf } from './staff-common.js';
import { localNow } from './seats.js';

const filter = Object.fromEntries(new URLSearchParams(location.search));
const days = document.getElementById('days');
const more = document.getElementById('more');
/** How many are shown at least before "more". */
let wanted = 200;
let shown = new Map();

const firstDay = () => filter.date || localNow().date;

function isWanted(exhibition) {
  if (filter.date ? exhibition.date !== filter.date : exhibition.date < firstDay()) return false;
  if (filter.hall && exhibition.hall !== filter.hall.trim().normalize('NFC')) return false;
  return !filter.title || (exhibition.title ?? '').toLowerCase().includes(filter.title.trim().normalize('NFC').toLowerCase());
}

async function read() {
  const query = new URLSearchParams({ size: 200 });
  if (filter.date) query.set('date', filter.date); else query.set('from', firstDay());
  if (filter.hall?.trim()) query.set('hall', filter.hall);
  const found = [];
  let next = `/museums?${query}`;
  while (next && found.length < wanted) {
    const { data } = await api('GET', next);
    found.push(...data._embedded.museums.filter(isWanted));
    next = data._links.next?.href;
  }
  return { found, hasMore: Boolean(next) };
}

function row(exhibition) {
  const item = shown.get(exhibition.id)?.item ?? clone('row');
  item.dataset.museum = exhibition.id;
  item.querySelector('a').href = `/staff/museums/${exhibition.id}`;
  fill(item, { title: titleOf(exhibition), hall: exhibition.title ? exhibition.hall : '', time: timeRange(exhibition) });
  showSeats(item, exhibition);
  return item;
}

function section(date) {
  const made = clone('day');
  made.dataset.date = date;
  const time = made.querySelector('time');
  time.dateTime = date;
  time.textContent = day(date);
  const link = made.querySelector('a');
  link.href = `/staff/day?date=${date}`;
  link.setAttribute('aria-label', `${link.textContent}: ${time.textContent}`);
  return made;
}

function summarize() {
  const all = [...shown.values()].map(({ exhibition }) => exhibition);
  const held = all.reduce((sum, exhibition) => sum + exhibition.capacity - exhibition.available, 0);
  document.getElementById('summary').textContent =
    `${count('staffExhibitionsCount', all.length)} · ${text('staffSeatsHeld')}: ${count('capacitySeats', held)}`;
}

function show({ found, hasMore }) {
  const focused = document.activeElement?.closest('[data-museum]')?.dataset.museum;
  const sections = new Map();
  const rows = new Map();
  for (const exhibition of found) {
    if (!sections.has(exhibition.date)) sections.set(exhibition.date, section(exhibition.date));
    const item = row(exhibition);
    sections.get(exhibition.date).querySelector('ul').append(item);
    rows.set(exhibition.id, { exhibition, item });
  }
  shown = rows;
  days.replaceChildren(...sections.values());
  shown.get(focused)?.item.querySelector('a').focus();
  document.getElementById('empty').hidden = found.length > 0;
  more.parentElement.hidden = !hasMore;
  summarize();
}

// What has changed while the list was being read: the list may be older.
let reading = 0;
const meanwhile = new Map();

async function readAgain() {
  reading += 1;
  try {
    show(await read());
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (shown.size === 0) showError(reason(error), error.slug);
  } finally {
    reading -= 1;
  }
  if (reading > 0) return;
  const changed = [...meanwhile.values()];
  meanwhile.clear();
  changed.forEach(change);
}

const readSoon = soon(readAgain);
const places = ['title', 'hall', 'date', 'startTime', 'endTime'];

function change(exhibition) {
  if (reading > 0) {
    meanwhile.set(exhibition.id, exhibition);
    return;
  }
  const known = shown.get(exhibition.id);
  const stays = known && places.every((place) => known.exhibition[place] === exhibition[place]);
  if (stays) {
    known.exhibition = exhibition;
    showSeats(known.item, exhibition);
    summarize();
  } else if (known || (isWanted(exhibition) && exhibition.status !== 'DELETED')) {
    readSoon();
  }
}

more.addEventListener('click', () => {
  wanted = shown.size + 200;
  readAgain();
});

await readAgain();
follow('/museums/stream', change, readAgain);
