"use strict";
/* What all parts of the page share. Every text is put in as text, never as markup. */
const Trial = (() => {
  const data = { details: {}, changes: {}, plots: {}, queries: [], ...JSON.parse(document.getElementById("data").textContent) };
  const say = (text, values = {}) =>
    (data.words[text] ?? text).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
  const byId = (id) => document.getElementById(id);
  const make = (name, text, kind) => {
    const node = document.createElement(name);
    if (text !== undefined && text !== null) node.textContent = String(text);
    if (kind) node.className = kind;
    return node;
  };
  const verdicts = {
    per_protocol: "✓ " + say("per protocol"), minor: "△ " + say("minor"),
    major: "✕ " + say("major"), not_evaluable: "? " + say("not evaluable"),
  };
  const number = (value, digits = 4) => (value === null || value === undefined ? "–" : String(Number(value.toPrecision(digits))));

  /* A site's code, and what the site is called where that is known. */
  const names = new Map([...(data.rows ?? []), ...(data.sites ?? [])].map((row) => [row.site, row.site_name]));
  const called = (site) => (names.get(site) ? site + " · " + names.get(site) : site);

  /* A table of texts and nodes; cells of the columns in `right` are numbers. */
  const table = (heads, rows, right = []) => {
    const node = make("table");
    const head = node.createTHead().insertRow();
    heads.forEach((text, i) => {
      const cell = make("th", text, right.includes(i) ? "n" : "");
      cell.scope = "col";
      head.append(cell);
    });
    const body = node.createTBody();
    rows.forEach((row) => {
      const line = body.insertRow();
      row.forEach((cell, i) => {
        const place = line.insertCell();
        if (right.includes(i)) place.className = "n";
        place.append(cell ?? "");
      });
    });
    const box = make("div", null, "scroll");
    box.append(node);
    box.tabIndex = 0; // it may scroll
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", say("Table of {columns}", { columns: heads.join(", ") }));
    return box;
  };

  /* Whoever wants to know that a submission was chosen, and whoever chooses one. */
  const listeners = [];
  const choose = (code) => listeners.forEach((listener) => listener(code));
  const chooser = (code) => {
    const button = make("button", code, "link");
    button.type = "button";
    button.addEventListener("click", () => choose(code));
    return button;
  };
  return { data, say, byId, make, verdicts, number, called, table, choose, chooser, chosen: (f) => listeners.push(f) };
})();
