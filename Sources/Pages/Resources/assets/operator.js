// The operator's page: a picture of services and streams, dead letters, an audit, what is slow. It reads /admin and /metrics.
import { all, announce, api, count, hideError, moment, number, Refusal, setText, showError, text } from './common.js';
import { between, gauge, histograms } from './latencies.js';
import { health, Picture, stateText } from './picture.js';

const picture = new Picture(document.getElementById('picture'));
const every = 2000;
const everyMetrics = 6000;
const minute = 60000;

// The picture and its tables

let last = null;
const said = new Map();

/** Over all partitions; the rate since the reading before. */
function sum(overview) {
  const streams = new Map();
  for (const stream of overview.streams) {
    const known = streams.get(stream.service) ?? { name: stream.service, written: 0, groups: new Map() };
    known.written += stream.written;
    for (const group of stream.groups) {
      const one = known.groups.get(group.group) ?? { name: group.group, lag: 0, pending: 0, deadLetters: 0, worst: null, worstLag: 0 };
      one.lag += group.lag;
      one.pending += group.pending;
      one.deadLetters += group.deadLetters;
      if (group.lag > one.worstLag) { one.worst = stream.partition; one.worstLag = group.lag; }
      known.groups.set(group.group, one);
    }
    streams.set(stream.service, known);
  }
  const now = performance.now();
  const summed = [...streams.values()].map((stream) => {
    const before = last?.written.get(stream.name);
    const rate = before === undefined ? null : Math.max(0, Math.round((stream.written - before) / ((now - last.at) / 1000)));
    return { ...stream, rate, groups: [...stream.groups.values()] };
  });
  last = { at: now, written: new Map(summed.map((stream) => [stream.name, stream.written])) };
  return summed;
}

function row(cells) {
  const made = document.createElement('tr');
  for (const { value, isNumber, attributes = {} } of cells) {
    const cell = document.createElement('td');
    if (isNumber) cell.className = 'number';
    Object.assign(cell.dataset, attributes);
    cell.textContent = value;
    made.append(cell);
  }
  return made;
}

/** Replaces a table's rows where they differ, so that a reader's place is kept. */
function setRows(body, rows) {
  const changed = rows.length !== body.rows.length || rows.some((each, index) => each.outerHTML !== body.rows[index].outerHTML);
  if (changed) body.replaceChildren(...rows);
}

const place = ({ address }) => (address === 'this process' ? text('opThisProcess') : address);

function showTables(services, summed) {
  setRows(document.querySelector('#services tbody'), services.map((service) => row([
    { value: text(`service.${service.service}`) }, { value: text(`health.${health(service)}`) },
    { value: service.circuit ? text(`circuit.${service.circuit}`) : '–' },
    { value: service.instances.map((instance) => `${place(instance)}: ${text(instance.isReady ? 'health.ok' : 'health.failing')}`).join(', ') },
  ])));
  setRows(document.querySelector('#streams tbody'), summed.flatMap((stream) => stream.groups.map((group, index) => row([
    { value: index === 0 ? `${stream.name}:events` : '' },
    { value: index === 0 && stream.rate !== null ? number(stream.rate) : '', isNumber: true },
    { value: text(`service.${group.name}`) + (group.worst && group.lag > 0 ? ` (${text('opWorst', { partition: group.worst })})` : '') },
    { value: number(group.lag), isNumber: true, attributes: { field: 'lag' } },
    { value: number(group.pending), isNumber: true, attributes: { field: 'pending' } },
    { value: number(group.deadLetters), isNumber: true, attributes: { field: 'dead' } },
  ]))));
}

/** Says a service's state when it changes, and not each time. */
function say(services) {
  for (const service of services) {
    const state = stateText(service);
    const before = said.get(service.service);
    if (before !== undefined && before !== state) announce(text('opOutage', { service: text(`service.${service.service}`), state }));
    said.set(service.service, state);
  }
}

// What is slow

const readings = [];

