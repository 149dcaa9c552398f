// CSV as the museum reads and writes it (RFC 4180).

/**
 * The rows of a file, each with its number as spreadsheets count. Reading ends at the first row that is no CSV: the server says
 * what is wrong with it.
 */
export function parseCSV(content) {
  const rows = [];
  let place = 0;
  if (content.startsWith('\uFEFF')) place = 1;
  while (place < content.length) {
    const cells = [];
    for (;;) {
      let cell = '';
      if (content[place] === '"') {
        const end = quotedEnd(content, place + 1);
        if (end < 0) return rows;
        cell = content.slice(place + 1, end).replaceAll('""', '"');
        place = end + 1;
      } else {
        const start = place;
        while (place < content.length && !',\r\n'.includes(content[place])) place += 1;
        cell = content.slice(start, place);
      }
      cells.push(cell);
      if (content[place] !== ',') break;
      place += 1;
    }
    rows.push({ row: rows.length + 1, cells });
    if (content[place] === '\r') place += 1;
    if (place < content.length && content[place] !== '\n') return rows;
    place += 1;
  }
  return rows;
}

/** Where the quotation mark is that closes a cell, or -1. */
function quotedEnd(content, from) {
  let end = content.indexOf('"', from);
  while (end >= 0 && content[end + 1] === '"') end = content.indexOf('"', end + 2);
  return end;
}

function write(cell) {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Rows for the museum. */
export const csv = (rows) => rows.map((cells) => `${cells.map((cell) => write(String(cell ?? ''))).join(',')}\r\n`).join('');

/** Rows for spreadsheets, which take a cell that begins with one of these for a formula, and may run it. */
export function spreadsheet(rows) {
  const safe = (cell) => (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell);
  return `\uFEFF${csv(rows.map((cells) => cells.map((cell) => safe(String(cell ?? '')))))}`;
}
