/* Three planes through dose, image and contours. */
(() => {
  const byId = (id) => document.getElementById(id);
  const { PLANES } = SbrtQa;
  const WINDOWS = { soft: [400, 40], liver: [160, 90], lung: [1600, -600], bone: [1800, 400] };

  SbrtQa.view = (data) => {
    const { dose, image, labels } = data;
    if (!dose && !image) return;
    const source = image ?? dose;
    const range = { x: [source.x.first, source.x.last], y: [source.y.first, source.y.last], z: [source.z[0], source.z[source.z.length - 1]] };
    const steps = { x: source.x.step, y: source.y.step };
    const start = data.places[1]?.point ?? data.places[0]?.point ?? ["x", "y", "z"].map((a) => (range[a][0] + range[a][1]) / 2);
    const state = {
      point: [...start], window: 400, level: 40, wash: false, lines: true, opacity: 0.4, extra: data.places[1]?.level ?? null,
      on: new Map(data.structures.map((s) => [s.key, s.planes.length > 0 && s.usual])), levels: new Map(data.levels.map((l) => [l.gy, true])),
    };
    const index = { x: 0, y: 1, z: 2 };
    const views = Object.fromEntries(Object.keys(PLANES).map((name) => [name, { canvas: byId(name), slider: byId(`${name}-at`), mm: byId(`${name}-mm`) }]));

    /* --- drawing ------------------------------------------------------------------------- */
    const box = (name) => {
      const { u, v } = PLANES[name];
      return { u0: range[u][0], u1: range[u][1], v0: range[v][0], v1: range[v][1] };
    };
    const lut = () => {
      const table = new Uint8ClampedArray(256), low = state.level - state.window / 2;
      for (let g = 0; g < 256; g++) {
        let i = 0;
        while (i < image.knots.length - 2 && g > image.knots[i + 1]) i++;
        const part = (g - image.knots[i]) / (image.knots[i + 1] - image.knots[i]);
        const hu = image.hu[i] + part * (image.hu[i + 1] - image.hu[i]);
        table[g] = ((hu - low) / state.window) * 255;
      }
      return table;
    };
    const buffer = document.createElement("canvas");
    const paint = (pen, pixels, nu, nv, rect, smooth) => {
      buffer.width = nu; buffer.height = nv;
      buffer.getContext("2d").putImageData(new ImageData(pixels, nu, nv), 0, 0);
      pen.imageSmoothingEnabled = smooth;
      pen.drawImage(buffer, ...rect);
    };
    const colourOf = (gy) => {
      let found = null;
      for (const level of data.levels) if (gy >= level.gy && (found === null || level.gy > found.gy)) found = level;
      return found;
    };
    const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

    const draw = (name) => {
      const view = views[name], plane = PLANES[name], b = box(name);
      const w = state.point[index[plane.w]];
      const ratio = devicePixelRatio || 1, width = view.canvas.clientWidth;
      if (!width) return;
      const scale = width / (b.u1 - b.u0), height = Math.round((b.v1 - b.v0) * scale);
      view.canvas.style.height = `${height}px`;
      view.canvas.width = width * ratio; view.canvas.height = height * ratio;
      const pen = view.canvas.getContext("2d");
      const toU = (u) => (u - b.u0) * scale, toV = (v) => (plane.up ? b.v1 - v : v - b.v0) * scale;
      Object.assign(view, { fromX: (x) => b.u0 + x / scale, fromY: (y) => (plane.up ? b.v1 - y / scale : b.v0 + y / scale) });
      pen.scale(ratio, ratio);
      pen.fillStyle = "#000"; pen.fillRect(0, 0, width, height);
      if (image) drawImage(pen, name, w, toU, toV, plane);
      if (dose) drawDose(pen, name, w, b, toU, toV, plane);
      drawContours(pen, name, w, toU, toV);
      drawCross(pen, plane, toU, toV, width, height);
      drawWords(pen, name, width, height, scale);
    };
    const drawImage = (pen, name, w, toU, toV, plane) => {
      const cut = SbrtQa.imagePlane(image, name, w), table = lut();
      const pixels = new Uint8ClampedArray(cut.nu * cut.nv * 4);
      cut.grey.forEach((g, i) => { pixels.fill(table[g], 4 * i, 4 * i + 3); pixels[4 * i + 3] = 255; });
      const u = image[plane.u], du = u.step / 2, left = toU(u.first - du), right = toU(u.last + du);
      let top, bottom;
      if (plane.v === "z") {
        const half = (image.z[image.z.length - 1] - image.z[0]) / Math.max(image.z.length - 1, 1) / 2;
        top = toV(image.z[image.z.length - 1] + half); bottom = toV(image.z[0] - half);
      } else { top = toV(image.y.first - image.y.step / 2); bottom = toV(image.y.last + image.y.step / 2); }
      paint(pen, pixels, cut.nu, cut.nv, [left, top, right - left, bottom - top], true);
    };
    const drawDose = (pen, name, w, b, toU, toV, plane) => {
      if (!state.wash && !state.lines) return;
      const step = Math.max(1.0, (b.u1 - b.u0) / 260);
      const cut = SbrtQa.dosePlane(dose, name, w, b, step);
      if (state.wash) {
        const pixels = new Uint8ClampedArray(cut.nu * cut.nv * 4), alpha = state.opacity * 255;
        const table = new Map(data.levels.map((l) => [l.gy, rgb(l.colour)]));
        for (let j = 0; j < cut.nv; j++)
          for (let i = 0; i < cut.nu; i++) {
            const level = colourOf(cut.values[j * cut.nu + i]);
            if (!level || !state.levels.get(level.gy)) continue;
            const at = 4 * ((plane.up ? cut.nv - 1 - j : j) * cut.nu + i);
            pixels.set(table.get(level.gy), at); pixels[at + 3] = alpha;
          }
        const v0 = cut.v0 - step / 2, v1 = cut.v0 + (cut.nv - 0.5) * step;
        const top = Math.min(toV(v0), toV(v1)), bottom = Math.max(toV(v0), toV(v1));
        const left = toU(cut.u0 - step / 2), right = toU(cut.u0 + (cut.nu - 0.5) * step);
        paint(pen, pixels, cut.nu, cut.nv, [left, top, right - left, bottom - top], true);
      }
      if (state.lines) {
        const all = data.levels.filter((l) => state.levels.get(l.gy)).map((l) => [l.gy, l.colour, 1.6]);
        if (state.extra !== null) all.push([state.extra, "#ffffff", 2.2]);
        for (const [gy, colour, wide] of all) {
          pen.beginPath();
          for (const [a, c, d, e] of SbrtQa.isolines(cut, gy)) { pen.moveTo(toU(a), toV(c)); pen.lineTo(toU(d), toV(e)); }
          pen.globalAlpha = state.wash ? 1 : 0.35 + 0.65 * state.opacity / 0.4 > 1 ? 1 : 0.35 + 0.65 * state.opacity / 0.4;
          pen.strokeStyle = "rgba(0,0,0,.6)"; pen.lineWidth = wide + 1.4; pen.stroke();
          pen.strokeStyle = colour; pen.lineWidth = wide; pen.stroke();
          pen.globalAlpha = 1;
        }
      }
    };
    const drawContours = (pen, name, w, toU, toV) => {
      for (const s of data.structures) {
        if (!state.on.get(s.key)) continue;
        pen.beginPath();
        if (name === "axial") {
          for (const loop of SbrtQa.loopsAt(s, w)) {
            for (let i = 0; i < loop.length; i += 2) pen[i ? "lineTo" : "moveTo"](toU(loop[i]), toV(loop[i + 1]));
            pen.closePath();
          }
        } else upright(pen, s, name === "coronal" ? 1 : 0, w, toU, toV);
        pen.setLineDash([]);
        pen.strokeStyle = "rgba(0,0,0,.55)"; pen.lineWidth = 2.8; pen.stroke();
        pen.strokeStyle = s.colour; pen.lineWidth = 1.6; pen.stroke();
      }
    };
    /* In upright planes a structure is the outline of its slices, each as thick as their gap. */
    const upright = (pen, s, fixed, w, toU, toV) => {
      const half = SbrtQa.gapOf(s) / 2;
      let below = [], last = null;
      const flat = (cuts, z) => { for (let i = 0; i + 1 < cuts.length; i += 2) { pen.moveTo(toU(cuts[i]), toV(z)); pen.lineTo(toU(cuts[i + 1]), toV(z)); } };
      const mixed = (a, b) => {
        const ends = [...a, ...b].sort((p, q) => p - q), out = [];
        for (let i = 0; i + 1 < ends.length; i += 2) if (ends[i + 1] > ends[i]) out.push(ends[i], ends[i + 1]);
        return out;
      };
      for (const p of s.planes) {
        const cuts = SbrtQa.spans(p.loops, fixed, w), low = p.z - half, high = p.z + half;
        if (last !== null && p.z - last > 3 * half) { flat(below, last + half); below = []; }
        flat(mixed(below, cuts), low);
        for (const cut of cuts) { pen.moveTo(toU(cut), toV(low)); pen.lineTo(toU(cut), toV(high)); }
        below = cuts; last = p.z;
      }
      if (last !== null) flat(below, last + half);
    };
    const drawCross = (pen, plane, toU, toV, width, height) => {
      const x = toU(state.point[index[plane.u]]), y = toV(state.point[index[plane.v]]);
      pen.strokeStyle = "rgba(255,235,59,.9)"; pen.lineWidth = 1; pen.setLineDash([]);
      pen.beginPath();
      pen.moveTo(0, y); pen.lineTo(x - 9, y); pen.moveTo(x + 9, y); pen.lineTo(width, y);
      pen.moveTo(x, 0); pen.lineTo(x, y - 9); pen.moveTo(x, y + 9); pen.lineTo(x, height);
      pen.stroke();
    };
    const SIDES = { axial: ["R", "L", "A", "P"], coronal: ["R", "L", "S", "I"], sagittal: ["A", "P", "S", "I"] };
    const drawWords = (pen, name, width, height, scale) => {
      pen.font = "600 14px system-ui, sans-serif"; pen.textBaseline = "middle";
      pen.strokeStyle = "#000"; pen.lineWidth = 3; pen.fillStyle = "#fff";
      const [left, right, top, bottom] = SIDES[name];
      const word = (text, x, y, align) => { pen.textAlign = align; pen.strokeText(text, x, y); pen.fillText(text, x, y); };
      word(left, 7, height / 2, "left"); word(right, width - 7, height / 2, "right");
      word(top, width / 2, 12, "center"); word(bottom, width / 2, height - 12, "center");
      const bar = 50 * scale;
      pen.beginPath(); pen.moveTo(12, height - 20); pen.lineTo(12, height - 14); pen.lineTo(12 + bar, height - 14); pen.lineTo(12 + bar, height - 20);
      pen.strokeStyle = "#000"; pen.lineWidth = 4; pen.stroke(); pen.strokeStyle = "#fff"; pen.lineWidth = 2; pen.stroke();
      pen.strokeStyle = "#000"; pen.lineWidth = 3; pen.font = "12px system-ui, sans-serif";
      word("5 cm", 12 + bar / 2, height - 26, "center");
    };
    let waiting = false;
    const redraw = () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; Object.keys(views).forEach(draw); });
    };

    /* --- the reading under the pointer ---------------------------------------------------- */
    const readout = byId("readout");
    const tell = (point) => {
      const found = dose ? SbrtQa.doseAt(dose, ...point) : null;
      const strong = document.createElement("b"), place = document.createElement("span");
      strong.textContent = found === null ? labels.outside : `${found.toFixed(2)} Gy`;
      const percent = found !== null && data.prescription ? ` (${((100 * found) / data.prescription).toFixed(1)} %)` : "";
      place.textContent = `x ${point[0].toFixed(1)}, y ${point[1].toFixed(1)}, z ${point[2].toFixed(1)} mm`;
      readout.replaceChildren(strong, document.createTextNode(percent), document.createElement("br"), place);
      Object.assign(readout.dataset, { doseGy: found ?? "", x: point[0], y: point[1], z: point[2] });
    };
    const pointAt = (name, event) => {
      const view = views[name], plane = PLANES[name], frame = view.canvas.getBoundingClientRect();
      return plane.point(view.fromX(event.clientX - frame.left), view.fromY(event.clientY - frame.top), state.point[index[plane.w]]);
    };

    /* --- moving about --------------------------------------------------------------------- */
    const go = (point) => {
      state.point = ["x", "y", "z"].map((a, i) => Math.min(Math.max(point[i], range[a][0]), range[a][1]));
      state.point[2] = source.z[SbrtQa.nearest(source.z, state.point[2])];
      for (const [name, view] of Object.entries(views)) {
        const value = state.point[index[PLANES[name].w]];
        view.slider.value = name === "axial" ? SbrtQa.nearest(source.z, value) : value;
        view.mm.textContent = `${PLANES[name].w} ${value.toFixed(1)} mm`;
      }
      tell(state.point);
      redraw();
    };
    const scroll = (name, by) => {
      const axis = PLANES[name].w, point = [...state.point];
      if (axis === "z") point[2] = source.z[Math.min(Math.max(SbrtQa.nearest(source.z, point[2]) + by, 0), source.z.length - 1)];
      else point[index[axis]] += by * steps[axis];
      go(point);
    };
    for (const [name, view] of Object.entries(views)) {
      const axis = PLANES[name].w, slider = view.slider;
      if (axis === "z") Object.assign(slider, { min: 0, max: source.z.length - 1, step: 1 });
      else Object.assign(slider, { min: range[axis][0], max: range[axis][1], step: "any" });
      slider.addEventListener("input", () => {
        const point = [...state.point];
        point[index[axis]] = axis === "z" ? source.z[Number(slider.value)] : Number(slider.value);
        go(point);
      });
      view.canvas.addEventListener("wheel", (event) => { event.preventDefault(); scroll(name, event.deltaY > 0 ? -1 : 1); }, { passive: false });
      view.canvas.addEventListener("keydown", (event) => {
        const by = { ArrowUp: 1, ArrowDown: -1, PageUp: 5, PageDown: -5 }[event.key];
        if (by) { event.preventDefault(); scroll(name, by); }
      });
      view.canvas.addEventListener("mousemove", (event) => tell(pointAt(name, event)));
      view.canvas.addEventListener("mouseleave", () => tell(state.point));
      view.canvas.addEventListener("click", (event) => go(pointAt(name, event)));
    }

    /* --- what is shown -------------------------------------------------------------------- */
    const jump = byId("jump");
    data.places.forEach((p, i) => jump.add(new Option(p.id ? `${p.name} · ${p.dose.toFixed(1)} Gy` : `${labels.hotspot} · ${p.dose.toFixed(1)} Gy`, i)));
    const jumpTo = (i) => { jump.value = i; state.extra = data.places[i].level; go(data.places[i].point); };
    jump.addEventListener("change", () => jumpTo(Number(jump.value)));
    document.querySelectorAll("button.jump").forEach((button) => button.addEventListener("click", () => {
      const i = data.places.findIndex((p) => p.id === button.dataset.place);
      if (i < 0) return;
      jumpTo(i);
      byId("images").scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
      views.axial.canvas.focus({ preventScroll: true });
    }));

    const preset = byId("preset"), width = byId("window"), level = byId("level");
    for (const name of [...Object.keys(WINDOWS), "own"]) preset.add(new Option(labels[name], name));
    preset.addEventListener("change", () => {
      if (WINDOWS[preset.value]) [width.value, level.value] = WINDOWS[preset.value];
      setWindow();
    });
    const setWindow = () => { state.window = Number(width.value); state.level = Number(level.value); redraw(); };
    [width, level].forEach((input) => input.addEventListener("input", () => { preset.value = "own"; setWindow(); }));
    [width.value, level.value] = WINDOWS.soft;
    if (!image) [preset, width, level].forEach((input) => { input.disabled = true; });

    const bind = (id, set) => byId(id).addEventListener("input", (event) => { set(event.target); redraw(); });
    bind("wash", (box) => { state.wash = box.checked; });
    bind("lines", (box) => { state.lines = box.checked; });
    bind("opacity", (slider) => { state.opacity = Number(slider.value) / 100; });

    const toggle = (host, text, colour, on, set, why) => {
      const label = document.createElement("label"), box = document.createElement("input");
      box.type = "checkbox"; box.checked = on; box.disabled = Boolean(why);
      box.addEventListener("change", () => { set(box.checked); redraw(); });
      label.append(box, SbrtQa.swatch(colour, []), document.createTextNode(why ? `${text} (${why})` : text));
      host.append(label);
      return box;
    };
    for (const l of data.levels) toggle(byId("isodoses"), `${l.gy.toFixed(1)} Gy (${l.percent} %)`, l.colour, true, (on) => state.levels.set(l.gy, on));
    const boxes = data.structures.map((s) => {
      const empty = s.planes.length ? "" : labels.empty;
      const box = toggle(byId("structure-list"), s.name, s.colour, state.on.get(s.key), (on) => state.on.set(s.key, on), empty);
      box.dataset.structure = s.key;
      return [s, box];
    });
    const setAll = (on) => { boxes.forEach(([s, box]) => { if (!box.disabled) { box.checked = on; state.on.set(s.key, on); } }); redraw(); };
    byId("structures-all").addEventListener("click", () => setAll(true));
    byId("structures-none").addEventListener("click", () => setAll(false));

    byId("viewer").hidden = false;
    new ResizeObserver(redraw).observe(byId("viewer"));
    Object.assign(SbrtQa, { state, go, jumpTo, data });
    jumpTo(data.places.length > 1 ? 1 : 0);
  };

  (async () => {
    try {
      const data = await SbrtQa.load();
      SbrtQa.histograms(data);
      SbrtQa.view(data);
      document.documentElement.dataset.ready = "yes";
    } catch (error) {
      const labels = JSON.parse(document.getElementById("payload").textContent).labels;
      for (const id of ["dvh", "images"]) {
        const told = document.createElement("p");
        told.textContent = labels.oldbrowser;
        document.getElementById(id)?.append(told);
      }
      document.documentElement.dataset.ready = "failed";
      document.documentElement.dataset.why = String(error);
    }
  })();
})();
