/* Three planes through dose, image and contours: what is shown, and where. */
(() => {
  const byId = (id) => document.getElementById(id);
  const { PLANES } = SbrtQa;
  const WINDOWS = { soft: [400, 40], liver: [160, 90], lung: [1600, -600], bone: [1800, 400] };
  const INDEX = { x: 0, y: 1, z: 2 };
  const MODES = ["a", "b", "both", "diff"];
  const MOST_ZOOM = 40;

  SbrtQa.view = (data) => {
    const { dose, image, labels } = data;
    if (!dose && !image) return null;
    const source = image ?? dose;
    const range = { x: [source.x.first, source.x.last], y: [source.y.first, source.y.last], z: [source.z[0], source.z[source.z.length - 1]] };
    const steps = { x: source.x.step, y: source.y.step };
    const start = data.places[1]?.point ?? data.places[0]?.point ?? ["x", "y", "z"].map((a) => (range[a][0] + range[a][1]) / 2);
    const state = {
      point: [...start], window: 400, level: 40, wash: false, lines: true, opacity: 0.4, extra: data.places[1]?.level ?? null, picked: null,
      tool: "point", ruler: null, mode: data.second ? "both" : "a", washLow: null, washHigh: null, parted: null,
      on: new Map(data.structures.map((s) => [s.key, s.planes.length > 0 && s.usual])), levels: data.levels.map((l, i) => ({ ...l, dash: i % 6, wide: SbrtQa.WIDTHS[i % SbrtQa.WIDTHS.length], on: true })),
    };
    for (const s of data.second?.structures ?? []) if (!state.on.has(s.key)) state.on.set(s.key, false);
    const box = ({ u, v }) => ({ u0: range[u][0], u1: range[u][1], v0: range[v][0], v1: range[v][1] });
    const views = Object.fromEntries(Object.entries(PLANES).map(([name, plane]) => {
      const b = box(plane);
      return [name, { canvas: byId(name), slider: byId(`${name}-at`), mm: byId(`${name}-mm`), box: b, zoom: 1, cu: (b.u0 + b.u1) / 2, cv: (b.v0 + b.v1) / 2, frame: null }];
    }));
    const viewer = { data, image, state, views, last: "axial" };
    const drawing = SbrtQa.drawing(viewer);
    let waiting = false;
    const redraw = viewer.redraw = () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; Object.keys(views).forEach(drawing.draw); });
    };

    /* --- doses: the range of the wash, and the reading under the pointer --------------------- */
    const extremes = (one) => {
      if (!one) return [0, 0];
      let low = Infinity, high = 0;
      for (const v of one.units) { if (v > high) high = v; if (v < low) low = v; }
      return [low * one.step, high * one.step];
    };
    const [lowest, most] = extremes(dose), [, otherMost] = extremes(data.second?.dose), top = Math.max(most, otherMost);
    viewer.noWash = (parted) => {
      if (!dose && !data.second?.dose) return labels.nodose;
      if (parted && !(dose && data.second?.dose)) return labels.nodose;
      if (!parted && !data.second && most - lowest <= 1e-9) return `${labels.uniform} ${most.toFixed(2)} Gy`;
      return "";
    };
    viewer.scale = (parted) => {
      if (viewer.noWash(parted)) return null;
      if (parted) { const m = state.parted ?? Math.max(0.02 * top, 0.1) * 10; return { low: -m, high: m, least: m / 40 }; }
      const low = state.washLow ?? 0.1 * (data.prescription ?? top), high = state.washHigh ?? top;
      return { low: Math.min(low, high * 0.999), high };
    };
    const readout = byId("readout"), sign = (v) => `${v < 0 ? "−" : "+"}${Math.abs(v).toFixed(2)}`;
    const tell = viewer.tell = (point, name = viewer.last) => {
      const found = dose ? SbrtQa.doseAt(dose, ...point) : null, second = data.second?.dose ? SbrtQa.doseAt(data.second.dose, ...point) : null;
      const hu = image ? SbrtQa.huAt(image, name, point) : null;
      const strong = document.createElement("b"), parts = [strong];
      strong.textContent = found === null ? labels.outside : `${found.toFixed(2)} Gy`;
      const percent = found !== null && data.prescription ? ` (${((100 * found) / data.prescription).toFixed(1)} %)` : "";
      const line = (text) => parts.push(document.createElement("br"), document.createTextNode(text));
      parts.push(document.createTextNode(percent));
      const parted = found !== null && second !== null ? found - second : null;
      if (data.second) line(`B ${data.second.name}: ${second === null ? labels.outside : `${second.toFixed(2)} Gy`}`);
      if (parted !== null) line(`${labels.difference}: ${sign(parted)} Gy`);
      line(`x ${point[0].toFixed(1)}, y ${point[1].toFixed(1)}, z ${point[2].toFixed(1)} mm`);
      if (typeof hu === "number") line(`${image.exact ? "" : "≈ "}${Math.round(hu)} HU`);
      readout.replaceChildren(...parts);
      Object.assign(readout.dataset, { doseGy: found ?? "", otherGy: second ?? "", differenceGy: parted ?? "", hu: hu ?? "", x: point[0], y: point[1], z: point[2] });
    };

    /* --- moving about --------------------------------------------------------------------- */
    const visible = (name) => {
      const view = views[name], b = view.frame?.box, plane = PLANES[name];
      if (!b || view.zoom === 1) return;
      const u = state.point[INDEX[plane.u]], v = state.point[INDEX[plane.v]];
      if (u < b.u0 || u > b.u1 || v < b.v0 || v > b.v1) Object.assign(view, { cu: u, cv: v });
    };
    const go = viewer.go = (point) => {
      state.point = ["x", "y", "z"].map((a, i) => Math.min(Math.max(point[i], range[a][0]), range[a][1]));
      state.point[2] = source.z[SbrtQa.nearest(source.z, state.point[2])];
      for (const [name, view] of Object.entries(views)) {
        const value = state.point[INDEX[PLANES[name].w]];
        view.slider.value = name === "axial" ? SbrtQa.nearest(source.z, value) : value;
        view.mm.textContent = `${PLANES[name].w} ${value.toFixed(1)} mm`;
        visible(name);
      }
      tell(state.point);
      SbrtQa.crossed?.(dose ? SbrtQa.doseAt(dose, ...state.point) : null);
      redraw();
    };
    const scroll = viewer.scroll = (name, by) => {
      const axis = PLANES[name].w, point = [...state.point];
      if (axis === "z") point[2] = source.z[Math.min(Math.max(SbrtQa.nearest(source.z, point[2]) + by, 0), source.z.length - 1)];
      else point[INDEX[axis]] += by * steps[axis];
      go(point);
    };
    viewer.zoom = (name, factor, around = null) => {
      const view = views[name], plane = PLANES[name];
      const [u, v] = around ?? [state.point[INDEX[plane.u]], state.point[INDEX[plane.v]]];
      const zoom = Math.min(Math.max(view.zoom * factor, 1), MOST_ZOOM), part = view.zoom / zoom;
      Object.assign(view, { zoom, cu: u + (view.cu - u) * part, cv: v + (view.cv - v) * part });
      redraw();
    };
    viewer.whole = () => { for (const view of Object.values(views)) view.zoom = 1; redraw(); };
    viewer.focus = () => views[viewer.last].canvas.focus({ preventScroll: true });
    viewer.nextView = () => { const all = Object.keys(views); viewer.last = all[(all.indexOf(viewer.last) + 1) % all.length]; viewer.focus(); };
    for (const [name, view] of Object.entries(views)) {
      const axis = PLANES[name].w, { slider } = view;
      if (axis === "z") Object.assign(slider, { min: 0, max: source.z.length - 1, step: 1 });
      else Object.assign(slider, { min: range[axis][0], max: range[axis][1], step: "any" });
      slider.addEventListener("input", () => {
        const point = [...state.point];
        point[INDEX[axis]] = axis === "z" ? source.z[Number(slider.value)] : Number(slider.value);
        viewer.last = name;
        go(point);
      });
    }
    byId("zoom-in").addEventListener("click", () => viewer.zoom(viewer.last, 1.25));
    byId("zoom-out").addEventListener("click", () => viewer.zoom(viewer.last, 0.8));
    byId("zoom-whole").addEventListener("click", () => viewer.whole());

    /* --- places: where limits fail, middles of structures -------------------------------------- */
    const jump = byId("jump");
    data.places.forEach((p, i) => jump.add(new Option(p.id ? `${p.name} · ${p.dose.toFixed(1)} Gy` : `${labels.hotspot} · ${p.dose.toFixed(1)} Gy`, i)));
    const jumpTo = viewer.jumpTo = (i) => {
      if (!data.places[i]) return;
      jump.value = i; state.extra = data.places[i].level; go(data.places[i].point);
    };
    jump.addEventListener("change", () => jumpTo(Number(jump.value)));
    document.querySelectorAll("button.jump").forEach((button) => button.addEventListener("click", () => {
      const i = data.places.findIndex((p) => p.id === button.dataset.place);
      if (i < 0) return;
      jumpTo(i);
      byId("images").scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
      views.axial.canvas.focus({ preventScroll: true });
    }));
    viewer.toCentre = (s) => { viewer.centred = s.key; const c = SbrtQa.centreOf(s); if (c) go(c); };
    viewer.nextCentre = (by) => {
      const drawn = data.structures.filter((s) => state.on.get(s.key) && s.planes.length), at = drawn.findIndex((s) => s.key === viewer.centred);
      if (drawn.length) viewer.toCentre(drawn[(at + by + drawn.length + (at < 0 && by < 0 ? 1 : 0)) % drawn.length]);
    };

    /* --- window and level ----------------------------------------------------------------------- */
    const preset = byId("preset"), width = byId("window"), level = byId("level");
    for (const name of [...Object.keys(WINDOWS), "own"]) preset.add(new Option(labels[name], name));
    const setWindow = viewer.setWindow = (w, l, name = "own") => {
      state.window = Math.min(Math.max(Math.round(w), 1), 5000); state.level = Math.min(Math.max(Math.round(l), -2000), 4000);
      preset.value = name; width.value = state.window; level.value = state.level;
      redraw();
    };
    viewer.preset = (i) => { const name = Object.keys(WINDOWS)[i]; if (image) setWindow(...WINDOWS[name], name); };
    preset.addEventListener("change", () => { if (WINDOWS[preset.value]) setWindow(...WINDOWS[preset.value], preset.value); });
    for (const input of [width, level]) input.addEventListener("change", () => setWindow(Number(width.value) || state.window, Number.isNaN(level.valueAsNumber) ? state.level : level.valueAsNumber));
    setWindow(...WINDOWS.soft, "soft");
    if (!image) [preset, width, level].forEach((input) => { input.disabled = true; });

    /* --- ruler ------------------------------------------------------------------------------------- */
    const plot = SbrtQa.profilePlot(viewer);
    viewer.rulerEnds = () => state.ruler && [state.ruler.a, state.ruler.b].map(([u, v]) => PLANES[state.ruler.name].point(u, v, state.ruler.w));
    viewer.rulerLength = () => Math.hypot(state.ruler.b[0] - state.ruler.a[0], state.ruler.b[1] - state.ruler.a[1]);
    viewer.measure = (name, a, b) => { state.ruler = { name, a, b, w: state.point[INDEX[PLANES[name].w]] }; plot(); redraw(); };
    viewer.rulerKey = () => {
      const { name, w, open, a } = state.ruler ?? {}, plane = PLANES[viewer.last], here = [state.point[INDEX[plane.u]], state.point[INDEX[plane.v]]];
      const goesOn = open && name === viewer.last && w === state.point[INDEX[plane.w]];
      viewer.measure(viewer.last, goesOn ? a : here, here);
      state.ruler.open = !goesOn;
    };
    viewer.clear = () => { state.ruler = null; state.picked = null; plot(); isodoses.list(); redraw(); };
    byId("ruler-clear").addEventListener("click", () => { state.ruler = null; plot(); redraw(); });

    /* --- what is shown -------------------------------------------------------------------- */
    SbrtQa.structureList(viewer);
    const isodoses = SbrtQa.isodoseList(viewer), scale = SbrtQa.washScale(viewer);
    const bind = (id, set) => byId(id).addEventListener("input", (event) => { set(event.target); scale(); redraw(); });
    bind("wash", (one) => { state.wash = one.checked; });
    bind("lines", (one) => { state.lines = one.checked; });
    bind("opacity", (slider) => { state.opacity = Number(slider.value) / 100; });
    viewer.pick = (gy) => { state.picked = gy; isodoses.list(); redraw(); };
    document.addEventListener("dosepicked", (event) => viewer.pick(event.detail));
    const modes = byId("modes");
    modes.hidden = !data.second;
    const setMode = (mode) => { state.mode = mode; modes.querySelectorAll("input").forEach((box) => { box.checked = box.value === mode; }); scale(); redraw(); };
    modes.querySelectorAll("input").forEach((one) => one.addEventListener("change", () => setMode(one.value)));
    if (data.second) { byId("first-name").textContent = data.name; byId("second-name").textContent = data.second.name; setMode("both"); }
    viewer.setMode = (mode) => { if (data.second) setMode(mode); };
    viewer.nextMode = () => { if (data.second) setMode(MODES[(MODES.indexOf(state.mode) + 1) % MODES.length]); };
    SbrtQa.pointer(viewer);
    SbrtQa.keysOf(viewer);

    byId("viewer").hidden = false;
    new ResizeObserver(redraw).observe(byId("viewer"));
    Object.assign(SbrtQa, { state, go, jumpTo, data, viewer });
    go(start);
    jumpTo(data.places.length > 1 ? 1 : 0);
    return viewer;
  };
})();
