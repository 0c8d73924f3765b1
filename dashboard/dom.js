// What all parts of the page make and change it with. Text is only ever set as text.
export const $ = (id) => document.getElementById(id);

export function make(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) {
    if (k === "class") e.className = v;
    else e.setAttribute(k, v);
  }
  e.append(...children.filter((c) => c !== null && c !== undefined));
  return e;
}

// Sets text only when it differs, so that a selection stays, and screen readers hear changes only.
export function setText(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

// Rows by their key; kind is a class of the row, each cell a text, with why, title, num and code by choice.
export function showRows(body, rows) {
  const old = new Map([...body.children].map((tr) => [tr.dataset.key, tr]));
  rows.forEach(({key, cells, kind = ""}, at) => {
    let tr = old.get(key);
    old.delete(key);
    if (!tr) {
      tr = make("tr", {"data-key": key}, ...cells.map((c, i) => make(i ? "td" : "th",
        i ? {class: c.num ? "num" : ""} : {scope: "row"}, c.code ? make("code") : make("span"),
        make("span", {class: "why"}))));
    }
    tr.className = kind;
    if (body.children[at] !== tr) body.insertBefore(tr, body.children[at] || null);
    cells.forEach((c, i) => {
      setText(tr.children[i].children[0], c.text);
      setText(tr.children[i].children[1], c.why || "");
      if (c.title) tr.children[i].title = c.title;
    });
  });
  for (const tr of old.values()) tr.remove();
}
