// Registers one exhibition, or a programme after a preview.
import { announce, count, day, hideError, language, number, showError, text } from './common.js';
import { csv } from './csv.js';
import { InvalidEntry, slotsOf } from './programme.js';
import { existing, existingText, register, showExisting, showResult, slotOf } from './registration.js';
import { act, clone, entry, fill, markInvalid, timeRange } from './staff-common.js';
import './staff-file.js';

const one = document.getElementById('one');

one.addEventListener('submit', (event) => {
  event.preventDefault();
  act(one.querySelector('button'), async () => {
    const exhibition = { hall: entry(one, 'hall'), date: entry(one, 'date'), capacity: Number(entry(one, 'capacity')) };
    for (const name of ['title', 'startTime', 'endTime']) if (entry(one, name)) exhibition[name] = entry(one, name);
    announce(text('staffRegistering'));
    const registered = await register(exhibition);
    announce('');
    one.reset();
    showResult(registered);
  });
});

const programme = document.getElementById('programme');
const times = programme.querySelector('.times');

const weekday = new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' });
for (const box of programme.querySelectorAll('[name=weekday]')) {
  // 1 January 2024 was a Monday.
  box.nextElementSibling.textContent = weekday.format(new Date(Date.UTC(2024, 0, Number(box.value))));
}

function nameTimes() {
  [...times.children].forEach((pair, place) => {
    pair.querySelector('legend').textContent = text('staffTimeNumber', { number: number(place + 1) });
    pair.querySelector('button').setAttribute('aria-label', text('staffRemoveTime', { number: number(place + 1) }));
    pair.querySelector('.remove-time').hidden = times.children.length === 1;
  });
}

function addTime() {
  const pair = clone('pair');
  times.append(pair);
  nameTimes();
  return pair;
}

addTime();
document.getElementById('add-time').addEventListener('click', () => addTime().querySelector('input').focus());
times.addEventListener('click', (event) => {
  const button = event.target.closest('.remove-time');
  if (!button) return;
  button.closest('.pair').remove();
  nameTimes();
  hidePreview();
  document.getElementById('add-time').focus();
});

const preview = document.getElementById('preview');
const registerButton = document.getElementById('register');
const everything = document.getElementById('include-all');
let slots = [];

function hidePreview() {
  document.getElementById('programme-preview').hidden = true;
}

const boxes = () => [...preview.querySelectorAll('[name=include]')];

function showChosen() {
  const chosen = boxes().filter((box) => box.checked).length;
  registerButton.textContent = count('staffRegisterMany', chosen);
  registerButton.disabled = chosen === 0;
  everything.checked = chosen === slots.length;
  everything.indeterminate = chosen > 0 && chosen < slots.length;
}

function row(slot, place, there) {
  const made = clone('slot');
  made.dataset.slot = place;
  const box = made.querySelector('input');
  const fields = { date: day(slot.date), time: timeRange(slot), capacity: number(slot.capacity) };
  fill(made, { ...fields, hall: slot.hall, title: slot.title ?? '', remark: there ? existingText() : '' });
  box.setAttribute('aria-label', [fields.date, fields.time, slot.hall].join(' '));
  if (there) {
    made.dataset.existing = there.id;
    made.querySelector('a').href = `/staff/museums/${there.id}`;
    box.checked = false;
  }
  return made;
}

programme.addEventListener('submit', (event) => {
  event.preventDefault();
  act(event.submitter ?? programme.querySelector('.actions button'), async () => {
    try {
      slots = slotsOf(programme);
    } catch (error) {
      if (!(error instanceof InvalidEntry)) throw error;
      hidePreview();
      markInvalid(error.field);
      showError(text(error.key, error.values), 'invalid-field');
      return;
    }
    const there = await existing(slots);
    preview.tBodies[0].replaceChildren(...slots.map((slot, place) => row(slot, place, there.get(slotOf(slot)))));
    const known = preview.querySelectorAll('[data-existing]').length;
    showExisting(document.getElementById('existing-note'), known, text('staffExistingLeftOut'));
    showChosen();
    document.getElementById('programme-preview').hidden = false;
    const heading = document.getElementById('preview-heading');
    heading.textContent = count('staffPreview', slots.length);
    heading.focus();
  });
});
programme.addEventListener('input', hidePreview);

preview.addEventListener('change', (event) => {
  if (event.target === everything) for (const box of boxes()) box.checked = everything.checked;
  showChosen();
});

registerButton.addEventListener('click', () => act(registerButton, async () => {
  hideError();
  const chosen = slots.filter((_, place) => boxes()[place].checked);
  const columns = ['title', 'hall', 'date', 'startTime', 'endTime', 'capacity'];
  announce(text('staffRegistering'));
  const registered = await register(csv([columns, ...chosen.map((slot) => columns.map((column) => slot[column]))]));
  announce('');
  hidePreview();
  programme.reset();
  times.replaceChildren();
  addTime();
  showResult(registered);
}));
