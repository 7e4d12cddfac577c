/* What stands beside the pictures: structures, isodoses, the scale of the wash, the profile. */
(() => {
  const byId = (id) => document.getElementById(id);
  const NS = "http://www.w3.org/2000/svg";
  const make = (tag, made = {}, ...inside) => { const e = Object.assign(document.createElement(tag), made); e.append(...inside); return e; };

  const target = () => {
    const svg = document.createElementNS(NS, "svg"), path = document.createElementNS(NS, "path");
    for (const [key, value] of [["width", 16], ["height", 16], ["viewBox", "0 0 16 16"], ["aria-hidden", "true"]]) svg.setAttribute(key, value);
    path.setAttribute("d", "M8 1V5M8 11V15M1 8H5M11 8H15M8 4.5A3.5 3.5 0 1 0 8 11.5A3.5 3.5 0 1 0 8 4.5");
    path.setAttribute("fill", "none"); path.setAttribute("stroke", "currentColor"); path.setAttribute("stroke-width", 1.4);
    svg.append(path);
    return svg;
  };

  SbrtQa.structureList = (viewer) => {
    const { data, state, redraw } = viewer, host = byId("structure-list"), find = byId("structure-find"), told = byId("structure-count");
    const every = [...data.structures];
    for (const s of data.second?.structures ?? []) if (!every.some((one) => one.key === s.key)) every.push(s);
    const rows = every.map((s) => {
      const empty = !s.planes.length;
      const box = make("input", { type: "checkbox", checked: state.on.get(s.key) ?? false, disabled: empty });
      box.dataset.structure = s.key;
      box.addEventListener("change", () => { state.on.set(s.key, box.checked); redraw(); });
      const label = make("label", {}, box, SbrtQa.swatch(s.colour, []), make("span", { textContent: empty ? `${s.name} (${data.labels.empty})` : s.name }));
      const row = make("div", { className: empty ? "structure none" : "structure" }, label);
      if (!empty) {
        const to = make("button", { type: "button", className: "centre", title: `${data.labels.centre}: ${s.name}` });
        to.setAttribute("aria-label", `${data.labels.centre}: ${s.name}`);
        to.dataset.centre = s.key;
        to.append(target());
        to.addEventListener("click", () => viewer.toCentre(s));
        row.append(to);
      }
      host.append(row);
      return { s, box, row };
    });
    const setAll = (on) => { rows.forEach(({ s, box, row }) => { if (!box.disabled && !row.hidden) { box.checked = on; state.on.set(s.key, on); } }); redraw(); };
    byId("structures-all").addEventListener("click", () => setAll(true));
    byId("structures-none").addEventListener("click", () => setAll(false));
    const filter = () => {
      const wanted = find.value.trim().toLowerCase();
      rows.forEach(({ s, row }) => { row.hidden = !s.name.toLowerCase().includes(wanted); });
      told.textContent = `${rows.filter(({ row }) => !row.hidden).length} / ${rows.length}`;
    };
    find.addEventListener("input", filter);
    find.addEventListener("keydown", (event) => {
      const first = rows.find(({ s, row }) => !row.hidden && s.planes.length);
      if (event.key === "Enter" && first) { first.box.checked = true; state.on.set(first.s.key, true); viewer.toCentre(first.s); viewer.focus(); }
      if (event.key === "Escape") { find.value = ""; filter(); viewer.focus(); }
      if (event.key === "Enter" || event.key === "Escape") event.preventDefault();
    });
    filter();
  };

  /* Isodoses: each may be changed, switched off or taken away; further ones are added. */
  SbrtQa.isodoseList = (viewer) => {
    const { data, state, redraw } = viewer, host = byId("isodoses"), spare = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"];
    const rx = data.prescription;
    const list = () => {
      state.levels.sort((a, b) => b.gy - a.gy);
      host.replaceChildren(...state.levels.map((l) => {
        const box = make("input", { type: "checkbox", checked: l.on });
        box.setAttribute("aria-label", `${data.labels.shown}: ${l.gy.toFixed(2)} Gy`);
        box.addEventListener("change", () => { l.on = box.checked; redraw(); });
        const gy = make("input", { type: "number", min: 0, step: 0.1, value: Number(l.gy.toFixed(2)), className: "gy" });
        gy.setAttribute("aria-label", `${data.labels.isodose} ${l.gy.toFixed(2)} Gy`);
        gy.dataset.level = "";
        gy.addEventListener("change", () => { if (gy.valueAsNumber > 0) l.gy = gy.valueAsNumber; list(); redraw(); });
        const away = make("button", { type: "button", className: "centre", textContent: "×" });
        away.setAttribute("aria-label", `${data.labels.remove}: ${l.gy.toFixed(2)} Gy`);
        away.addEventListener("click", () => { state.levels.splice(state.levels.indexOf(l), 1); list(); redraw(); });
        const percent = rx ? ` (${((100 * l.gy) / rx).toFixed(l.gy * 100 % rx ? 1 : 0)} %)` : "";
        return make("div", { className: "isodose" }, box, SbrtQa.swatch(l.colour, SbrtQa.DASHES[l.dash % SbrtQa.DASHES.length], l.wide ?? 1.6), gy, make("span", { textContent: `Gy${percent}` }), away);
      }));
      const picked = byId("picked");
      picked.hidden = state.picked === null;
      if (state.picked !== null) byId("picked-gy").textContent = `${data.labels.picked} ${state.picked.toFixed(2)} Gy`;
    };
    const add = (gy, on = true) => {
      if (!(gy > 0)) return;
      const known = state.levels.find((l) => Math.abs(l.gy - gy) < 5e-3);
      if (known) known.on = true;
      else { const n = state.levels.length; state.levels.push({ gy, colour: spare[n % spare.length], dash: 1 + (n % 5), on }); }
      list(); redraw();
    };
    const put = () => {
      const gy = byId("isodose-new").valueAsNumber * (byId("isodose-unit").value === "%" ? rx / 100 : 1);
      add(gy);
      byId("isodose-new").value = "";
    };
    byId("isodose-put").addEventListener("click", put);
    byId("isodose-new").addEventListener("keydown", (event) => { if (event.key === "Enter") { put(); event.preventDefault(); } });
    if (!rx) byId("isodose-unit").querySelector('[value="%"]').remove();
    byId("picked-clear").addEventListener("click", () => viewer.pick(null));
    list();
    return { list, add };
  };

  /* The scale of the wash: its colours with doses in Gy below, or why there is none. */
  SbrtQa.washScale = (viewer) => {
    const { data, state, redraw } = viewer, bar = byId("scale-bar"), ticks = byId("scale-ticks"), why = byId("scale-why");
    const low = byId("scale-low"), high = byId("scale-high"), upTo = high.previousSibling.textContent;
    const draw = () => {
      const parted = state.mode === "diff" && Boolean(data.second), scale = viewer.scale(parted);
      const told = viewer.noWash(parted);
      why.textContent = told; why.hidden = !told;
      byId("scale").hidden = !state.wash;
      bar.hidden = ticks.hidden = Boolean(told);
      byId("scale-ends").hidden = Boolean(told); low.parentElement.hidden = parted; high.previousSibling.textContent = parted ? "± " : upTo;
      if (!scale) return;
      const pen = bar.getContext("2d"), table = parted ? SbrtQa.colours.parted : SbrtQa.colours.rising;
      for (let i = 0; i < bar.width; i++) {
        const g = Math.round((255 * i) / (bar.width - 1));
        pen.fillStyle = `rgb(${table[3 * g]},${table[3 * g + 1]},${table[3 * g + 2]})`; pen.fillRect(i, 0, 1, bar.height);
      }
      ticks.replaceChildren(...[0, 0.25, 0.5, 0.75, 1].map((part) => {
        const gy = scale.low + part * (scale.high - scale.low), text = gy.toFixed(Math.abs(scale.high) < 10 ? 2 : 1);
        return make("span", { textContent: part === 1 ? `${text} Gy` : parted && gy > 0 ? `+${text}` : text });
      }));
      if (document.activeElement !== low) low.value = Number(scale.low.toFixed(2));
      if (document.activeElement !== high) high.value = Number(scale.high.toFixed(2));
    };
    const set = () => {
      const a = low.valueAsNumber, b = high.valueAsNumber;
      const parted = state.mode === "diff" && Boolean(data.second), bad = parted ? !(b > 0) : !(a >= 0 && b > a);
      for (const one of [low, high]) one.setAttribute("aria-invalid", String(bad));
      if (!bad) { Object.assign(state, parted ? { parted: b } : { washLow: a, washHigh: b }); draw(); redraw(); }
    };
    for (const one of [low, high]) one.addEventListener("change", set);
    draw();
    return draw;
  };

  /* Dose along the ruler, as a curve with its scales. */
  SbrtQa.profilePlot = (viewer) => {
    const host = byId("profile"), plot = byId("profile-plot"), told = byId("ruler-mm");
    const svg = (tag, attributes, text = "") => {
      const e = document.createElementNS(NS, tag);
      for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
      e.textContent = text;
      return e;
    };
    return () => {
      const ends = viewer.rulerEnds(), { data } = viewer;
      host.hidden = !ends;
      if (!ends) { SbrtQa.profiled = null; return; }
      const length = viewer.rulerLength(), place = (p) => p.map((v) => v.toFixed(1)).join(", ");
      told.textContent = `${data.labels.length} ${length.toFixed(1)} mm · (${place(ends[0])}) – (${place(ends[1])}) mm`;
      told.dataset.mm = length;
      const curves = [[data.dose, ""], [data.second?.dose, "5 3"]].filter(([dose]) => dose).map(([dose, dash]) => [SbrtQa.profile(dose, ...ends), dash]);
      SbrtQa.profiled = curves.map(([values]) => values);
      const most = Math.max(1e-9, ...curves.flatMap(([values]) => values.map(([, gy]) => gy ?? 0)));
      const W = 520, H = 170, left = 62, foot = 30, x = (mm) => left + (mm / (length || 1)) * (W - left - 12), y = (gy) => H - foot - (gy / most) * (H - foot - 12);
      const parts = [0, 0.5, 1].flatMap((part) => [
        svg("line", { x1: left, x2: W - 12, y1: y(part * most), y2: y(part * most), class: "grid" }),
        svg("text", { x: left - 6, y: y(part * most) + 4, "text-anchor": "end" }, `${(part * most).toFixed(most < 10 ? 2 : 1)}${part === 1 ? " Gy" : ""}`),
        svg("text", { x: x(part * length), y: H - 12, "text-anchor": part === 1 ? "end" : part ? "middle" : "start" }, `${(part * length).toFixed(1)}${part === 1 ? " mm" : ""}`),
      ]);
      for (const [values, dash] of curves) {
        let d = "", on = false;
        for (const [mm, gy] of values) { if (gy === null) { on = false; continue; } d += `${on ? "L" : "M"}${x(mm).toFixed(1)} ${y(gy).toFixed(1)}`; on = true; }
        parts.push(svg("path", { d: d || "M0 0", class: "curve", "stroke-dasharray": dash }));
      }
      plot.replaceChildren(...parts);
      plot.setAttribute("viewBox", `0 0 ${W} ${H}`);
      plot.setAttribute("aria-label", `${data.labels.profile}, ${told.textContent}`);
    };
  };
})();
