// Of a stream with partitions: what this service has of it, in sum and one by one.
import {$, make, setText, showRows} from "/dom.js";
import {number} from "/model.js";

const SERVED = {signer: "signers", verifier: "verifiers", run: "verifiers"};
const shown = new Map();

function makeTable(key) {
  const t = {title: make("h3"), tiles: make("dl", {class: "tiles"}), body: make("tbody"), hindered: make("ul", {class: "hindered"}), where: make("p", {class: "quiet"}), values: {}};
  const id = `parts-${shown.size}`;
  t.title.id = id;
  const head = [["No."], ["State"], ["Done a second", "num"], ["Unread", "num"], ["Pending", "num"], ["Dead letters", "num"], ["In hand", "num"],
    ["Owner"], ["Server"]];
  t.table = make("table", {class: "parts", "aria-labelledby": id},
    make("thead", {}, make("tr", {}, ...head.map(([text, kind]) => make("th", {scope: "col", class: kind || ""}, text)))), t.body);
  t.root = make("div", {class: "group"}, t.title, t.tiles, t.hindered, t.where,
    make("div", {class: "scroll tall", role: "group", "aria-labelledby": id, tabindex: "0"}, t.table));
  shown.set(key, t);
  $("parts").append(t.root);
  return t;
}

function tile(t, title, value, note = "") {
  if (!t.values[title]) {
    t.values[title] = {value: make("span"), note: make("small")};
    t.tiles.append(make("div", {}, make("dt", {}, title), make("dd", {}, t.values[title].value, t.values[title].note)));
  }
  setText(t.values[title].value, value);
  setText(t.values[title].note, note);
}

// The sum of what is known; null where nothing is, or one that counts is not.
function sum(rows, of) {
  const values = rows.map(of);
  return values.some((v) => v === null) ? null : values.reduce((a, b) => a + b, 0);
}

const LISTED = 8;

function showHindered(t, rows) {
  const lines = rows.slice(0, LISTED).map((r) => `Partition ${r.number}: ${r.why}`);
  if (rows.length > LISTED) lines.push(`… and ${rows.length - LISTED} more.`);
  t.hindered.hidden = lines.length === 0;
  while (t.hindered.children.length > lines.length) t.hindered.lastChild.remove();
  while (t.hindered.children.length < lines.length) t.hindered.append(make("li"));
  lines.forEach((line, i) => setText(t.hindered.children[i], line));
}

function showSum(t, group, rate) {
  const here = group.rows.filter((r) => r.here);
  const whole = here.length < group.rows.length;
  const hindered = group.rows.filter((r) => r.why);
  const both = (title, of) => tile(t, title, number(sum(here, of)), whole ? `of ${number(sum(group.rows, of))} in all` : "");
  tile(t, "Partitions here", `${here.length} of ${group.rows.length}`);
  tile(t, "Done a second", number(rate), `${number(sum(group.rows, (r) => r.done))} since the start`);
  tile(t, "In hand", number(sum(here, (r) => r.inHand)));
  both("Unread", (r) => r.lag);
  both("Pending", (r) => r.pending);
  both("Dead letters", (r) => r.dead);
  tile(t, "Hindered", hindered.length ? number(hindered.length) : "none");
  t.values.Hindered.value.className = hindered.length ? "no" : "";
  showHindered(t, hindered);
}

function row(group, r, rate, servers) {
  const owner = r.here ? (group.several ? r.address : "this process") : r.owner || "nobody yet";
  return {key: String(r.number), kind: r.why ? "hindered" : r.here ? "" : "elsewhere", cells: [
    {text: String(r.number)},
    {text: r.state, title: r.why},
    {text: r.done || r.here ? number(rate) : "–", num: true},
    {text: number(r.lag), num: true},
    {text: number(r.pending), num: true},
    {text: number(r.dead), num: true},
    {text: r.here ? number(r.inHand) : "–", num: true},
    {text: owner, title: owner},
    {text: servers.length > 1 ? r.server : "", code: true, title: r.server},
  ]};
}

function showGroup(key, group, model) {
  const t = shown.get(key) || makeTable(key);
  const servers = [...new Set(group.rows.map((r) => r.server).filter(Boolean))];
  const rate = (of) => model.rate((l) => (l.partitions[key] ? of(l.partitions[key].rows) : null));
  setText(t.title, group.stream ? `Process of ${group.stream}` : `By the ${SERVED[group.role] || group.role}`);
  setText(t.where, servers.length > 1 ? `On ${servers.length} servers.` : servers.length ? `On ${servers[0]}` : "");
  t.table.classList.toggle("one-server", servers.length < 2);
  showSum(t, group, rate((rows) => rows.reduce((a, r) => a + r.done, 0)));
  const first = [...group.rows].sort((a, b) => !a.why - !b.why || a.number - b.number);
  showRows(t.body, first.map((r) => row(group, r, rate((rows) => rows[r.number].done), servers)));
}

export function showPartitions(now, model) {
  const groups = Object.entries(now.partitions);
  $("partitions").hidden = groups.length === 0;
  for (const [key, t] of shown) {
    if (now.partitions[key]) continue;
    t.root.remove();
    shown.delete(key);
  }
  for (const [key, group] of groups) showGroup(key, group, model);
}
