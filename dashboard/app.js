// The page: takes a document a second from /api/events and shows it. Text is only ever set as text.
import {Model, bytes, duration, number, upTime, worked} from "/model.js";
import {drawChart} from "/chart.js";
import {$, make, setText, showRows} from "/dom.js";
import {showPartitions} from "/partitions.js";

const model = new Model();

// ---- the picture --------------------------------------------------------------------------------

// Nodes and arrows are made once; after that their texts change.
const NODES = [
  {key: "generator", title: "Producers"},
  {key: "stream", title: "Redis: messages"},
  {key: "signer", title: "Signer"},
  {key: "ring", title: "Ring"},
  {key: "verifier", title: "Verifier"},
  {key: "verdicts", title: "Redis: verdicts"},
];
const parts = {};

function makeArrow() {
  const arrow = {rate: make("span", {class: "rate"}), unit: make("small", {}, "a second")};
  arrow.root = make("li", {class: "arrow"}, arrow.rate,
    make("span", {class: "line", "aria-hidden": "true"}, make("i")), arrow.unit);
  return arrow;
}

function makeNode(title) {
  const n = {title: make("b", {}, title), queue: make("span", {class: "queue"}), note: make("small"), more: make("small")};
  n.root = make("li", {class: "node"}, n.title, n.queue, n.note, n.more);
  return n;
}

function buildFlow() {
  NODES.forEach((node, i) => {
    if (i > 0) $("flow").append((parts[`to-${node.key}`] = makeArrow()).root);
    const n = parts[node.key] = makeNode(node.title);
    if (node.key === "ring") {
      n.meter = make("meter", {min: 0, max: 1, "aria-label": "how full the ring is"});
      n.root.append(n.meter);
    }
    $("flow").append(n.root);
  });
}

function fillNode(n, queue, note, gone = false) {
  setText(n.queue, queue);
  setText(n.note, note);
  n.root.classList.toggle("gone", gone);
}

function fillArrow(arrow, rate) {
  setText(arrow.rate, number(rate));
  arrow.root.classList.toggle("moves", rate > 0);
}

const showNode = (key, ...texts) => fillNode(parts[key], ...texts);
const showArrow = (key, rate) => fillArrow(parts[`to-${key}`], rate);

const isGone = (list) => list.length > 0 && list.every((p) => p.gone);

function showFlow(now) {
  $("flow").hidden = !now.pipeline;
  if (!now.pipeline) return;
  const s = now.streams || {};
  const g = now.generator && now.generator.generator;
  const ring = now.verifiers[0] ? now.verifiers[0].verifier : {ring_used: null, ring_capacity: null};
  const inFlight = now.signers.reduce((t, p) => t + p.signer.in_flight, 0);
  const unstored = now.verifiers.reduce((t, p) => t + p.verifier.unstored, 0);
  const workers = now.verifiers.reduce((t, p) => t + p.verifier.workers, 0);
  showNode("generator", g ? number(g.sent) : "–",
    g ? (g.wanted ? `of ${number(g.wanted)} added` : "added") : "not of these processes");
  showNode("stream", number(s.messages ?? null),
    now.streams ? `waiting; ${number(s.lag)} unread, ${number(s.pending)} pending` : "not known",
    !now.here.some((p) => p.redis_up));
  showNode("signer", now.signers.length ? number(inFlight) : "–",
    now.signers.length ? "sent and not taken" : "not among these", isGone(now.signers));
  const overRedis = ring.ring_capacity === 0; // a verifier without a ring takes signed messages from a stream
  setText(parts.ring.title, overRedis ? "Redis: signed" : "Ring");
  if (overRedis) showNode("ring", now.signers.length ? number(inFlight) : "–", "signed and not taken");
  else showNode("ring", ring.ring_capacity ? bytes(ring.ring_used) : "–",
    ring.ring_capacity ? `of ${bytes(ring.ring_capacity)}` : "not known");
  parts.ring.meter.hidden = overRedis;
  parts.ring.meter.value = ring.ring_capacity ? ring.ring_used / ring.ring_capacity : 0;
  showNode("verifier", now.verifiers.length ? number(unstored) : "–",
    now.verifiers.length ? `unstored; ${workers} worker${workers === 1 ? "" : "s"}` : "not among these",
    isGone(now.verifiers));
  showNode("verdicts", number(s.verdicts ?? null), `stored; ${number(s.dead ?? null)} given up`);
  const judged = model.rate((l) => l.valid + l.notValid + l.errors);
  showArrow("stream", model.rate((l) => (l.added ?? (l.generator ? l.generator.generator.sent : null))));
  showArrow("signer", now.signers.length ? model.rate((l) => l.sent) : null);
  showArrow("ring", now.signers.length ? model.rate((l) => l.sent) : null);
  showArrow("verifier", judged);
  showArrow("verdicts", judged);
}

