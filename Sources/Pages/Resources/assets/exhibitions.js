// The list of exhibitions: seats left and states, live.
import { all, follow } from './common.js';
import { showExhibition } from './seats.js';

const cards = new Map([...document.querySelectorAll('[data-museum]')].map((card) => [card.dataset.museum, card]));

function show(exhibition) {
  const card = cards.get(exhibition.id);
  if (card) showExhibition(card, exhibition);
}

async function readAgain() {
  const days = [...document.querySelectorAll('.day time')].map((time) => time.dateTime);
  if (days.length === 0) return;
  const from = days[0];
  const to = days[days.length - 1];
  try {
    for (const exhibition of await all(`/museums?from=${from}&to=${to}&size=200&status=OPEN,CLOSED,DELETED`, 'museums')) show(exhibition);
  } catch { /* The stream goes on, and the page says what it knew. */ }
}

follow('/museums/stream', show, readAgain);
