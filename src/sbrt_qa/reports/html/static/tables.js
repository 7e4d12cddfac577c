/* Tables that sort and filter, the theme, printing. */
(() => {
  const number = (text) => {
    const found = text.replace(/[−–]/g, "-").match(/[-+]?\d+(\.\d+)?/);
    return found ? Number(found[0]) : NaN;
  };
  const keyOf = (cell) => cell.dataset.sort ?? cell.textContent.trim();
  const compare = (a, b) => {
    const x = number(a), y = number(b);
    if (!Number.isNaN(x) && !Number.isNaN(y) && x !== y) return x - y;
    if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
    return a.localeCompare(b);
  };
  const sort = (table, column, head) => {
    const falling = head.getAttribute("aria-sort") === "ascending";
    table.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const textual = !head.classList.contains("number");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [keyOf(row.cells[Math.min(column, row.cells.length - 1)]), row]);
    rows.sort((a, b) => {
      const numeric = !textual || (a[1].cells[column]?.dataset.sort !== undefined);
      const [unit, other] = [a, b].map(([, row]) => row.cells[column]?.dataset.unit ?? "");
      if (unit !== other) return unit < other ? -1 : 1; // Gy, cc and % stand in groups of their own
      const order = numeric ? compare(a[0], b[0]) : a[0].localeCompare(b[0]);
      return falling ? -order : order;
    });
    rows.forEach(([, row]) => body.append(row));
  };
  document.querySelectorAll("table.sortable").forEach((table) => {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, column, head));
    });
  });

  const limits = document.getElementById("limit-table");
  const find = document.getElementById("find"), only = document.getElementById("only");
  const shown = document.getElementById("shown");
  const filter = () => {
    const wanted = find.value.trim().toLocaleLowerCase();
    let count = 0;
    for (const row of limits.tBodies[0].rows) {
      const fits = (!only.value || row.dataset.verdict === only.value) &&
        row.textContent.toLocaleLowerCase().includes(wanted);
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} / ${limits.tBodies[0].rows.length}`;
  };
  document.querySelector("#limits .tools").hidden = false;
  find.addEventListener("input", filter);
  only.addEventListener("change", filter);
  filter();

  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
  const theme = document.getElementById("theme"), print = document.getElementById("print");
  theme.hidden = print.hidden = false;
  theme.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    document.dispatchEvent(new Event("themechange"));
  });
  print.addEventListener("click", () => window.print());
})();
