// Registers exhibitions, each set of them once, and says which are there already.
import { all, count, day, text } from './common.js';
import { clone, fill, newKey, sendUntilKnown, timeRange, titleOf } from './staff-common.js';

const place = 'registration';
let kept = { content: null };
try { kept = JSON.parse(sessionStorage.getItem(place)) ?? kept; } catch { /* It is kept in this page alone. */ }

function keep(registration) {
  kept = registration;
  try { sessionStorage.setItem(place, JSON.stringify(kept)); } catch { /* It is too large, or the browser keeps nothing. */ }
}

/**
 * Registers what the content says: an exhibition as an object, or a CSV file as text. The content's key stays until it is
 * registered, so that a lost response, a reload or a second click does not register it again. Returns the exhibitions.
 */
export async function register(content) {
  if (JSON.stringify(kept.content) !== JSON.stringify(content)) keep({ content, key: newKey() });
  const headers = { 'Idempotency-Key': kept.key };
  if (typeof content === 'string') headers['Content-Type'] = 'text/csv';
  const data = await sendUntilKnown('POST', '/museums', content, headers);
  keep({ content: null });
  return data._embedded?.museums ?? [data];
}

/** What is there once in a hall. */
export const slotOf = ({ hall, date, startTime }) => JSON.stringify([hall, date, startTime ?? '']);

/** The exhibitions that are there already at the same hall, date and time, by `slotOf`. */
export async function existing(slots) {
  const dates = slots.map(({ date }) => date).filter((date) => /^\d{4}-\d{2}-\d{2}$/.test(date)).sort();
  if (dates.length === 0) return new Map();
  const query = new URLSearchParams({ from: dates[0], to: dates[dates.length - 1], size: 200 });
  const there = await all(`/museums?${query}`, 'museums', 20000);
  return new Map(there.map((exhibition) => [slotOf(exhibition), exhibition]));
}

function link(exhibition) {
  const item = clone('link');
  item.querySelector('a').href = `/staff/museums/${exhibition.id}`;
  const hall = exhibition.title ? exhibition.hall : '';
  fill(item, { time: timeRange(exhibition), title: titleOf(exhibition), hall });
  return item;
}

/** Says what was registered, with links by day, and moves the focus there. */
export function showResult(exhibitions) {
  const result = document.getElementById('result');
  const heading = document.getElementById('result-heading');
  heading.textContent = count('staffRegistered', exhibitions.length);
  const days = new Map();
  for (const exhibition of exhibitions) {
    if (!days.has(exhibition.date)) {
      const item = clone('day');
      item.querySelector('strong').textContent = day(exhibition.date);
      days.set(exhibition.date, item);
    }
    days.get(exhibition.date).querySelector('ul').append(link(exhibition));
  }
  result.querySelector('ul').replaceChildren(...days.values());
  result.hidden = false;
  heading.focus();
}

/** A note above a preview, and what it means there. */
export function showExisting(note, number, meaning = '') {
  note.hidden = number === 0;
  note.textContent = number === 0 ? '' : `${count('staffExisting', number)} ${meaning}`;
}

export const existingText = () => text('staffExists');
