// A visitor's bookings, all or one: their status, live, and canceling with a question.
import { announce, api, follow, Refusal, text, visitor } from './common.js';

const title = (card) => card.querySelector('.title').textContent;
const status = (card) => card.querySelector('[data-field=status]').textContent;

/** Reads the page again and shows the bookings that have changed. */
async function refresh() {
  let content;
  try {
    const response = await fetch(location.href, { headers: { Accept: 'text/html' } });
    if (!response.ok) return;
    content = new DOMParser().parseFromString(await response.text(), 'text/html');
  } catch {
    return;
  }
  const list = document.querySelector('ul.bookings');
  for (const card of content.querySelectorAll('[data-booking]')) {
    const current = document.querySelector(`[data-booking="${CSS.escape(card.dataset.booking)}"]`);
    if (!current) {
      list?.prepend(document.importNode(card.closest('li'), true));
    } else if (current.outerHTML !== card.outerHTML) {
      const hasNewStatus = status(current) !== status(card);
      const item = current.closest('li');
      if (item) {
        const hadFocus = item.contains(document.activeElement);
        const renewed = document.importNode(card.closest('li'), true);
        item.replaceWith(renewed);
        if (hadFocus) renewed.querySelector('a')?.focus();
      } else {
        current.replaceWith(document.importNode(card, true));
        if (!content.querySelector('a.cancel')) document.querySelector('a.cancel')?.remove();
      }
      if (hasNewStatus) announce(text('statusChanged', { title: title(card), status: status(card) }));
    }
  }
}

// Changes that come together are read together.
let due = null;
let isReading = false;
function refreshSoon() {
  due ??= setTimeout(async () => {
    due = null;
    if (isReading) return refreshSoon();
    isReading = true;
    await refresh();
    isReading = false;
  }, 100);
}

const dialog = document.getElementById('cancel-dialog');
/** The link that asked. */
let asking = null;

document.addEventListener('click', (event) => {
  const link = event.target.closest('a.cancel');
  if (!link || !dialog.showModal) return;
  event.preventDefault();
  asking = link;
  dialog.querySelector('[data-field=what]').textContent = title(cardOf(link));
  dialog.returnValue = 'no';
  dialog.showModal();
});

const idOf = (link) => link.pathname.split('/')[2];
const cardOf = (link) => document.querySelector(`[data-booking="${CSS.escape(idOf(link))}"]`);

dialog.addEventListener('close', async () => {
  // The event comes a moment after the closing. Meanwhile the question may have been asked again.
  if (dialog.open) return;
  if (dialog.returnValue !== 'yes') {
    asking.focus();
    return;
  }
  try {
    await api('PATCH', `/books/${idOf(asking)}`, { status: 'CANCELED' });
    await refresh();
    announce(text('canceledResult'));
    document.getElementById('main').focus();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    announce(error.text);
  }
});

const print = document.getElementById('print');
if (print) {
  print.hidden = false;
  print.addEventListener('click', () => window.print());
}

const ids = new Set([...document.querySelectorAll('[data-booking]')].map((card) => card.dataset.booking));
const isList = document.body.dataset.page === 'bookings';
if (visitor) {
  follow(`/myPages/stream?visitor=${encodeURIComponent(visitor)}`, (booking) => {
    if (isList || ids.has(booking.bookId)) refreshSoon();
  }, refreshSoon);
}