// ---- the picture of a process of entries: stream → process → outputs, and errors --------------------

const flows = new Map();

const WORDS = {
  standby: "stands by: another process reads the stream", recovering: "in hand, of what was pending",
  reading: "in hand", lagging: "in hand; waits for the readers of the outputs", ended: "has ended",
};

function makeEntryFlow() {
  const f = {in: makeNode(""), work: makeNode(""), out: makeNode(""), dead: makeNode(""),
    toWork: makeArrow(), toOut: makeArrow(), toDead: makeArrow()};
  f.root = make("ol", {class: "flow"}, f.in.root, f.toWork.root, f.work.root,
    make("li", {class: "fork"},
      make("ol", {class: "flow"}, f.toOut.root, f.out.root),
      make("ol", {class: "flow"}, f.toDead.root, f.dead.root)));
  return f;
}

function showEntryFlow(f, p, several) {
  const e = p.entries, s = p.streams || {}, slot = e.slots[0];
  const rate = (of) => model.rate((l) => (l.entries[p.id] ? of(l.entries[p.id]) : null));
  const standby = e.state === "standby";
  const part = e.partitions > 1 ? `, ${e.partitions} partitions` : "";
  setText(f.in.title, `Redis: ${e.in}${part}`);
  fillNode(f.in, number(s.lag ?? s.messages ?? null),
    p.streams ? `${s.lag === null ? "in the stream" : "unread"}; ${number(s.pending)} given out, not stored` : "not known", !p.gone && !p.redis_up);
  setText(f.work.title, several ? `Process at ${p.address}` : "Process");
  fillNode(f.work, p.gone ? "–" : standby ? "standby" : number(e.in_hand),
    (p.gone ? "is gone" : WORDS[e.state] || e.state) + (e.partitions > 1 ? `; has ${e.owned} of ${e.partitions} partitions` : ""), !!p.gone);
  f.work.root.classList.toggle("idle", standby && !p.gone);
  setText(f.work.more, slot ? `${slot.module} ${slot.version} · ${slot.engine}, generation ${slot.generation}` : "");
  setText(f.out.title, `Redis: ${e.out}`);
  fillNode(f.out, number(s.verdicts ?? null), e.lag ? `stored; the slowest reader is ${number(e.lag)} behind` : "stored");
  setText(f.dead.title, `Errors: ${e.errors_to}`);
  fillNode(f.dead, number(s.dead ?? null), e.last_error ? `letters; last: ${e.last_error}` : "letters");
  fillArrow(f.toWork, rate((l) => l.done));
  fillArrow(f.toOut, rate((l) => l.outputs));
  fillArrow(f.toDead, rate((l) => l.errors));
}

function showEntryFlows(now) {
  const old = new Set(flows.keys());
  for (const p of now.processors) {
    old.delete(p.id);
    if (!flows.has(p.id)) {
      flows.set(p.id, makeEntryFlow());
      $("entries").append(flows.get(p.id).root);
    }
    showEntryFlow(flows.get(p.id), p, now.processors.length > 1);
  }
  for (const id of old) {
    flows.get(id).root.remove();
    flows.delete(id);
  }
}

// ---- numbers --------------------------------------------------------------------------------------

const tiles = {};

function showTile(key, title, value, note = "") {
  if (!tiles[key]) {
    tiles[key] = {value: make("span"), note: make("small")};
    $("tiles").append(make("div", {}, make("dt", {}, title), make("dd", {"data-tile": key}, tiles[key].value, tiles[key].note)));
  }
  setText(tiles[key].value, value);
  setText(tiles[key].note, note);
}

function showVerdictTiles(now) {
  const age = model.percentiles((l) => l.age);
  const failed = now.verifiers.find((p) => p.verifier.errors > 0);
  showTile("rate", "Verdicts a second", number(model.rate(worked)));
  showTile("valid", "Valid", number(now.valid));
  showTile("notvalid", "Not valid", number(now.notValid));
  showTile("errors", "Error", number(now.errors), failed ? `last: ${failed.verifier.last_error}` : "");
  const queued = now.streams && now.streams.lag > 1000;
  showTile("p50", "XADD to verdict, median", duration(age.p50), queued ? "mostly waiting in the stream" : "");
  showTile("p90", "90 %", duration(age.p90));
  showTile("p99", "99 %", duration(age.p99));
}

