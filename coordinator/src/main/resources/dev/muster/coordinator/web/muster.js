// The live page. Asks the API every second while the page can be seen; writes text only, never markup, so that nothing
// a job or a log line contains can become part of the page.

const OUTCOMES = ['succeeded', 'declined', 'dead', 'other'];
const LEVELS = {
  healthy: 'good', succeeded: 'good', closed: 'good', started: 'good',
  starting: 'busy', running: 'busy', draining: 'busy',
  exited: 'warn', suspect: 'warn', declined: 'warn', parked: 'warn', retrying: 'warn', unknown: 'warn', half_open: 'warn', paused: 'warn',
  'start failed': 'bad', escalated: 'bad', lost: 'bad', dead: 'bad', open: 'bad', expired: 'bad',
};
const SVG = 'http://www.w3.org/2000/svg';
const byId = (id) => document.getElementById(id);
const number = new Intl.NumberFormat('en');

// ---- building blocks ----

function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name === 'class') node.className = value;
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children.map((child) => (child instanceof Node ? child : document.createTextNode(child ?? ''))));
  return node;
}

function shape(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

const state = (name) => element('span', { class: 'state', 'data-level': LEVELS[name] ?? '' }, name);
const mono = (text) => element('span', { class: 'mono' }, text ?? '–');

function ago(iso) {
  if (!iso) return '–';
  const seconds = (Date.now() - Date.parse(iso)) / 1000;
  const text = seconds < 0 ? `in ${span(-seconds)}` : `${span(seconds)} ago`;
  return element('time', { datetime: iso, title: iso }, text);
}

function span(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 90) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

/** Columns are [title, isNumber]; a row is a list of what stands in its cells. Focus and scrolling stay where they are. */
function table(id, columns, rows, nothing) {
  const focused = document.activeElement?.dataset?.focus;
  const head = element('thead', {}, element('tr', {},
    ...columns.map(([title, isNumber]) => element('th', { scope: 'col', class: isNumber ? 'number' : null }, title))));
  const body = element('tbody', {}, ...(rows.length ? rows : [[nothing]]).map((cells) => element('tr', {},
    ...cells.map((cell, i) => element('td', {
      class: rows.length ? (columns[i][1] ? 'number' : null) : 'empty',
      colspan: rows.length ? null : columns.length,
    }, cell)))));
  byId(id).replaceChildren(head, body);
  if (focused) byId(id).querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
}

// ---- sections ----

function showOverview(view) {
  const good = view.health === 'healthy';
  const health = byId('health');
  if (health.dataset.shown !== view.health) {
    health.dataset.shown = view.health;
    health.dataset.level = good ? 'good' : 'bad';
    health.querySelector('.mark').textContent = good ? '✓' : '!';
    health.querySelector('.text').textContent = good ? 'Healthy' : view.health;
  }
  byId('leader').textContent = view.leader
    ? `Leader ${view.leader.name}, epoch ${view.leader.epoch}${view.leads ? '' : ` (this is ${view.coordinator}, standing by)`}`
    : 'No leader';
  const live = view.workers.healthy + view.workers.suspect + view.workers.starting;
  tiles([
    ['Workers', number.format(view.workers.healthy), `of ${live} healthy`],
    ['Slots busy', number.format(view.busy), `of ${number.format(view.slots)}`],
    ['Running', number.format(view.running), 'jobs'],
    ['Waiting', view.waiting >= 100000 ? '100,000+' : number.format(view.waiting), 'in Postgres'],
    ['Lag', number.format(view.lag), 'records in Kafka'],
  ]);
  table('circuits', [['Dependency'], ['State']],
    Object.entries(view.circuits).map(([name, circuit]) => [name, state(circuit)]), 'No circuit has been reported.');
}

const extra = { p95: '–', errors: '–' };

function tiles(list) {
  const all = [...list, ['Latency p95', extra.p95, 'last 2 min'], ['Error rate', extra.errors, 'last 2 min']];
  byId('tiles').replaceChildren(...all.map(([title, value, unit]) => element('div', { class: 'tile' },
    element('dt', {}, title), element('dd', {}, value, ' ', element('small', {}, unit)))));
}

function showFleet(view) {
  table('workers',
    [['Worker'], ['Incarnation'], ['State'], ['Heartbeat', true], ['Slots'], ['Settled', true], ['Adopted', true], ['Host'], ['Pid', true]],
    view.workers.map((w) => [
      w.worker,
      mono(w.incarnation),
      state(w.state === 'healthy' && w.phase === 'draining' ? 'draining' : w.state),
      w.heartbeat_age_ms === null ? '–' : `${number.format(w.heartbeat_age_ms)} ms`,
      w.slots === undefined ? '–' : element('span', {},
        element('meter', { min: 0, max: Math.max(1, w.slots), value: w.running, 'aria-label': `${w.running} of ${w.slots} slots busy` }),
        `${w.running} / ${w.slots}`),
      number.format(w.counters?.settled ?? 0),
      number.format(w.counters?.adopted ?? 0),
      w.host ?? '–',
      w.pid ?? '–',
    ]), 'No worker runs. Start one, or look at the incidents below.');
}

function showQueues(view) {
  table('queues', [['Queue'], ['Pool'], ['Lag', true], ['Claimed/s', true], ['To drain', true], ['Owners', true]],
    view.queues.map((q) => [
      q.paused ? element('span', {}, q.queue, ' ', state('paused')) : q.queue,
      q.pool,
      number.format(q.lag),
      q.claimed_per_second.toFixed(1),
      q.lag === 0 ? '–' : q.seconds_to_drain === null ? 'stands still' : span(q.seconds_to_drain),
      new Set(q.partitions.map((p) => p.owner).filter(Boolean)).size,
    ]), 'There is no queue yet.');
  const select = byId('queue');
  const names = view.queues.map((q) => q.queue);
  if (select.dataset.names !== names.join()) {
    select.dataset.names = names.join();
    const chosen = select.value;
    select.replaceChildren(element('option', { value: '' }, 'any'), ...names.map((name) => element('option', {}, name)));
    select.value = names.includes(chosen) ? chosen : '';
  }
}

function showSchedules(view) {
  table('schedules', [['Schedule'], ['Cron'], ['Zone'], ['Queue'], ['Type'], ['Next'], ['Last'], ['Job']],
    view.schedules.map((s) => [
      s.paused ? element('span', {}, s.name, ' ', state('paused')) : s.name,
      mono(s.cron), s.zone, s.queue, s.type, s.paused ? '–' : ago(s.next_fire_at), ago(s.last_fire_at),
      s.last_job_id ? element('button', { class: 'link', type: 'button', 'data-focus': `schedule-${s.name}`, title: s.last_job_id,
        onclick: () => openJob(s.last_job_id) }, `${s.last_job_id.slice(0, 8)}…`) : '–',
    ]), 'There is no schedule.');
}

let shownIncidents = '';

function showIncidents(view) {
  const key = view.incidents.map((i) => `${i.id}${i.closed_at}`).join();
  if (key === shownIncidents) return; // an opened detail stays open
  shownIncidents = key;
  const items = view.incidents.map((incident) => {
    const steps = ['fence', 'kill', 'evict', 'restart'].filter((step) => `${step}_ms` in incident.detail)
      .map((step) => `${step} ${incident.detail[`${step}_ms`]} ms`).join(' · ');
    const lines = incident.detail.last_log_lines ?? [];
    return element('li', {},
      element('div', {}, element('strong', {}, incident.summary)),
      element('div', { class: 'steps' }, ago(incident.opened_at), ` · ${incident.kind}`, steps ? ` · ${steps}` : '',
        incident.closed_at ? '' : ' · open'),
      ...(lines.length ? [element('details', {}, element('summary', {}, 'Last log lines'), element('pre', { tabindex: 0 }, lines.join('\n')))] : []));
  });
  byId('incidents').replaceChildren(...(items.length ? items : [element('li', { class: 'empty' }, 'Nothing has happened.')]));
}

function showDeadLetters(view) {
  const sum = view.groups.reduce((all, group) => all + group.letters, 0);
  byId('dead-summary').textContent = sum ? `${number.format(sum)} in ${view.groups.length} groups; redrive with: muster dead redrive --group GROUP` : '';
  table('dead', [['Group'], ['Type'], ['Died of'], ['Letters', true], ['Keys', true], ['Queues'], ['First'], ['Last'], ['Latest']],
    view.groups.map((group) => [
      mono(group.group), group.type, group.cause, number.format(group.letters), number.format(group.keys), group.queues.join(', '),
      ago(group.first_at), ago(group.last_at),
      element('button', { class: 'link', type: 'button', 'data-focus': `dead-${group.group}`, title: group.latest, onclick: () => openJob(group.latest) }, `${group.latest.slice(0, 8)}…`),
    ]), 'No job is dead.');
}

function showSupervision(view) {
  table('supervision', [['When'], ['Supervisor'], ['Child'], ['Incarnation'], ['What'], ['Took or lived', true], ['Reason'], ['Process']],
    view.events.map((e) => [
      ago(e.at), mono(e.path), e.child ?? '–', mono(e.incarnation), state(e.kind.replace('_', ' ')),
      e.duration_ms === null ? '–' : span(e.duration_ms / 1000),
      [e.reason, e.detail].filter(Boolean).join(': '), e.origin,
    ]), 'Nothing has been recorded.');
}

function showStats(view) {
  const points = view.seconds.map((s) => {
    const counts = { succeeded: 0, declined: 0, dead: 0, other: 0 };
    for (const [outcome, count] of Object.entries(s.outcomes)) {
      if (outcome in counts) counts[outcome] += count;
      else if (['cancelled', 'expired'].includes(outcome)) counts.other += count;
    }
    return { from: s.from, total: s.finished, counts };
  });
  draw(points);
  const sum = view.two_minutes;
  extra.p95 = sum.finished ? span(sum.p95_seconds) : '–';
  extra.errors = sum.finished ? `${(100 * sum.error_rate).toFixed(2)} %` : '–';
  const peak = Math.max(0, ...points.map((p) => p.total));
  byId('chart-summary').textContent = view.state === 'running'
    ? `${number.format(sum.finished)} in two minutes, at most ${number.format(peak)} in a second`
    : `Statistics: ${view.state}`;
  table('chart-table', [['Second'], ['Succeeded', true], ['Declined', true], ['Dead', true], ['Other', true]],
    points.slice(-30).reverse().map((p) => [new Date(p.from).toLocaleTimeString(), ...OUTCOMES.map((o) => number.format(p.counts[o]))]),
    'Nothing yet.');
}

function draw(points) {
  const width = Math.max(320, byId('chart').clientWidth), height = 176, left = 44, bottom = 20, top = 8;
  const most = Math.max(4, ...points.map((p) => p.total));
  const scale = (height - bottom - top) / most;
  const step = (width - left) / Math.max(1, points.length);
  const svg = shape('svg', { viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' });
  for (const part of [0, .5, 1]) {
    const y = height - bottom - part * most * scale;
    svg.append(shape('line', { class: 'grid', x1: left, x2: width, y1: y, y2: y }));
    svg.append(shape('text', { x: left - 8, y: y + 4, 'text-anchor': 'end' }, number.format(Math.round(part * most))));
  }
  points.forEach((point, i) => {
    let y = height - bottom;
    for (const outcome of OUTCOMES) {
      const h = point.counts[outcome] * scale;
      if (h > 0) {
        y -= h;
        svg.append(shape('rect', { class: outcome, x: left + i * step, y, width: Math.max(1, step - 1.2), height: h }));
      }
    }
  });
  for (const [i, text] of [[0, '2 min ago'], [points.length / 2, '1 min'], [points.length - 40 / step, 'now']]) {
    svg.append(shape('text', { x: left + i * step, y: height - 4 }, text));
  }
  byId('chart').replaceChildren(svg);
}

function showJobs(view) {
  table('jobs', [['Job'], ['Queue'], ['Type'], ['Key'], ['State'], ['Run', true], ['Recoveries', true], ['Worker'], ['Submitted'], ['Reason']],
    view.jobs.map((job) => [
      element('button', { class: 'link', type: 'button', 'data-focus': job.id, title: job.id, onclick: () => openJob(job.id) }, `${job.id.slice(0, 8)}…`),
      job.queue, job.type, job.key ?? '–', state(job.state), number.format(job.attempt), number.format(job.recoveries),
      mono(job.incarnation), ago(job.submitted_at), job.reason ?? '',
    ]), 'No job matches.');
}

async function openJob(id) {
  const job = await ask(`/api/v1/jobs/${encodeURIComponent(id)}`);
  byId('job-title').textContent = `Job ${job.id}`;
  const facts = { Queue: job.queue, Type: job.type, Key: job.key, State: job.state, Worker: job.incarnation,
    'Position': job.offset < 0 ? `partition ${job.partition}, no record` : `partition ${job.partition}, offset ${job.offset}`, Submitted: job.submitted_at, Started: job.started_at,
    Settled: job.settled_at, Due: job.due_at,
    Quarantine: job.suspected && `${job.suspected.standing}: in flight when ${job.suspected.workers.join(', ')} ended, the last with ${job.suspected.ending}`,
    Reason: job.reason, Detail: job.detail, Result: job.result };
  byId('job-facts').replaceChildren(...Object.entries(facts).filter(([, value]) => value)
    .flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
  table('job-runs', [['Run', true], ['Worker'], ['Outcome'], ['Ended'], ['Reason'], ['Detail']],
    job.attempts.map((a) => [number.format(a.number), mono(a.incarnation), state(a.outcome), ago(a.ended_at), a.reason ?? '', a.detail ?? '']),
    'No earlier run.');
  byId('job').showModal();
}

// ---- the loop ----

async function ask(path) {
  const response = await fetch(path, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(4000) });
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail ?? `HTTP ${response.status}`);
  return response.json();
}

const SECTIONS = [
  ['/api/v1/stats', showStats],
  ['/api/v1/overview', showOverview],
  ['/api/v1/fleet', showFleet],
  ['/api/v1/queues', showQueues],
  ['/api/v1/schedules', showSchedules],
  ['/api/v1/incidents?limit=20', showIncidents],
  ['/api/v1/dead-letters/groups', showDeadLetters],
  ['/api/v1/supervision?limit=20', showSupervision],
  [() => `/api/v1/jobs?limit=15&state=${encodeURIComponent(byId('state').value)}&queue=${encodeURIComponent(byId('queue').value)}`, showJobs],
];

let lastGood = Date.now();

async function round() {
  const results = await Promise.allSettled(SECTIONS.map(async ([path, show]) =>
    show(await ask(typeof path === 'function' ? path() : path))));
  const failed = results.filter((r) => r.status === 'rejected');
  if (!failed.length) lastGood = Date.now();
  const text = failed.length ? `Stale for ${span((Date.now() - lastGood) / 1000)}: ${failed[0].reason.message}` : 'Live';
  if (byId('link').textContent !== text) byId('link').textContent = text;
}

async function loop() {
  if (!document.hidden) await round();
  setTimeout(loop, 1000);
}

byId('legend').replaceChildren(...OUTCOMES.map((o) => element('li', {}, element('i', { class: o }), o)));
byId('filter').addEventListener('change', round);
byId('filter').addEventListener('submit', (event) => event.preventDefault());
document.addEventListener('visibilitychange', () => { if (!document.hidden) round(); });
loop();
