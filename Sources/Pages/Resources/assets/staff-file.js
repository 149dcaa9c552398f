// Registers the exhibitions of a CSV file: shows its rows, and at a row why the museum refuses it.
import { announce, count, number, Refusal, text } from './common.js';
import { parseCSV } from './csv.js';
import { existing, existingText, register, showExisting, showResult, slotOf } from './registration.js';
import { act } from './staff-common.js';

const form = document.getElementById('file');
const table = document.getElementById('file-preview');
const content = document.getElementById('file-content');
let file = null;

/** The file's text. What is not UTF-8 is what Korean spreadsheets save. */
async function read(chosen) {
  const bytes = await chosen.arrayBuffer();
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), isUTF8: true };
  } catch {
    return { text: new TextDecoder('euc-kr').decode(bytes), isUTF8: false };
  }
}

function cell(kind, words, scope) {
  const made = document.createElement(kind);
  if (scope) made.scope = scope;
  const name = document.createElement('bdi');
  name.textContent = words;
  made.append(name);
  return made;
}

function problemCell() {
  const made = document.createElement('td');
  made.dataset.field = 'problem';
  return made;
}

function showRows(rows) {
  const [header = { cells: [] }, ...others] = rows;
  const names = header.cells.map((name) => name.trim());
  const filled = others.filter(({ cells }) => cells.some((text) => text.trim()));
  table.tHead.rows[0].replaceChildren(
    cell('th', text('staffRow'), 'col'), ...names.map((name) => cell('th', name, 'col')), cell('th', text('staffRemark'), 'col'));
  table.tBodies[0].replaceChildren(...filled.map(({ row, cells }) => {
    const made = document.createElement('tr');
    made.dataset.row = row;
    made.append(cell('th', number(row), 'row'), ...names.map((_, place) => cell('td', cells[place] ?? '')), problemCell());
    return made;
  }));
  const slots = filled.map(({ row, cells }) => {
    const fields = Object.fromEntries(names.map((name, place) => [name, cells[place]?.normalize('NFC').trim()]));
    return { row, ...fields, date: fields.date ?? '' };
  });
  const heading = document.getElementById('file-preview-heading');
  heading.textContent = count('staffPreview', filled.length);
  return slots;
}

async function showExistingRows(slots) {
  let there = new Map();
  try { there = await existing(slots); } catch (error) { if (!(error instanceof Refusal)) throw error; }
  const known = slots.filter((slot) => there.has(slotOf(slot)));
  for (const { row } of known) table.querySelector(`[data-row="${row}"]`).lastElementChild.textContent = existingText();
  showExisting(document.getElementById('file-existing-note'), known.length);
}

form.elements.file.addEventListener('change', async () => {
  const [chosen] = form.elements.file.files;
  content.hidden = !chosen;
  file = null;
  if (!chosen) return;
  const { text: words, isUTF8 } = await read(chosen);
  file = words;
  document.getElementById('encoding-note').hidden = isUTF8;
  const slots = showRows(parseCSV(words));
  await showExistingRows(slots);
  announce(document.getElementById('file-preview-heading').textContent);
});

/** Shows at its row why a file is refused. Returns whether there is such a row. */
function showAtRow(error) {
  const { row, field } = error.problem;
  const place = table.querySelector(`[data-row="${row}"]`);
  if (!place) return false;
  place.classList.add('refused');
  place.lastElementChild.textContent = error.text;
  const names = [...table.tHead.rows[0].cells].map((name) => name.textContent);
  place.cells[names.indexOf(field)]?.classList.add('refused');
  place.scrollIntoView({ block: 'nearest' });
  return true;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  act(form.querySelector('button'), async () => {
    if (file === null) return;
    for (const refused of table.querySelectorAll('.refused')) refused.classList.remove('refused');
    announce(text('staffRegistering'));
    try {
      const registered = await register(file);
      announce('');
      form.reset();
      content.hidden = true;
      file = null;
      showResult(registered);
    } catch (error) {
      if (error instanceof Refusal && error.problem.row) {
        showAtRow(error);
        const where = { row: number(error.problem.row), why: error.text };
        error.words = error.slug === 'malformed-csv' ? text('staffRowMalformed', where) : text('staffRowRefused', where);
      }
      throw error;
    }
  });
});