function showEntryTiles(now) {
  const total = (of) => now.processors.reduce((t, p) => t + (of(p.entries) || 0), 0);
  const failed = now.processors.find((p) => p.entries.errors > 0);
  showTile("done-rate", "Entries a second", number(model.rate((l) => l.done)));
  showTile("outputs", "Outputs", number(total((e) => e.outputs)));
  showTile("letters", "To the errors", number(total((e) => e.errors)), failed ? `last: ${failed.entries.last_error}` : "");
  showTile("recovered", "Pending before, done again", number(total((e) => e.recovered)), `${number(total((e) => e.adopted))} of processes that died`);
  showTile("behind", "Readers behind", number(Math.max(...now.processors.map((p) => p.entries.lag))));
}

function showTiles(now) {
  if (now.pipeline) showVerdictTiles(now);
  if (now.processors.length) showEntryTiles(now);
  const what = now.pipeline ? "Verdicts" : "Entries";
  setText($("h-verdicts"), now.pipeline ? "Verdicts and times" : "Entries");
  setText($("cap-rate"), `${what} a second, the last minutes`);
  $("fig-age").hidden = !now.pipeline;
  const last = model.points[model.points.length - 1];
  drawChart($("chart-rate"), model.points, [{of: (p) => p.rate}],
    `${what} a second: now ${number(last.rate)}`, number);
  if (!now.pipeline) return;
  const ms = (v) => (v === null ? null : v / 1e6);
  drawChart($("chart-age"), model.points,
    [{of: (p) => ms(p.p50)}, {of: (p) => ms(p.p99), kind: "second"}],
    `From XADD to verdict: median ${duration(last.p50)}, 99 % within ${duration(last.p99)}`, number);
}

// ---- tables ---------------------------------------------------------------------------------------

function showSlots(now) {
  setText($("h-slots"), now.pipeline ? "What judges" : "What is called");
  setText($("th-done"), now.pipeline ? "Verdicts" : "Entries");
  showRows($("slots"), now.workers.flatMap(({p, work}) => work.slots.map((s) => {
    const call = p.verifier ? model.percentiles((l) => l.calls[`${p.id} ${s.slot}`]) : {p50: null, p99: null};
    return {key: `${p.id} ${s.slot}`, cells: [
      {text: now.workers.length > 1 ? `${s.slot} (${p.address})` : s.slot},
      {text: `${s.module} ${s.version}`, title: s.path},
      {text: `${s.engine} · ${s.flavour}`},
      {text: number(s.generation), num: true},
      {text: s.digest.slice(0, 16), title: s.digest, code: true},
      {text: number(p.verifier ? s.valid + s.not_valid + s.errors : work.done), num: true},
      {text: duration(call.p50), num: true},
      {text: duration(call.p99), num: true},
    ]};
  })));
}

function showProcesses(now) {
  showRows($("processes"), now.all.map((p) => {
    const cpu = model.rate((l) => l.cpu[p.id]);
    return {key: p.id, cells: [
      {text: p.role ? `${p.role} ${p.version}, pid ${p.pid}` : "process"},
      {text: p.gone ? "gone" : p.draining ? "ending" : !p.serving ? "not serving"
        : p.entries && p.entries.state === "standby" ? "standing by" : "serving",
        why: p.gone || (p.serving ? "" : p.reason)},
      {text: p.address, code: true},
      {text: p.uptime_ms === undefined ? "–" : upTime(p.uptime_ms), num: true},
      {text: cpu === null || p.gone ? "–" : `${Math.round(cpu * 100)} %`, num: true},
      {text: bytes(p.resident_bytes), num: true},
    ]};
  }));
}

let swapsShown = "";

function showSwaps(now) {
  const events = now.workers.flatMap(({p, work}) => work.swaps.map((e) => ({...e, id: p.id})))
    .sort((a, b) => b.at_us - a.at_us);
  const key = events.map((e) => `${e.id}:${e.number}`).join(" ");
  if (key === swapsShown && $("swaps").children.length) return;
  swapsShown = key;
  $("swaps").replaceChildren(...events.map((e) => {
    const at = new Date(e.at_us / 1000);
    const did = {swap: "swapped", rollback: "rolled back", check: "checked"}[e.action];
    return make("li", {class: e.ok ? "done" : "refused"},
      make("time", {datetime: at.toISOString()}, at.toLocaleTimeString("en-GB")), ` ${e.slot} `,
      e.ok ? make("b", {class: "ok"}, `✓ ${did}`)
        : make("b", {class: "no"}, `✗ ${e.action} refused at ${e.stage} [${e.status}]`),
      e.ok && e.generation ? `, generation ${e.generation}` : "",
      e.ok && e.action !== "rollback"
        ? `, loaded in ${duration(e.load_us * 1e3)}, ${e.self_tests} vectors in ${duration(e.self_test_us * 1e3)}` : "",
      e.path ? make("div", {}, make("code", {}, e.path)) : null,
      e.text ? make("div", {class: "no"}, e.text) : null);
  }));
  if (!events.length) $("swaps").append(make("li", {class: "quiet"}, "Nothing yet."));
}

