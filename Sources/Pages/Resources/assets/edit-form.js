// The form that edits an exhibition. Where somebody else has edited it meanwhile, staff choose.
import { announce, api, day, number, Refusal, showError, text } from './common.js';
import { act, ask, clone, entry, sendUntilKnown } from './staff-common.js';

const names = ['title', 'hall', 'date', 'startTime', 'endTime', 'capacity'];

/** A field as the form has it: text, empty where there is none. */
const valueOf = (exhibition, name) => String(exhibition[name] ?? '');
const isSame = (one, other) => names.every((name) => valueOf(one, name) === valueOf(other, name));

/** A field for people. */
function shown(exhibition, name) {
  const value = valueOf(exhibition, name);
  if (value === '') return text('staffNothing');
  if (name === 'date') return day(value);
  return name === 'capacity' ? number(Number(value)) : value;
}

export class EditForm {
  /** `onSaved` gets the exhibition as the museum has it. */
  constructor(form, onSaved) {
    this.form = form;
    this.onSaved = onSaved;
    /** What the entries were made from. */
    this.base = null;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      act(form.querySelector('button'), () => this.save());
    });
  }

  /** Shows what the museum has, unless somebody is editing something else. */
  adopt(exhibition) {
    const { base } = this;
    if (base && base.version >= exhibition.version) return;
    if (base && Object.keys(this.changes()).length > 0 && !isSame(base, exhibition)) return;
    const isEdited = base && Object.keys(this.changes()).length > 0;
    this.base = exhibition;
    this.form.elements.version.value = exhibition.version;
    if (!isEdited) for (const name of names) this.form.elements[name].value = valueOf(exhibition, name);
  }

  /** What the entries change of the base: `null` clears a field. */
  changes() {
    const changes = {};
    for (const name of names) {
      const value = entry(this.form, name);
      if (value === valueOf(this.base, name)) continue;
      changes[name] = name === 'capacity' ? Number(value) : value || null;
    }
    return changes;
  }

  async save() {
    const changes = this.changes();
    if (Object.keys(changes).length === 0) {
      announce(text('staffNothingToSave'));
      return;
    }
    let { version } = this.base;
    for (;;) {
      try {
        this.saved(await sendUntilKnown('PATCH', this.path, { ...changes, version }));
        return;
      } catch (error) {
        if (!(error instanceof Refusal) || error.slug !== 'version-mismatch') throw error;
      }
      const theirs = (await api('GET', this.path)).data;
      const mine = { ...theirs, ...changes };
      // It was saved, and the response was lost; or somebody else has entered the same.
      if (isSame(mine, theirs)) return this.saved(theirs);
      if (theirs.status === 'DELETED') {
        this.onSaved(theirs);
        showError(text('problem.museum-deleted'), 'museum-deleted');
        return;
      }
      const choice = await this.choose(theirs, mine);
      if (choice === 'theirs') return this.saved(theirs, 'staffTheirsKept');
      if (choice !== 'mine') return;
      version = theirs.version;
    }
  }

  get path() { return `/museums/${this.base.id}`; }

  saved(exhibition, key = 'staffSaved') {
    this.base = null;
    this.adopt(exhibition);
    this.onSaved(exhibition);
    announce(text(key));
  }

  /** Shows both versions. Returns `mine`, `theirs`, or nothing. */
  choose(theirs, mine) {
    const dialog = document.getElementById('conflict-dialog');
    dialog.querySelector('tbody').replaceChildren(...names.map((name) => {
      const row = clone('conflict-row');
      const differs = valueOf(theirs, name) !== valueOf(mine, name);
      row.dataset.field = name;
      row.classList.toggle('differs', differs);
      row.querySelector('.name').textContent = text(name === 'title' ? 'titleField' : `field.${name}`);
      row.querySelector('.theirs').textContent = shown(theirs, name);
      row.querySelector('.mine').textContent = shown(mine, name);
      row.querySelector('.mark').textContent = differs ? text('staffDiffers') : '';
      return row;
    }));
    return ask(dialog);
  }
}
