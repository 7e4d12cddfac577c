/* The list of submissions, of which only visible rows exist; counts, rates and open queries. */
(() => {
  const { data, say, byId, make, verdicts: words } = Trial;
  const rank = { per_protocol: 0, minor: 1, not_evaluable: 2, major: 3 };
  const ROW = 32;

  const tile = (number, text, kind) => {
    const node = make("div", null, "tile");
    node.append(make("b", number, kind), make("span", text));
    byId("tiles").append(node);
  };
  tile(data.rows.length, say("submissions"));
  for (const verdict of Object.keys(words)) {
    tile(data.rows.filter((row) => row.verdict === verdict).length, words[verdict], verdict);
  }
  const waiting = data.queries.filter((one) => one.state !== "closed");
  tile(waiting.length, say("open queries"));
  tile((data.unreviewed ?? []).length, say("still to be reviewed"));

  // --- rates
  const bar = (low, high, point) => {
    const outer = make("div", null, "bar");
    outer.setAttribute("aria-hidden", "true");
    const [interval, dot] = [make("span", null, "interval"), make("span", null, "point")];
    interval.style.left = low + "%";
    interval.style.width = Math.max(high - low, 0.5) + "%";
    dot.style.left = Math.min(point, 99) + "%";
    outer.append(interval, dot);
    return outer;
  };
  const rate = (row, name = "") => {
    const [part, low, high] = ["percent", "low_percent", "high_percent"].map((key) => row[name + key]);
    const node = make("div", null, "rate");
    node.append(make("span", part + " % (" + low + "–" + high + ")"), bar(low, high, part));
    return node;
  };
  const fill = (id, heads, rows, right = []) =>
    byId(id).append(rows.length ? Trial.table(heads, rows, right) : make("p", say("nothing"), "small"));
  const ofAll = (count, of) => count + " / " + of;
  const signals = { watch: "◆ " + say("outside 95 %"), alarm: "■ " + say("outside 99.8 %") };
  fill("sites", [say("site"), say("per protocol"), say("% (95 % interval)"), say("first submission approved"), say("% (95 % interval)"), say("beside the others")],
    data.sites.map((row) => [Trial.called(row.site), ofAll(row.passed, row.submissions), rate(row), ofAll(row.first_pass_approved, row.subjects), rate(row, "first_pass_"), signals[row.signal]]));
  fill("periods", [say("month"), say("per protocol"), say("% (95 % interval)")],
    data.periods.map((row) => [row.period, ofAll(row.passed, row.of), rate(row)]));
  fill("limits", [say("limit"), say("not met"), say("% (95 % interval)")],
    data.limits.map((row) => [row.limit, ofAll(row.not_met, row.of), rate(row)]));
  const subjects = data.approvals.reduce((sum, row) => sum + row.subjects, 0);
  fill("approvals", [say("approved with submission"), say("subjects"), "%"],
    data.approvals.map((row) => {
      const part = Math.round(1000 * row.subjects / subjects) / 10, node = make("div", null, "rate");
      node.append(make("span", part + " %"), bar(0, part, part));
      return [row.approved_with_submission === "not yet" ? say("not yet") : row.approved_with_submission, row.subjects, node];
    }), [1]);

  fill("unreviewed", [say("place"), say("why"), say("since"), say("tried")],
    (data.unreviewed ?? []).map((one) => [one.place, one.reason, one.since.slice(0, 10), one.attempts]), [3]);
  fill("places", [say("place"), say("why")], (data.places ?? []).map((one) => [one.place, one.reason]));

  // --- queries, oldest first; their age is that on the day the page is looked at
  const days = (from) => Math.floor((Date.now() - Date.parse(from)) / 864e5);
  const states = { open: "○ " + say("open"), answered: "◐ " + say("answered"), closed: "● " + say("closed") };
  const late = (one) => one.state === "open" && Date.parse(one.due) < Date.now();
  fill("queries", [say("submission"), say("state"), say("opened"), say("days"), say("answer by"), say("answer")],
    waiting.map((one) => [Trial.chooser(one.code), states[one.state], one.opened.slice(0, 10), Math.max(days(one.opened), 0),
      one.due.slice(0, 10) + (late(one) ? " · ▲ " + say("overdue") : ""), one.answer]), [3]);

  // --- the long table
  const columns = [
    ["code", say("submission")], ["received", say("received")], ["verdict", say("verdict")], ["major", say("major")], ["minor", say("minor")],
    ["not_evaluable", say("not evaluable")], ["borderline", say("borderline")], ["notices", say("findings")], ["missing", say("missing")], ["query", say("query")],
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
  const offer = (id, values, shown = (value) => value) =>
    values.forEach((value) => byId(id).append(new Option(value === "" ? "–" : words[value] ?? shown(value), value)));
  offer("site", [...new Set(data.rows.map((row) => row.site))].sort(), Trial.called);
  offer("verdict", Object.keys(words));
  const value = (row, key) => (key === "verdict" ? rank[row.verdict] : row[key]);
  const update = () => {
    const [site, verdict, text] = ["site", "verdict", "search"].map((id) => byId(id).value);
    const wanted = text.toLowerCase();
    const last = byId("latest").checked;
    shown = data.rows.filter((row) => (!site || row.site === site) && (!verdict || row.verdict === verdict) &&
      (!last || row.latest) && (!wanted || row.code.toLowerCase().includes(wanted) || Trial.called(row.site).toLowerCase().includes(wanted) ||
        (data.details[row.code] ?? []).some((one) => one.what.toLowerCase().includes(wanted))));
    const [key, way] = sorted;
    shown.sort((a, b) => { const [x, y] = [value(a, key), value(b, key)]; return way * (x < y ? -1 : x > y ? 1 : 0); });
    byId("count").textContent = say("showing {count} of {of}", { count: shown.length, of: data.rows.length });
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
      const text = key === "verdict" ? words[row.verdict] : key === "received" ? row.received.slice(0, 10) : key === "query" && row.query ? states[row.query] : row[key] || "";
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
  let printing = false; // on paper every row is there
  const draw = () => {
    const view = byId("window");
    const first = printing ? 0 : Math.max(Math.floor(view.scrollTop / ROW) - 10, 0);
    const last = printing ? shown.length : Math.min(first + Math.ceil(view.clientHeight / ROW) + 20, shown.length);
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
      list.append(make("li", [words[one.verdict] ?? say("note"), one.what, one.text].join(" · "), one.verdict));
    });
    box.append(list.children.length ? list : make("p", say("No entries."), "small"));
    const changes = data.changes[row.code] ?? [];
    if (changes.length) {
      const before = changes.find((one) => one.before);
      const told = make("ul");
      changes.forEach((one) => told.append(make("li", change(one), one.verdicts && one.verdicts[1])));
      box.append(make("h4", before ? say("What changed since {before}", before) : say("What changed since the submission before")), told);
    }
    const pages = make("p");
    row.reports.forEach((path, i) => pages.append(link(path, i ? say("Report of plan {number}", { number: i + 1 }) : say("Case report")), " "));
    if (row.reports.length) box.append(pages);
    box.hidden = false;
    box.scrollIntoView({ block: "nearest" });
    draw();
  };
  Trial.chosen((code) => {
    const row = data.rows.find((one) => one.code === code);
    if (!row) return;
    choose(row);
    byId("detail").scrollIntoView({ block: "nearest" });
  });
  ["site", "verdict", "search", "latest"].forEach((id) => byId(id).addEventListener("input", update));
  byId("window").addEventListener("scroll", () => requestAnimationFrame(draw));
  window.addEventListener("resize", draw);
  [["beforeprint", true], ["afterprint", false]].forEach(([event, paper]) =>
    window.addEventListener(event, () => { printing = paper; draw(); }));
  update();
})();