// ---- health ---------------------------------------------------------------------------------------

function showHealth(now) {
  const gone = now.all.filter((p) => p.gone);
  const bad = now.here.filter((p) => !p.serving);
  const pill = $("health");
  pill.className = `pill ${gone.length || bad.length ? "bad" : "good"}`;
  setText(pill, gone.length ? `${gone.length} gone` : bad.length ? "not serving" : "serving");
  setText($("since"), `${now.all.length} process${now.all.length === 1 ? "" : "es"}`);
  banner([...gone.map((p) => `${p.role || "The process"} at ${p.address} is gone: ${p.gone}.`),
    ...bad.map((p) => `${p.role} is not serving: ${p.reason}.`)].join(" "));
}

function banner(text) {
  $("banner").hidden = !text;
  setText($("banner"), text);
}

// ---- controls --------------------------------------------------------------------------------------

function showChoices(now) {
  const options = now.workers.flatMap(({p, work}) => work.slots.map((s) => ({
    value: JSON.stringify({process: p.id, slot: s.slot}),
    text: now.workers.length > 1 ? `${s.slot}, ${p.address}` : s.slot,
    path: s.path,
  })));
  const select = $("slot");
  const same = options.length === select.options.length && options.every((o, i) => select.options[i].value === o.value);
  if (same) return;
  const chosen = select.value;
  select.replaceChildren(...options.map((o) => make("option", {value: o.value}, o.text)));
  if (options.some((o) => o.value === chosen)) select.value = chosen;
}

function outcome(good, text) {
  $("outcome").className = `outcome ${good ? "good" : "bad"}`;
  setText($("outcome"), text);
}

async function readAnswer(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return {ok: response.ok, text: text.trim()};
  }
}

function tell(action, answer) {
  if (!answer.ok) {
    const where = answer.stage ? ` at ${answer.stage} [${answer.status}]` : "";
    outcome(false, `Refused${where}: ${answer.text || "it did not say why"}`);
  } else if (action === "check") {
    outcome(true, `It would be taken: ${answer.self_tests} vectors answered. Versions are compared when it is swapped.`);
  } else {
    outcome(true, `Done: generation ${answer.generation} is called from now on.`);
  }
}

async function act(action) {
  const buttons = document.querySelectorAll("#control button");
  if (!$("slot").value) return outcome(false, "There is no slot to act on yet.");
  if (action !== "rollback" && !$("path").value.trim()) {
    $("path").focus();
    return outcome(false, "Say which bundle: a path that begins with a slash.");
  }
  if (!$("token").value.trim()) {
    $("token").focus();
    return outcome(false, "Give the token: it is in the file that --http-token names, or that swapc run has printed.");
  }
  buttons.forEach((b) => { b.disabled = true; });
  outcome(true, "Working …");
  try {
    const response = await fetch(`/api/${action}`, {
      method: "POST",
      headers: {"Content-Type": "application/json", Authorization: `Bearer ${$("token").value.trim()}`},
      body: JSON.stringify({...JSON.parse($("slot").value), path: $("path").value.trim(), page: true}),
    });
    tell(action, await readAnswer(response));
  } catch {
    outcome(false, "The process did not answer: it may be gone.");
  } finally {
    buttons.forEach((b) => { b.disabled = false; });
  }
}

$("control").addEventListener("submit", (event) => {
  event.preventDefault();
  act("swap");
});
for (const b of document.querySelectorAll("#control button[type=button]"))
  b.addEventListener("click", () => act(b.dataset.action));

// ---- life -------------------------------------------------------------------------------------------

function show(text) {
  const now = model.take(JSON.parse(text));
  for (const part of [showFlow, showEntryFlows, (n) => showPartitions(n, model), showTiles, showSlots, showProcesses, showSwaps, showChoices, showHealth]) part(now);
}

let silentSince = null, lastHeard = Date.now();

function connect() {
  const source = new EventSource("/api/events");
  source.onmessage = (event) => {
    silentSince = null;
    lastHeard = Date.now();
    show(event.data);
  };
  // It comes back by itself; after a refusal (another kind of answer) the browser would not try again.
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return;
    source.close();
    setTimeout(connect, 2000);
  };
}

setInterval(() => {
  if (Date.now() - lastHeard < 4000) return;
  silentSince = silentSince || new Date(lastHeard);
  $("health").className = "pill bad";
  setText($("health"), "no answer");
  banner(`Nothing was heard of this process since ${silentSince.toLocaleTimeString("en-GB")}: it has ended, or hangs. This page tries again by itself.`);
}, 1000);

buildFlow();
connect();
