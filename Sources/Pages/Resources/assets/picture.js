// Draws the services and the streams between them. Built once for a width; after that only texts and states change.
import { count, number, setText, text } from './common.js';

const names = ['gateway', 'book', 'museum', 'confirm', 'mypage'];
const streams = [
  { name: 'museum', groups: ['book', 'mypage'] },
  { name: 'book', groups: ['museum', 'confirm', 'mypage'] },
  { name: 'confirm', groups: ['mypage'] },
];
const box = { height: 58, gap: 12 };

function element(name, attributes, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function card(x, y, width, attributes, title, fields) {
  const group = element('g', attributes, element('rect', { x, y, width, height: box.height, rx: 7, class: 'box' }));
  const heading = element('text', { x: x + 12, y: y + 23, class: 'name' });
  heading.textContent = title;
  group.append(heading);
  const line = element('text', { x: x + 12, y: y + 45, class: 'figures' });
  fields.forEach((field) => line.append(element('tspan', { 'data-field': field })));
  group.append(line);
  return group;
}

function arrow(from, to, key) {
  return element('path', { d: `M${from.x} ${from.y} C${(from.x + to.x) / 2} ${from.y} ${(from.x + to.x) / 2} ${to.y} ${to.x} ${to.y}`,
    class: 'arrow', 'marker-end': 'url(#head)', 'data-arrow': key });
}

function down(x, from, to, key) {
  return element('path', { d: `M${x} ${from} L${x} ${to}`, class: 'arrow', 'marker-end': 'url(#head)', 'data-arrow': key });
}

const head = () => element('defs', {}, element('marker',
  { id: 'head', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: 'auto' },
  element('path', { d: 'M0 0 8 4 0 8z', class: 'head' })));

const serviceCard = (name, x, y, width) => card(x, y, width, { 'data-service': name, 'data-health': 'unknown' },
  text(`service.${name}`), ['state']);
const streamCard = (name, x, y, width) => card(x, y, width, { 'data-stream': name }, `${name}:events`, ['rate']);
const groupCard = (stream, name, x, y, width) => card(x, y, width, { 'data-group': name, 'data-of': stream },
  text(`service.${name}`), ['figures']);

function drawWide(svg) {
  const step = box.height + box.gap;
  const middle = (y) => y + box.height / 2;
  const places = {};
  const cards = [];
  names.forEach((name, index) => {
    places[name] = 4 + index * step * 1.2;
    cards.push(serviceCard(name, 4, places[name], 250));
  });
  names.slice(1).forEach((name) => cards.unshift(element('path', {
    d: `M20 ${places.gateway + box.height} L20 ${middle(places[name])}`, class: 'call',
  })));
  let row = 0;
  for (const { name, groups } of streams) {
    const y = 4 + (row + (groups.length - 1) / 2) * step;
    cards.push(streamCard(name, 350, y, 200));
    cards.unshift(arrow({ x: 254, y: middle(places[name]) }, { x: 346, y: middle(y) }, name));
    for (const group of groups) {
      const place = 4 + row * step;
      cards.push(groupCard(name, group, 640, place, 316));
      cards.unshift(arrow({ x: 550, y: middle(y) }, { x: 636, y: middle(place) }, `${name}:${group}`));
      row += 1;
    }
  }
  svg.setAttribute('viewBox', `0 0 960 ${Math.max(row * step, 5 * step * 1.2)}`);
  svg.append(head(), ...cards);
}

function drawNarrow(svg) {
  const step = box.height + 8;
  const cards = [];
  names.forEach((name, index) => {
    const isFirst = index === 0;
    const place = isFirst ? 0 : 1 + Math.floor((index - 1) / 2);
    cards.push(serviceCard(name, isFirst || index % 2 === 1 ? 2 : 172, 2 + place * step, isFirst ? 336 : 166));
  });
  let y = 2 + 3 * step + 14;
  for (const { name, groups } of streams) {
    cards.push(streamCard(name, 2, y, 336));
    cards.push(down(20, y + box.height, y + step + 6, name));
    y += step + 8;
    for (const group of groups) {
      cards.push(groupCard(name, group, 30, y, 308));
      y += step;
    }
    y += 14;
  }
  svg.setAttribute('viewBox', `0 0 340 ${y}`);
  svg.append(head(), ...cards);
}

export const health = (service) => {
  if (!service || service.instances.length === 0) return 'unknown';
  const ready = service.instances.filter((instance) => instance.isReady).length;
  if (ready === service.instances.length) return 'ok';
  return ready === 0 ? 'failing' : 'partly';
};

/** What is said of a service, in words. */
export function stateText(service) {
  const state = text(`health.${health(service)}`);
  if (!service?.circuit || service.circuit === 'closed') return state;
  return `${state} · ${text('circuitText', { state: text(`circuit.${service.circuit}`) })}`;
}

export class Picture {
  constructor(svg) {
    this.svg = svg;
    this.draw();
    new ResizeObserver(() => { if (this.isNarrow !== this.wouldBeNarrow()) { this.draw(); if (this.last) this.show(...this.last); } }).observe(svg.parentElement);
  }

  wouldBeNarrow() { return this.svg.parentElement.clientWidth < 700; }

  draw() {
    this.isNarrow = this.wouldBeNarrow();
    this.svg.replaceChildren();
    if (this.isNarrow) drawNarrow(this.svg); else drawWide(this.svg);
  }

  /** `services` as in the overview; `summed`: for each stream its rate and its groups, over all partitions. */
  show(services, summed) {
    this.last = [services, summed];
    for (const name of names) {
      const group = this.svg.querySelector(`[data-service=${name}]`);
      const service = services.find((each) => each.service === name);
      group.dataset.health = health(service);
      setText(group.querySelector('[data-field=state]'), `${{ ok: '●', partly: '▲', failing: '■' }[health(service)] ?? '○'} ${stateText(service)}`);
    }
    for (const stream of summed) {
      const rate = this.svg.querySelector(`[data-stream=${stream.name}] [data-field=rate]`);
      if (rate) setText(rate, stream.rate === null ? '–' : count('opRateText', stream.rate));
      for (const group of stream.groups) {
        const shown = this.svg.querySelector(`[data-group=${group.name}][data-of=${stream.name}]`);
        if (!shown) continue;
        shown.dataset.lag = group.lag;
        shown.dataset.isBehind = group.lag > 100;
        shown.dataset.hasDead = group.deadLetters > 0;
        setText(shown.querySelector('[data-field=figures]'), text('opFigures',
          { lag: number(group.lag), pending: number(group.pending), dead: number(group.deadLetters) }));
      }
    }
  }
}
