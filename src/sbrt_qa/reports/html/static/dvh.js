/* Dose-volume histograms with uPlot. */
(() => {
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const swatch = (colour, dash, wide = 3) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("width", 30); svg.setAttribute("height", 10); svg.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(svg.namespaceURI, "path");
    line.setAttribute("d", "M1 5H29"); line.setAttribute("stroke", colour); line.setAttribute("stroke-width", wide);
    if (dash.length) line.setAttribute("stroke-dasharray", dash.join(" "));
    svg.append(line);
    return svg;
  };
  SbrtQa.swatch = swatch;

  SbrtQa.histograms = (data) => {
    const { dose, items } = data.curves, rx = data.prescription;
    const state = { volume: "%", dose: "Gy", at: null, picked: null, cross: null };
    const host = document.getElementById("plot"), at = document.getElementById("dvh-at");
    const concerned = new Set(data.markers.filter((m) => m.bad).map((m) => m.curve));
    const limited = new Set(data.markers.map((m) => m.curve));
    const usual = (c) => c.target || (concerned.size ? concerned.has(c.key) : limited.has(c.key));
    const shown = new Map(items.map((c) => [c.key, usual(c)]));
    const byKey = new Map(items.map((c) => [c.key, c]));
    let plot;

    const gy = (value) => (state.dose === "%" ? (100 * value) / rx : value);
    const volume = (c, cc) => (state.volume === "%" ? (100 * cc) / c.volume : cc);
    const columns = () => [Array.from(dose, gy), ...items.map((c) => Array.from(c.cc, (v) => volume(c, v)))];

    const rows = new Map();
    const table = document.querySelector("#curve-table tbody");
    items.forEach((c, i) => {
      const row = table.insertRow();
      const label = document.createElement("label"), box = document.createElement("input");
      box.type = "checkbox"; box.checked = shown.get(c.key); box.dataset.curve = c.key;
      box.addEventListener("change", () => show(i, box.checked));
      label.append(box, swatch(c.colour, c.dash), document.createTextNode(c.name));
      row.insertCell().append(label);
      const value = row.insertCell();
      [value, row.insertCell(), row.insertCell()].forEach((cell) => { cell.className = "number"; });
      row.cells[2].textContent = c.mean === null ? "–" : c.mean.toFixed(2);
      row.cells[3].textContent = c.max === null ? "–" : c.max.toFixed(2);
      rows.set(c.key, { box, value });
    });

    const show = (i, on) => {
      shown.set(items[i].key, on);
      rows.get(items[i].key).box.checked = on;
      plot.setSeries(i + 1, { show: on });
    };
    const showAll = (rule) => items.forEach((c, i) => show(i, rule(c)));

    const told = (index) => {
      state.at = index;
      const here = index === null || index === undefined ? null : dose[index];
      at.textContent = here === null ? "" : `${data.labels.dose} ${gy(here).toFixed(state.dose === "%" ? 1 : 2)} ${state.dose}`;
      at.dataset.doseGy = here === null ? "" : here;
      items.forEach((c) => {
        const cell = rows.get(c.key).value;
        cell.textContent = here === null || !shown.get(c.key) ? "" : `${volume(c, c.cc[index]).toFixed(2)} ${state.volume}`;
      });
    };

    const upright = (u, dose, colour, dash) => {
      const pen = u.ctx, x = u.valToPos(gy(dose), "x", true);
      pen.strokeStyle = css(colour); pen.lineWidth = 1.6 * devicePixelRatio; pen.setLineDash(dash.map((v) => v * devicePixelRatio));
      pen.beginPath(); pen.moveTo(x, u.bbox.top); pen.lineTo(x, u.bbox.top + u.bbox.height); pen.stroke();
      pen.setLineDash([]);
    };
    const markers = (u) => {
      const pen = u.ctx, size = 6 * devicePixelRatio;
      pen.save();
      pen.beginPath();
      pen.rect(u.bbox.left - size, u.bbox.top - size, u.bbox.width + 2 * size, u.bbox.height + 2 * size);
      pen.clip();
      if (state.cross !== null) upright(u, state.cross, "--quiet", [2, 3]);
      if (state.picked !== null) upright(u, state.picked, "--accent", [6, 3]);
      for (const m of data.markers) {
        const c = byKey.get(m.curve);
        if (!c || !shown.get(m.curve)) continue;
        const x = u.valToPos(gy(m.dose), "x", true);
        if (m.volume === null) {
          pen.strokeStyle = m.kind === "limit" ? css("--ink") : c.colour;
          pen.lineWidth = 1.3 * devicePixelRatio;
          pen.setLineDash(m.kind === "limit" ? [5 * devicePixelRatio, 3 * devicePixelRatio] : []);
          pen.beginPath(); pen.moveTo(x, u.bbox.top); pen.lineTo(x, u.bbox.top + u.bbox.height); pen.stroke();
          pen.setLineDash([]);
          continue;
        }
        const y = u.valToPos(volume(c, m.volume), "y", true);
        pen.lineWidth = 1.4 * devicePixelRatio;
        pen.strokeStyle = css("--ink");
        pen.beginPath();
        if (m.kind === "limit") {
          pen.moveTo(x, y); pen.lineTo(x - 0.7 * size, y - 1.3 * size); pen.lineTo(x + 0.7 * size, y - 1.3 * size); pen.closePath();
          pen.fillStyle = m.bad ? css("--major") : css("--paper");
        } else {
          pen.arc(x, y, 0.6 * size, 0, 2 * Math.PI);
          pen.fillStyle = c.colour;
        }
        pen.fill(); pen.stroke();
      }
      pen.restore();
    };

    const axis = (label) => ({
      label, labelSize: 24, labelFont: '600 13px "Report CJK", system-ui, sans-serif', font: '12px "Report CJK", system-ui, sans-serif',
      stroke: () => css("--ink"), grid: { stroke: () => css("--line"), width: 1 }, ticks: { stroke: () => css("--line"), width: 1 },
    });
    const draw = () => {
      if (plot) plot.destroy();
      const values = columns();
      plot = new uPlot({
        width: host.clientWidth, height: Math.max(430, Math.min(560, host.clientWidth * 0.55)),
        scales: { x: { time: false, range: (u, low, high) => [low, high] }, y: { range: (u, low, high) => [Math.min(low, 0), high * 1.02 || 1] } },
        series: [{}, ...items.map((c) => ({ label: c.name, stroke: c.colour, width: c.target ? 2.6 : 2, dash: c.dash, show: shown.get(c.key), points: { show: false } }))],
        axes: [axis(`${data.labels.dose} (${state.dose})`), axis(`${data.labels.volume} (${state.volume})`)],
        legend: { show: false },
        cursor: { drag: { x: true, y: true, uni: 30 }, points: { size: 7 } },
        hooks: { setCursor: [(u) => told(u.cursor.idx)], draw: [markers] },
      }, values, host);
      SbrtQa.plot = plot;
      let from = null;
      plot.over.addEventListener("pointerdown", (event) => { from = [event.clientX, event.clientY]; });
      plot.over.addEventListener("click", (event) => { if (from && Math.hypot(event.clientX - from[0], event.clientY - from[1]) < 4) pick(); });
      told(null);
    };

    /* The dose under the cursor is picked: its isodose shows in the pictures. */
    const pick = () => {
      if (state.at === null || state.at === undefined) return;
      document.dispatchEvent(new CustomEvent("dosepicked", { detail: dose[state.at] }));
    };
    document.addEventListener("dosepicked", (event) => { state.picked = event.detail; plot.redraw(false); });
    SbrtQa.crossed = (found) => { state.cross = found; plot.redraw(false); };

    const zoom = (factor) => {
      const { min, max } = plot.scales.x, middle = state.at === null ? (min + max) / 2 : gy(dose[state.at]);
      plot.setScale("x", { min: Math.max(0, middle - (middle - min) * factor), max: middle + (max - middle) * factor });
    };
    const whole = () => plot.setData(columns(), true);
    const move = (step) => {
      const index = Math.min(Math.max((state.at ?? 0) + step, 0), dose.length - 1);
      plot.setCursor({ left: plot.valToPos(gy(dose[index]), "x"), top: plot.bbox.height / 4 / devicePixelRatio });
      told(index);
    };
    host.addEventListener("keydown", (event) => {
      const action = {
        ArrowLeft: () => move(event.shiftKey ? -10 : -1), ArrowRight: () => move(event.shiftKey ? 10 : 1),
        "+": () => zoom(0.6), "-": () => zoom(1.6), 0: whole, Enter: pick,
      }[event.key];
      if (action) { action(); event.preventDefault(); }
    });
    document.querySelectorAll('input[name="volume-unit"]').forEach((box) => box.addEventListener("change", () => { state.volume = box.value; draw(); }));
    document.querySelectorAll('input[name="dose-unit"]').forEach((box) => {
      if (box.value === "%" && !rx) box.disabled = true;
      box.addEventListener("change", () => { state.dose = box.value; draw(); });
    });
    document.getElementById("dvh-reset").addEventListener("click", whole);
    document.getElementById("dvh-all").addEventListener("click", () => showAll(() => true));
    document.getElementById("dvh-none").addEventListener("click", () => showAll(() => false));
    document.getElementById("dvh-usual").addEventListener("click", () => showAll(usual));
    document.addEventListener("themechange", draw);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    let width = 0;
    new ResizeObserver(() => {
      if (Math.abs(host.clientWidth - width) > 4) { width = host.clientWidth; draw(); }
    }).observe(host);
    document.getElementById("dvh-app").hidden = false;
    draw();
  };
})();