function showSlow(metrics) {
  const now = { at: performance.now(), histograms: histograms(metrics) };
  readings.push(now);
  while (readings.length > 1 && now.at - readings[0].at > minute) readings.shift();
  const slow = between(readings[0].histograms, now.histograms).slice(0, 10);
  document.getElementById('nothing-slow').hidden = slow.length > 0;
  document.getElementById('slow-region').hidden = slow.length === 0;
  const milliseconds = (bound, largest) => (bound === Infinity
    ? text('opMillisecondsOver', { count: number(largest * 1000) }) : text('opMilliseconds', { count: number(bound * 1000) }));
  setRows(document.querySelector('#slow tbody'), slow.map((each) => row([
    { value: each.request }, { value: number(each.total), isNumber: true },
    { value: milliseconds(each.half, each.largest), isNumber: true }, { value: milliseconds(each.p99, each.largest), isNumber: true },
  ])));
  setText(document.getElementById('in-flight'), text('opInFlight', {
    requests: number(gauge(metrics, 'skmuseum_http_requests_in_flight')), connections: number(gauge(metrics, 'skmuseum_http_connections')),
  }));
}

// Dead letters

let shownLetters = null;

async function readLetters() {
  const letters = await all('/admin/dead-letters?size=100', 'dead-letters', 200);
  const key = letters.map((letter) => `${letter.deadLetter} ${letter.attempts}`).join('\n');
  if (key === shownLetters) return;
  shownLetters = key;
  document.getElementById('no-dead-letters').hidden = letters.length > 0;
  document.getElementById('dead-letters-region').hidden = letters.length === 0;
  const template = document.getElementById('letter-row');
  document.querySelector('#dead-letters tbody').replaceChildren(...letters.map((letter) => {
    const made = template.content.firstElementChild.cloneNode(true);
    made.dataset.letter = letter.deadLetter;
    const fields = {
      group: text(`service.${letter.group}`), event: letter.eventType ?? '–', reason: letter.reason, attempts: number(letter.attempts),
      when: moment(new Date(Number(letter.eventId.split('-')[0])).toISOString()),
    };
    for (const [name, value] of Object.entries(fields)) made.querySelector(`[data-field=${name}]`).textContent = value;
    for (const button of made.querySelectorAll('button')) button.setAttribute('aria-label', `${button.textContent}: ${letter.deadLetter}`);
    return made;
  }));
}

const dialog = document.getElementById('letter-dialog');

async function ask(heading, question, fields, yes) {
  dialog.querySelector('h2').textContent = heading;
  dialog.querySelector('[data-field=question]').textContent = question;
  dialog.querySelector('[data-field=question]').hidden = !question;
  dialog.querySelector('dl').replaceChildren(...fields.flatMap(([name, value]) => {
    const term = document.createElement('dt');
    term.textContent = name;
    const definition = document.createElement('dd');
    definition.textContent = value;
    return [term, definition];
  }));
  const button = dialog.querySelector('[data-field=yes]');
  button.hidden = !yes;
  button.textContent = yes ?? '';
  dialog.querySelector('[data-field=no]').textContent = text(yes ? 'opNo' : 'opClose');
  dialog.returnValue = 'no';
  dialog.showModal();
  await new Promise((resolve) => {
    dialog.addEventListener('close', function closed() {
      // The event comes a moment after the closing. Meanwhile the question may have been asked again.
      if (dialog.open) return;
      dialog.removeEventListener('close', closed);
      resolve();
    });
  });
  return dialog.returnValue === 'yes';
}

document.querySelector('#dead-letters tbody').addEventListener('click', async (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  const name = button.closest('tr').dataset.letter;
  const path = `/admin/dead-letters/${encodeURIComponent(name)}`;
  const heading = text('opDeadTitle', { name });
  hideError();
  try {
    if (button.classList.contains('show')) {
      const { data } = await api('GET', path);
      await ask(heading, '', Object.entries(data).filter(([key]) => key !== '_links').map(([key, value]) => [key, String(value)]));
      button.focus();
      return;
    }
    const isRetry = button.classList.contains('retry');
    const isSure = await ask(heading, text(isRetry ? 'opRetryQuestion' : 'opDropQuestion'), [], text(isRetry ? 'opRetryYes' : 'opDropYes'));
    if (!isSure) {
      button.focus();
      return;
    }
    const { data } = isRetry ? await api('POST', `${path}/retry`, {}) : await api('DELETE', path);
    announce(text(`outcome.${data.outcome}`, { why: data.why ?? '' }));
    await readLetters();
    document.getElementById('main').focus();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    showError(error.text, error.slug);
  }
});

