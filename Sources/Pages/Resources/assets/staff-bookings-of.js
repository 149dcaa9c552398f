// The bookings of an exhibition.
import { all } from './common.js';

/** Bookings that hold seats, or are about to. */
export const live = 'REQUESTED,REQUEST_COMPLETED';

/** Most bookings that a page reads of an exhibition. */
export const bookingsLimit = 10000;

/** The bookings, newest first. */
export function bookings(exhibition, { status, limit = bookingsLimit } = {}) {
  const query = new URLSearchParams({ museumId: exhibition, size: 200 });
  if (status) query.set('status', status);
  return all(`/books?${query}`, 'books', limit);
}

/** The bookings, each with the status of its admission where there is one. */
export async function bookingsWithAdmissions(exhibition, options = {}) {
  const { limit = bookingsLimit } = options;
  const [found, admissions] = await Promise.all([
    bookings(exhibition, options), all(`/confirms?museumId=${exhibition}&size=200`, 'confirms', limit),
  ]);
  const statuses = new Map(admissions.map(({ bookId, status }) => [bookId, status]));
  return found.map((booking) => ({ ...booking, admission: statuses.get(booking.id) }));
}

export const people = (found) => found.reduce((sum, { seats }) => sum + seats, 0);

export const isLive = ({ status }) => live.split(',').includes(status);
