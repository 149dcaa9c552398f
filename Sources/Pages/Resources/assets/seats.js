// Shows what is left of an exhibition.
import { count, setText, text, timeZone } from './common.js';

/** The museum's date and time of day. */
export function localNow() {
  const parts = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone }).format(new Date()).split(' ');
  return { date: parts[0], time: parts[1] };
}

/** The day after a day `YYYY-MM-DD`. */
export function dayAfter(date) {
  const next = new Date(`${date}T12:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString().slice(0, 10);
}

/** Past its end, else past its date, as the API has it for bookings. */
function isOver(exhibition) {
  const { date, time } = localNow();
  const { startTime, endTime } = exhibition;
  const lastDay = startTime && endTime && endTime <= startTime ? dayAfter(exhibition.date) : exhibition.date;
  return lastDay < date || (lastDay === date && endTime !== undefined && endTime <= time);
}

export function stateOf(exhibition) {
  if (exhibition.status === 'DELETED') return 'deleted';
  if (isOver(exhibition)) return 'over';
  if (exhibition.status === 'CLOSED') return 'closed';
  return exhibition.available > 0 ? 'open' : 'sold-out';
}

/** Returns whether the state has changed. */
export function showExhibition(element, exhibition) {
  const state = stateOf(exhibition);
  const isNew = element.dataset.state !== state;
  element.dataset.state = state;
  setText(element.querySelector('[data-field=state]'), text(`state.${state}`));
  setText(element.querySelector('[data-field=available]'), count('seatsLeft', exhibition.available));
  return isNew;
}
