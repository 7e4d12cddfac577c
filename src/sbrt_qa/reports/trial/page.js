"use strict";
// Every text is put in as text, never as markup. Rows of the long table exist only while visible.
(() => {
  const data = { details: {}, changes: {}, ...JSON.parse(document.getElementById("data").textContent) };
  const words = { per_protocol: "✓ per protocol", minor: "△ minor", major: "✕ major", not_evaluable: "? not evaluable" };
  const rank = { per_protocol: 0, minor: 1, not_evaluable: 2, major: 3 };
  const ROW = 32;
  const make = (name, text, kind) => {
    const node = document.createElement(name);
    if (text !== undefined && text !== null) node.textContent = String(text);
    if (kind) node.className = kind;
    return node;
  };
  const byId = (id) => document.getElementById(id);

  // --- dashboards
  const tile = (number, text, kind) => {
    const node = make("div", null, "tile");
    node.append(make("b", number, kind), make("span", text));
    byId("tiles").append(node);
  };
  tile(data.rows.length, "submissions");
  for (const verdict of Object.keys(words)) {
    tile(data.rows.filter((row) => row.verdict === verdict).length, words[verdict], verdict);
  }
  tile(data.rows.filter((row) => row.query === "open").length, "open queries");

  const bar = (row) => {
    const outer = make("div", null, "bar");
    const interval = make("span", null, "interval");
    const point = make("span");
    interval.style.left = row.low_percent + "%";
    interval.style.width = Math.max(row.high_percent - row.low_percent, 0.5) + "%";
    point.style.left = Math.min(row.percent, 99) + "%";
    point.style.width = "3px";
    outer.append(interval, point);
    outer.title = row.percent + " % (" + row.low_percent + " to " + row.high_percent + ")";
    return outer;
  };
  const table = (id, heads, rows, cells) => {
    const node = make("table");
    const head = node.createTHead().insertRow();
    heads.forEach((text) => { const cell = make("th", text); cell.scope = "col"; head.append(cell); });
    const body = node.createTBody();
    rows.forEach((row) => {
      const line = body.insertRow();
      cells(row).forEach((cell) => {
        const place = line.insertCell();
        if (cell instanceof Node) place.append(cell); else place.textContent = cell === null ? "" : String(cell);
      });
    });
    byId(id).append(rows.length ? node : make("p", "nothing", "small"));
  };
  const share = (row, count) => count + " of " + (row.of ?? row.submissions) + " · " + row.percent + " %";
  table("sites", ["site", "per protocol", "95 % interval", "first submission approved", "beside the others"], data.sites,
    (row) => [row.site, share(row, row.passed), bar(row), row.first_pass_approved + " of " + row.subjects, row.signal]);
  table("limits", ["limit", "not met", "95 % interval"], data.limits, (row) => [row.limit, share(row, row.not_met), bar(row)]);
  table("periods", ["month", "per protocol", "95 % interval"], data.periods, (row) => [row.period, share(row, row.passed), bar(row)]);
  table("approvals", ["approved with submission", "subjects"], data.approvals, (row) => [row.approved_with_submission, row.subjects]);
  table("outliers", ["submission", "limit", "value", "median", "z"], data.outliers,
    (row) => [row.code, row.limit, row.value.toPrecision(4), row.median.toPrecision(4), row.score.toFixed(1)]);

  // --- the long table
  const columns = [
    ["code", "submission"], ["received", "received"], ["verdict", "verdict"], ["major", "major"], ["minor", "minor"],
    ["not_evaluable", "not evaluable"], ["borderline", "borderline"], ["notices", "findings"], ["missing", "missing"], ["query", "query"],
  ];
  const numbers = new Set(["major", "minor", "not_evaluable", "borderline", "notices"]);
  let sorted = ["code", 1];
  let shown = data.rows;
  let chosen = null;
  const head = byId("heads");
  columns.forEach(([key, text]) => {
    const cell = make("th", null, numbers.has(key) ? "n" : "");
    cell.scope = "col";
    const button = make("button", text);
    button.type = "button";
    button.addEventListener("click", () => { sorted = [key, sorted[0] === key ? -sorted[1] : 1]; update(); });
    cell.append(button);
    head.append(cell);
  });
  const fill = (id, values) => values.forEach((value) => byId(id).append(new Option(value === "" ? "–" : words[value] ?? value, value)));
  fill("site", [...new Set(data.rows.map((row) => row.site))].sort());
  fill("verdict", Object.keys(words));
  const value = (row, key) => (key === "verdict" ? rank[row.verdict] : row[key]);
  const update = () => {
    const [site, verdict, text] = ["site", "verdict", "search"].map((id) => byId(id).value);
    const wanted = text.toLowerCase();
    const last = byId("latest").checked;
    shown = data.rows.filter((row) => (!site || row.site === site) && (!verdict || row.verdict === verdict) &&
      (!last || row.latest) && (!wanted || row.code.toLowerCase().includes(wanted) ||
        (data.details[row.code] ?? []).some((one) => one.what.toLowerCase().includes(wanted))));
    const [key, way] = sorted;
    shown.sort((a, b) => { const [x, y] = [value(a, key), value(b, key)]; return way * (x < y ? -1 : x > y ? 1 : 0); });
    byId("count").textContent = shown.length + " of " + data.rows.length;
    byId("window").scrollTop = 0;
    draw();
  };
  const link = (path, text) => {
    const node = make("a", text);
    node.href = path.split("/").map(encodeURIComponent).join("/");
    return node;
  };
  const line = (row) => {
    const node = make("tr");
    node.tabIndex = 0;
    node.dataset.code = row.code;
    node.setAttribute("aria-selected", String(row === chosen));
    columns.forEach(([key]) => {
      const text = key === "verdict" ? words[row.verdict] : key === "received" ? row.received.slice(0, 10) : row[key] || "";
      const cell = make("td", null, key === "verdict" ? row.verdict : numbers.has(key) ? "n" : "");
      cell.append(key === "code" && row.reports.length ? link(row.reports[0], text) : document.createTextNode(text));
      node.append(cell);
    });
    node.addEventListener("click", () => choose(row));
    node.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(row); });
    return node;
  };
  const spacer = (rows) => {
    const node = make("tr", null, "spacer");
    node.setAttribute("aria-hidden", "true");
    const cell = node.insertCell();
    cell.colSpan = columns.length;
    cell.style.height = rows * ROW + "px";
    return node;
  };
  const draw = () => {
    const view = byId("window");
    const first = Math.max(Math.floor(view.scrollTop / ROW) - 10, 0);
    const last = Math.min(first + Math.ceil(view.clientHeight / ROW) + 20, shown.length);
    byId("rows").replaceChildren(spacer(first), ...shown.slice(first, last).map(line), spacer(shown.length - last));
    byId("table").setAttribute("aria-rowcount", String(shown.length + 1));
  };
  const number = (value) => (value === null ? "–" : Number(value.toPrecision(4)));
  const change = (one) => one.text ? one.what + ": " + one.text
    : [one.what, number(one.from) + " → " + number(one.to), one.verdicts.map((v) => words[v] ?? v).join(" → ")].join(" · ");
  const choose = (row) => {
    chosen = row;
    const box = byId("detail");
    box.replaceChildren(make("h3", row.code + " · " + words[row.verdict]));
    const list = make("ul");
    (data.details[row.code] ?? []).forEach((one) => {
      list.append(make("li", [words[one.verdict] ?? "note", one.what, one.text].join(" · "), one.verdict));
    });
    box.append(list.children.length ? list : make("p", "Nothing to tell.", "small"));
    const changes = data.changes[row.code] ?? [];
    if (changes.length) {
      const before = changes.find((one) => one.before);
      const told = make("ul");
      changes.forEach((one) => told.append(make("li", change(one), one.verdicts && one.verdicts[1])));
      box.append(make("h4", "What changed since " + (before ? before.before : "the submission before")), told);
    }
    const pages = make("p");
    row.reports.forEach((path, i) => pages.append(link(path, i ? "Report of plan " + (i + 1) : "Case report"), " "));
    if (row.reports.length) box.append(pages);
    box.hidden = false;
    draw();
  };
  ["site", "verdict", "search", "latest"].forEach((id) => byId(id).addEventListener("input", update));
  byId("window").addEventListener("scroll", () => requestAnimationFrame(draw));
  window.addEventListener("resize", draw);
  update();
})();