// The audit

const steps = { 'waiting until all is applied': 'auditStep.wait', exhibitions: 'auditStep.exhibitions', 'reading all keys': 'auditStep.keys' };
const auditButton = document.getElementById('audit');

function showResult(result) {
  const shown = document.getElementById('audit-result');
  const message = result.violations.length > 0 ? count('opAuditBad', result.violations.length)
    : result.ok ? text('opAuditGood', { exhibitions: count('opExhibitions', result.exhibitions), bookings: count('opBookings', result.bookings) }) : text('opAuditBehind');
  shown.dataset.ok = result.ok;
  shown.className = 'result';
  shown.querySelector('p').textContent = message;
  const findings = [...result.violations.map((each) => [each.key, each.what]), ...result.behind.map((each) => ['–', each])];
  shown.querySelector('.scroll').hidden = findings.length === 0;
  setRows(shown.querySelector('tbody'), findings.slice(0, 500).map(([key, what]) => row([{ value: key }, { value: what }])));
  shown.hidden = false;
  shown.focus();
}

/** Reads Server-Sent Events of one response. */
async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    const blocks = rest.split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]));
      if (fields.data) yield { type: fields.event, data: JSON.parse(fields.data) };
    }
  }
}

auditButton.addEventListener('click', async () => {
  if (auditButton.getAttribute('aria-disabled') === 'true') return;
  auditButton.setAttribute('aria-disabled', 'true');
  const progress = document.getElementById('audit-progress');
  const bar = document.getElementById('audit-bar');
  document.getElementById('audit-result').hidden = true;
  hideError();
  announce(text('opAuditRunning'));
  bar.removeAttribute('value');
  document.getElementById('audit-step').textContent = text('opAuditRunning');
  progress.hidden = false;
  try {
    let response;
    try {
      response = await fetch('/admin/audit?wait=10s', { headers: { Accept: 'text/event-stream' } });
    } catch {
      throw new Refusal(0);
    }
    if (!response.ok) throw new Refusal(response.status, await response.json().catch(() => null), response.headers.get('Retry-After'));
    let result = null;
    for await (const { type, data } of eventsOf(response)) {
      if (type === 'result') result = data;
      if (type !== 'progress') continue;
      const counted = data.total ? ` ${number(data.done)} / ${number(data.total)}` : '';
      document.getElementById('audit-step').textContent = text(steps[data.step] ?? data.step) + counted;
      if (data.total) bar.value = data.done / data.total; else bar.removeAttribute('value');
    }
    announce('');
    if (result) showResult(result); else showError(text('opAuditBroken'));
  } catch (error) {
    if (error instanceof Refusal) showError(error.text, error.slug); else showError(text('opAuditBroken'));
  } finally {
    progress.hidden = true;
    auditButton.removeAttribute('aria-disabled');
  }
});

// Reading again and again

/** Whether what is shown as an error is that nothing could be read. Other errors stay until the next attempt. */
let isSilent = false;

async function read() {
  try {
    // The metrics are the largest by far, and what is slow is of the last minute.
    const isTimeForMetrics = performance.now() - (readings.at(-1)?.at ?? -Infinity) > everyMetrics;
    const [{ data: overview }, metrics] = await Promise.all([
      api('GET', '/admin/overview'), isTimeForMetrics ? api('GET', '/metrics') : null, readLetters(),
    ]);
    const summed = sum(overview);
    picture.show(overview.services, summed);
    showTables(overview.services, summed);
    say(overview.services);
    if (metrics) showSlow(metrics.data);
    if (isSilent) hideError();
    isSilent = false;
    document.getElementById('updated').textContent = text('opUpdated', { time: moment(new Date().toISOString()) });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const message = text('opNoAnswer', { why: error.text });
    const shown = document.getElementById('error');
    if (shown.hidden || shown.querySelector('p').textContent !== message) showError(message, error.slug);
    isSilent = true;
  }
}

async function keepReading() {
  for (;;) {
    try {
      if (document.visibilityState === 'visible' && !dialog.open) await read();
    } catch (error) {
      // A bug of the page must not end its reading.
      console.error(error);
    }
    await new Promise((resolve) => { setTimeout(resolve, every); });
  }
}

keepReading();
