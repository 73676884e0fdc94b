// Distributed under the Boost Software License, Version 1.0. See LICENSE.
//
// The pipeline: a lane for each of the seven types, a box for each hook; and the last exchanges as
// bars over time. Fed with the events of a tracer on the server.

import { element } from './pane.js';

const lanes = [
  ['input', 'request-listener'],
  ['pre-processing', 'pre-responder'],
  ['pre-processing', 'pre-listener'],
  ['processing', 'responder'],
  ['post-processing', 'post-listener'],
  ['post-processing', 'post-responder'],
  ['output', 'response-listener'],
];
const shownExchanges = 6;

const time = (us) => (us < 1000 ? `${us < 10 ? us.toFixed(1) : Math.round(us)} \u00b5s`
  : `${us < 10000 ? (us / 1000).toFixed(1) : Math.round(us / 1000)} ms`);

export class Pipeline {
  constructor(root) {
    this.title = root.querySelector('#exchange');
    this.reply = root.querySelector('#reply');
    this.timeline = root.querySelector('#timeline');
    this.boxes = new Map();
    this.exchanges = new Map();
    this.handlers = {
      begin: (e) => this.onBegin(e),
      run: (e) => this.onRun(e),
      ran: (e) => this.onRan(e),
      reply: (e) => this.onReply(e),
      leftOut: (e) => this.onLeftOut(e),
    };
    this.lanes = lanes.map(([stage, type], i) => {
      const list = element('ul', { 'aria-label': `${type} hooks` });
      const lane = element('li', { class: 'lane', 'data-type': type, style: `--lane: ${i}` },
        element('span', { class: 'stage' }, i > 0 && lanes[i - 1][0] === stage ? '' : stage),
        element('span', { class: 'type' }, type), list);
      root.querySelector('#lanes').append(lane);
      return { lane, list, type };
    });
  }

  /** Sets the hooks, as the server describes them. */
  setHooks(hooks) {
    this.boxes.clear();
    for (const { list, type } of this.lanes) {
      list.replaceChildren();
      for (const hook of hooks.filter((h) => h.type === type)) {
        const took = element('span', { class: 'took' });
        const said = element('span', { class: 'hidden' });
        const box = element('li', {
          class: 'hook', 'data-hook': hook.name,
          title: `${hook.method} ${hook.pattern}: ${hook.summary}`,
        }, element('span', { class: 'name' }, hook.name), took, said);
        list.append(box);
        this.boxes.set(hook.id, { box, took, said, hook, lane: lanes.findIndex((l) => l[1] === type) });
      }
    }
  }

  /** Forgets all exchanges: those of another server count from another beginning. */
  clear() {
    this.exchanges.clear();
    this.draw();
  }

  show(events) {
    for (const event of events) this.handlers[event.event](event);
    this.draw();
  }

  onBegin({ exchange, at, method, target, via }) {
    this.shown = exchange;
    this.exchanges.set(exchange, { at, method, target, via, runs: [] });
    while (this.exchanges.size > shownExchanges) this.exchanges.delete(this.exchanges.keys().next().value);
    this.title.textContent = `${method} ${target} over ${via}`;
    this.reply.textContent = 'reply';
    delete this.reply.dataset.kind;
    for (const { lane } of this.lanes) lane.classList.remove('dark');
    for (const { box, took, said } of this.boxes.values()) {
      box.className = 'hook';
      took.textContent = said.textContent = '';
    }
  }

  onRun({ exchange, hook, at }) {
    const known = this.exchanges.get(exchange);
    const found = this.boxes.get(hook);
    if (!known || !found) return;
    known.runs.push({ hook, lane: found.lane, name: found.hook.name, from: at });
    found.box.classList.add('running');
  }

  onRan({ exchange, hook, at, took, outcome, status }) {
    const run = this.exchanges.get(exchange)?.runs.find((r) => r.hook === hook && !r.to);
    const found = this.boxes.get(hook);
    if (!run || !found) return;
    Object.assign(run, { to: at, outcome });
    const refused = outcome === 'failed' || (outcome === 'ended' && status >= 400);
    found.box.classList.remove('running');
    found.box.classList.add('lit', refused ? 'refused' : outcome);
    found.said.textContent = `, ${refused ? 'refused' : outcome}`;
    found.took.textContent = refused ? `${status} in ${time(took)}` : time(took);
    if (refused && found.lane < 3)
      for (const { lane } of this.lanes.slice(3, 6)) lane.classList.add('dark');
  }

  onReply({ exchange, status, type, at }) {
    const known = this.exchanges.get(exchange);
    if (!known) return;
    Object.assign(known, { replied: at, status });
    if (exchange !== this.shown) return;
    const several = type.startsWith('multipart/');
    const responses = known.runs.filter((r) => r.outcome === 'responded').length;
    const what = several ? `${type}, ${responses} responses in one,` : type || 'without content';
    this.reply.textContent = `reply: ${status} ${what} after ${time(at - known.at)}`;
    this.reply.dataset.kind = status >= 400 ? 'refused' : several ? 'several' : 'good';
  }

  onLeftOut({ exchanges }) {
    this.title.textContent += ` \u00b7 ${exchanges} more`;
  }

  draw() {
    const all = [...this.exchanges.values()].reverse();
    const end = (x) => Math.max(x.replied ?? x.at, ...x.runs.map((r) => r.to ?? r.from)) - x.at;
    const span = Math.max(1000, ...all.map(end)) * 1.02;
    const percent = (x, at) => (100 * Math.max(0, at - x.at)) / span;
    this.timeline.replaceChildren(...all.map((x) => {
      const bars = x.runs.map((r) => {
        const left = percent(x, r.from);
        const width = Math.max(0, percent(x, r.to ?? x.at + span) - left);
        return element('i', {
          class: `run ${r.outcome ?? 'running'}`, title: r.name,
          style: `left: ${left}%; width: ${width}%; --lane: ${r.lane}`,
        });
      });
      if (x.replied) bars.push(element('i', { class: 'replied', style: `left: ${percent(x, x.replied)}%` }));
      const after = x.replied ? x.runs.filter((r) => !r.to || r.to > x.replied).length : 0;
      const text = x.replied ? `${x.status} after ${time(x.replied - x.at)}` : 'under way';
      return element('li', {},
        element('span', { class: 'what' }, element('b', {}, `${x.method} ${x.target}`), ` ${x.via}`),
        element('span', { class: x.status >= 400 ? 'outcome refused' : 'outcome' }, text,
          element('span', { class: 'hidden' }, `, ${after} hooks ran past the reply`)),
        element('span', { class: 'track', 'aria-hidden': 'true' }, ...bars));
    }));
  }
}
