// What the documents of /api/events say, made into numbers to show. No DOM here.

// live_histogram.h: bucket i holds what is below bound(i), in nanoseconds.
function bound(i) {
  return (4 + (i % 4)) * 2 ** (Math.floor(i / 4) + 8);
}

function percentile(buckets, percent) {
  let count = 0;
  for (const n of buckets.values()) count += n;
  if (!count) return null;
  let below = 0;
  for (const i of [...buckets.keys()].sort((a, b) => a - b)) {
    const here = buckets.get(i);
    if (below + here >= count * percent / 100) {
      const lower = i ? bound(i - 1) : 0;
      return lower + (bound(i) - lower) * Math.max(0, (count * percent / 100 - below) / here);
    }
    below += here;
  }
  return null;
}

function addBuckets(into, rows, sign) {
  for (const [i, n] of rows || []) into.set(i, (into.get(i) || 0) + sign * n);
}

const sum = (list, of) => list.reduce((total, p) => total + (of(p) || 0), 0);

// One row a partition and role: who of these processes has it, and what they have done of it.
function merge(into, part, p) {
  const known = (v) => (v === undefined ? null : v);
  const old = into || {number: part.number, here: false, done: 0, inHand: 0, why: ""};
  const mine = part.here && !p.gone;
  return {...old, ...(mine || !into ? {address: p.address, state: part.state, server: part.server || ""} : {}),
    here: old.here || mine, owner: part.owner || old.owner || "",
    why: old.why || (p.gone ? "" : part.why || ""),
    done: old.done + part.done, inHand: old.inHand + (mine ? part.in_hand : 0),
    lag: known(part.lag), pending: known(part.pending), dead: known(part.dead)};
}

function partitions(all) {
  const groups = {};
  for (const p of all.filter((one) => one.parts)) {
    const stream = p.entries ? p.entries.in : "";
    const group = groups[`${p.role} ${stream}`] ||= {role: p.role, stream, several: false, processes: 0, rows: []};
    group.several = ++group.processes > 1;
    for (const part of p.parts) group.rows[part.number] = merge(group.rows[part.number], part, p);
  }
  return groups;
}

// One look at all processes together: counters that rise, and what stands now.
function look(document) {
  const all = document.processes;
  const here = all.filter((p) => !p.gone);
  const verifiers = all.filter((p) => p.verifier);
  const signers = all.filter((p) => p.signer);
  const processors = all.filter((p) => p.entries);
  const streams = (here.find((p) => p.streams && p.streams.messages !== null) || {}).streams || null;
  const age = new Map();
  for (const p of verifiers) addBuckets(age, p.verifier.age, 1);
  const calls = {};
  for (const p of verifiers) for (const s of p.verifier.slots) {
    const map = calls[`${p.id} ${s.slot}`] = new Map();
    addBuckets(map, s.call, 1);
  }
  return {
    t: document.now_us / 1e6, all, here, verifiers, signers, processors, streams, age, calls,
    // What has slots: verifiers, and processes of entries.
    workers: [...verifiers.map((p) => ({p, work: p.verifier})), ...processors.map((p) => ({p, work: p.entries}))],
    // Whether there is something of the pipeline of messages to show.
    pipeline: verifiers.length + signers.length > 0 || processors.length === 0,
    entries: Object.fromEntries(processors.map((p) => [p.id, p.entries])),
    done: sum(processors, (p) => p.entries.done),
    partitions: partitions(all),
    generator: all.find((p) => p.generator),
    added: streams ? streams.added : null,
    sent: sum(signers, (p) => p.signer.sent),
    valid: sum(verifiers, (p) => p.verifier.valid),
    notValid: sum(verifiers, (p) => p.verifier.not_valid),
    errors: sum(verifiers, (p) => p.verifier.errors),
    cpu: Object.fromEntries(all.map((p) => [p.id, p.cpu_s])),
  };
}

// Verdicts, where there are verifiers; else entries.
export function worked(l) {
  return l.pipeline ? l.valid + l.notValid + l.errors : l.done;
}

const KEEP = 300; // looks: five minutes
const WINDOW_S = 5;

export class Model {
  constructor() {
    this.looks = [];
    this.points = [];
  }

  take(document) {
    const now = look(document);
    const last = this.looks[this.looks.length - 1];
    if (last && now.t <= last.t) return this.now;
    this.looks.push(now);
    if (this.looks.length > KEEP) this.looks.shift();
    this.now = now;
    const judged = this.rate(worked, 2);
    const ages = this.within((l) => l.age);
    this.points.push({t: now.t, rate: judged, p50: percentile(ages, 50), p99: percentile(ages, 99)});
    if (this.points.length > KEEP) this.points.shift();
    return now;
  }

  before(seconds) {
    const now = this.now;
    return this.looks.find((l) => l.t >= now.t - seconds - 0.5) || now;
  }

  // What a counter rises by in a second, over the last seconds; null while it is not known.
  rate(of, seconds = WINDOW_S) {
    const then = this.before(seconds);
    const dt = this.now.t - then.t;
    const a = of(then), b = of(this.now);
    if (dt <= 0 || a === null || b === null || a === undefined || b === undefined || b < a) return null;
    return (b - a) / dt;
  }

  // Buckets of what came in the last seconds; of all, when nothing did.
  within(of, seconds = 10) {
    const map = new Map(of(this.now) || []);
    const then = of(this.before(seconds));
    if (!then || then === of(this.now)) return map;
    let count = 0;
    for (const [i, n] of then) map.set(i, (map.get(i) || 0) - n);
    for (const n of map.values()) {
      if (n < 0) return new Map(of(this.now));
      count += n;
    }
    return count ? map : new Map(of(this.now));
  }

  percentiles(of) {
    const map = this.within(of);
    return {p50: percentile(map, 50), p90: percentile(map, 90), p99: percentile(map, 99)};
  }
}

// ---- words ------------------------------------------------------------------------------------

export function number(value) {
  if (value === null || value === undefined) return "–";
  if (value < 10 && value % 1) return value.toFixed(1);
  return Math.round(value).toLocaleString("en-GB").replaceAll(",", "\u202f");
}

export function duration(ns) {
  if (ns === null || ns === undefined) return "–";
  if (ns < 1e6) return `${(ns / 1e3).toPrecision(3)} µs`;
  if (ns < 1e9) return `${(ns / 1e6).toPrecision(3)} ms`;
  return `${(ns / 1e9).toPrecision(3)} s`;
}

export function bytes(value) {
  if (value === null || value === undefined) return "–";
  const units = ["B", "KiB", "MiB", "GiB"];
  let u = 0;
  while (value >= 1024 && u < units.length - 1) value /= 1024, u++;
  return `${value < 10 && u ? value.toFixed(1) : Math.round(value)} ${units[u]}`;
}

export function upTime(ms) {
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
}
