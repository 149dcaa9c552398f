// Books for a visitor who stands at the museum. A form books once, also where a response is lost and the form is sent again.
import { announce, count, Refusal, text } from './common.js';
import { act, entry, newKey, sendUntilKnown } from './staff-common.js';

/** `onBooked` is called when there may be another booking. */
export function bookAtDesk(form, exhibition, onBooked) {
  const result = document.getElementById('desk-result');
  const place = `desk-${exhibition}`;
  let key = null;
  try { key = sessionStorage.getItem(place); } catch { /* The key is kept in this page alone. */ }
  const keep = (value) => {
    key = value;
    try { sessionStorage.setItem(place, value); } catch { /* as above */ }
  };
  if (!key) keep(newKey());

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    act(form.querySelector('button'), async () => {
      result.hidden = true;
      const booking = { museumId: exhibition, visitor: entry(form, 'visitor'), seats: Number(entry(form, 'seats')) };
      for (const name of ['name', 'contact', 'note']) if (entry(form, name)) booking[name] = entry(form, name);
      announce(text('booking'));
      try {
        const booked = await sendUntilKnown('POST', '/books', booking, { 'Idempotency-Key': key });
        keep(newKey());
        form.reset();
        const link = result.querySelector('a');
        link.href = `/staff/bookings?id=${booked.id}`;
        link.textContent = text('staffBooked', { id: booked.id, visitor: booked.visitor, people: count('seats', booked.seats) });
        announce('');
        result.hidden = false;
        result.focus();
      } catch (error) {
        // The form was sent before, with another number of people, and that booking was made.
        if (error instanceof Refusal && error.slug === 'idempotency-mismatch') {
          keep(newKey());
          error.words = text('staffBookedOtherwise');
        }
        throw error;
      } finally {
        onBooked();
      }
    });
  });
}
