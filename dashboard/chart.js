// A line chart as SVG: some points, a grid of three lines, the newest at the right.
const NS = "http://www.w3.org/2000/svg";
const H = 144, LEFT = 50, BOTTOM = 18, TOP = 8, LONGEST_S = 300, SHORTEST_S = 60;

function element(name, attributes, text) {
  const e = document.createElementNS(NS, name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (text !== undefined) e.textContent = text;
  return e;
}

// The smallest of 1, 2, 5 × 10^n that is not below value.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  for (const f of [1, 2, 5, 10]) if (f * power >= value) return f * power;
  return 10 * power;
}

// svg: where; points: [{t, …}]; curves: [{of, kind}]; words: what a screen reader hears; show: a value as text.
export function drawChart(svg, points, curves, words, show) {
  const W = Math.max(200, svg.clientWidth);
  const end = points.length ? points[points.length - 1].t : 0;
  const seconds = Math.min(LONGEST_S, Math.max(SHORTEST_S, points.length ? end - points[0].t : 0));
  const values = points.flatMap((p) => curves.map((c) => c.of(p))).filter((v) => v !== null);
  const top = roundUp(Math.max(...values, 0.001));
  const x = (t) => LEFT + (W - LEFT - 4) * (1 - (end - t) / seconds);
  const y = (v) => TOP + (H - TOP - BOTTOM) * (1 - v / top);
  svg.setAttribute("viewBox", `0 0 ${W} ${H}`);
  svg.setAttribute("aria-label", words);
  const parts = [];
  for (const f of [0, 0.5, 1]) {
    parts.push(element("line", {class: "grid", x1: LEFT, x2: W - 4, y1: y(f * top), y2: y(f * top)}));
    parts.push(element("text", {x: LEFT - 6, y: y(f * top) + 4, "text-anchor": "end"}, show(f * top)));
  }
  parts.push(element("text", {x: LEFT, y: H - 3}, seconds < 120 ? `${Math.round(seconds)} s ago` : `${Math.round(seconds / 60)} min ago`));
  parts.push(element("text", {x: W - 4, y: H - 3, "text-anchor": "end"}, "now"));
  for (const curve of curves) {
    let d = "", pen = false;
    for (const p of points) {
      const v = curve.of(p);
      if (v !== null) d += `${pen ? "L" : "M"}${x(p.t).toFixed(1)} ${y(v).toFixed(1)}`;
      pen = v !== null;
    }
    parts.push(element("path", {class: `curve ${curve.kind || ""}`, d}));
  }
  svg.replaceChildren(...parts);
}
