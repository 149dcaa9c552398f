// A programme: each date × each hall × each time is one exhibition.
import { entry } from './staff-common.js';
import { dayAfter } from './seats.js';

/** Most exhibitions that the museum registers at once. */
export const slotsLimit = 1000;

/** An entry that can't be used: the field, and the key of the text that says why. */
export class InvalidEntry extends Error {
  constructor(field, key, values = {}) {
    super(key);
    Object.assign(this, { field, key, values });
  }
}

const lines = (form, name) => [...new Set(entry(form, name).split('\n').map((line) => line.trim()).filter(Boolean))];

/** Whether there is such a day. */
function isDay(date) {
  const moment = new Date(`${date}T12:00:00Z`);
  return /^\d{4}-\d{2}-\d{2}$/.test(date) && !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(date);
}

/** 1 is Monday, 7 Sunday. */
const weekdayOf = (date) => new Date(`${date}T12:00:00Z`).getUTCDay() || 7;

function datesOf(form) {
  const [from, to] = [entry(form, 'from'), entry(form, 'to') || entry(form, 'from')];
  const dates = new Set();
  if (to && !from) throw new InvalidEntry(form.elements.from, 'staffNoFrom');
  if (from && to < from) throw new InvalidEntry(form.elements.to, 'staffToBeforeFrom');
  const weekdays = new Set([...form.querySelectorAll('[name=weekday]:checked')].map((box) => Number(box.value)));
  for (let date = from; from && date <= to; date = dayAfter(date)) {
    if (weekdays.has(weekdayOf(date))) dates.add(date);
    if (dates.size > slotsLimit) break;
  }
  for (const date of lines(form, 'dates')) {
    if (!isDay(date)) throw new InvalidEntry(form.elements.dates, 'staffNoDay', { date });
    dates.add(date);
  }
  if (dates.size === 0) throw new InvalidEntry(form.elements.from, 'staffNoDates');
  return [...dates].sort();
}

/** Pairs of start and end. Without any, an exhibition is open all day. */
function timesOf(form) {
  const times = new Map();
  for (const pair of form.querySelectorAll('.pair')) {
    const [start, end] = [...pair.querySelectorAll('input')];
    if (end.value && !start.value) throw new InvalidEntry(start, 'staffNoStart');
    if (!start.value) continue;
    if (times.has(start.value)) throw new InvalidEntry(start, 'staffStartTwice');
    times.set(start.value, { startTime: start.value, endTime: end.value || undefined });
  }
  return times.size === 0 ? [{}] : [...times.values()].sort((one, other) => one.startTime.localeCompare(other.startTime));
}

/** All exhibitions of the programme, by date, time and hall. Throws an InvalidEntry. */
export function slotsOf(form) {
  const halls = lines(form, 'halls');
  const dates = datesOf(form);
  const times = timesOf(form);
  const number = halls.length * dates.length * times.length;
  if (number > slotsLimit) throw new InvalidEntry(form.elements.to, 'staffTooMany');
  const [title, capacity] = [entry(form, 'title') || undefined, Number(entry(form, 'capacity'))];
  return dates.flatMap((date) => times.flatMap((time) => halls.map((hall) => ({ title, hall, date, ...time, capacity }))));
}
