/* One view drawn: image, dose wash, isodoses, contours, ruler, cross and words. */
(() => {
  const { PLANES } = SbrtQa;
  const SIDES = { axial: ["R", "L", "A", "P"], coronal: ["R", "L", "H", "F"], sagittal: ["A", "P", "H", "F"] };
  const INDEX = { x: 0, y: 1, z: 2 };
  const DASHES = [[], [9, 3], [3, 3], [9, 3, 2, 3], [14, 4], [5, 2]];

  /* Of isodoses: the prescribed dose is the heaviest, lower doses get thinner. */
  SbrtQa.WIDTHS = [1.7, 2.6, 2.1, 1.8, 1.6, 1.4, 1.2, 1];
  SbrtQa.DASHES = DASHES;

  SbrtQa.drawing = (viewer) => {
    const { state, data, image } = viewer;
    const buffer = document.createElement("canvas");
    const paint = (pen, pixels, nu, nv, rect) => {
      buffer.width = nu; buffer.height = nv;
      buffer.getContext("2d").putImageData(new ImageData(pixels, nu, nv), 0, 0);
      pen.imageSmoothingEnabled = true; pen.imageSmoothingQuality = "high";
      pen.drawImage(buffer, ...rect);
    };

    /* Where mm lie on a canvas: the same scale to the right and downwards. */
    const frame = (name) => {
      const view = viewer.views[name], b = view.box, plane = PLANES[name];
      const width = view.canvas.clientWidth;
      if (!width) return null;
      const whole = width / (b.u1 - b.u0), height = Math.round((b.v1 - b.v0) * whole), scale = whole * view.zoom;
      const half = { u: width / scale / 2, v: height / scale / 2 };
      view.cu = Math.min(Math.max(view.cu, b.u0 + half.u), b.u1 - half.u);
      view.cv = Math.min(Math.max(view.cv, b.v0 + half.v), b.v1 - half.v);
      const { cu, cv } = view, sign = plane.up ? -1 : 1;
      return {
        width, height, scale, plane, name,
        toU: (u) => (u - cu) * scale + width / 2, toV: (v) => sign * (v - cv) * scale + height / 2,
        fromX: (x) => cu + (x - width / 2) / scale, fromY: (y) => cv + (sign * (y - height / 2)) / scale,
        box: { u0: cu - half.u, u1: cu + half.u, v0: cv - half.v, v1: cv + half.v },
      };
    };

    const draw = (name) => {
      const view = viewer.views[name], f = frame(name);
      if (!f) return;
      const w = state.point[INDEX[f.plane.w]], ratio = devicePixelRatio || 1, { width, height, toU, toV } = f;
      view.frame = f;
      view.canvas.style.height = `${height}px`;
      view.canvas.width = width * ratio; view.canvas.height = height * ratio;
      const pen = view.canvas.getContext("2d");
      pen.scale(ratio, ratio);
      pen.fillStyle = "#000"; pen.fillRect(0, 0, width, height);
      const waiting = image ? drawImage(pen, f, w) : false;
      drawDose(pen, f, w);
      const off = drawContours(pen, f, w);
      if (state.ruler?.name === name && Math.abs(state.ruler.w - w) < 1e-6) drawRuler(pen, f);
      drawCross(pen, f, toU(state.point[INDEX[f.plane.u]]), toV(state.point[INDEX[f.plane.v]]));
      drawWords(pen, f, waiting, off);
    };

    const drawImage = (pen, f, w) => {
      const at = SbrtQa.indexIn(image, f.name, w);
      if (at === null) return false;
      const found = image.cut(f.name, at);
      if (!found) return true;
      const cut = f.plane.up ? SbrtQa.evenRows(found, image.z) : found;
      const { nu, nv, hu } = cut, pixels = new Uint8ClampedArray(nu * nv * 4), low = state.level - state.window / 2, by = 255 / state.window;
      for (let j = 0; j < nv; j++) {
        let to = 4 * (f.plane.up ? nv - 1 - j : j) * nu;
        for (let i = j * nu; i < (j + 1) * nu; i++, to += 4) {
          pixels[to] = pixels[to + 1] = pixels[to + 2] = (hu[i] - low) * by; pixels[to + 3] = 255;
        }
      }
      const rows = f.plane.up ? { first: image.z[0], last: image.z[image.z.length - 1] } : image[f.plane.v];
      const columns = image[f.plane.u], du = (columns.last - columns.first) / Math.max(nu - 1, 1) / 2, dv = (rows.last - rows.first) / Math.max(nv - 1, 1) / 2;
      const left = f.toU(columns.first - du), right = f.toU(columns.last + du);
      const ends = [f.toV(rows.first - dv), f.toV(rows.last + dv)];
      paint(pen, pixels, nu, nv, [left, Math.min(...ends), right - left, Math.abs(ends[1] - ends[0])]);
      return false;
    };

    /* Rasters of the dose shown, and of what lies beside it. */
    const rasters = (f, w) => {
      const step = Math.max((f.box.u1 - f.box.u0) / 260, 0.1), { second } = data;
      const of = (dose) => (dose ? SbrtQa.dosePlane(dose, f.name, w, f.box, step) : null);
      const first = state.mode === "b" ? null : of(data.dose), other = second && state.mode !== "a" ? of(second.dose) : null;
      return { first, other, step };
    };
    const drawDose = (pen, f, w) => {
      if (!state.wash && !state.lines) return;
      const { first, other, step } = rasters(f, w);
      const parted = state.mode === "diff" && first && other;
      const cut = parted ? SbrtQa.difference(first, other) : first ?? other;
      if (!cut) return;
      if (state.wash && viewer.scale(parted)) drawWash(pen, f, cut, step, viewer.scale(parted), parted);
      if (state.lines) {
        if (first) drawLines(pen, f, first, false);
        if (other) drawLines(pen, f, other, Boolean(first));
      }
    };
    const drawWash = (pen, f, cut, step, scale, parted) => {
      const { nu, nv, values } = cut, pixels = new Uint8ClampedArray(nu * nv * 4), alpha = state.opacity * 255;
      const table = parted ? SbrtQa.colours.parted : SbrtQa.colours.rising;
      for (let j = 0; j < nv; j++)
        for (let i = 0; i < nu; i++) {
          const gy = values[j * nu + i];
          if (Number.isNaN(gy) || (parted ? Math.abs(gy) < scale.least : gy < scale.low)) continue;
          const g = Math.min(Math.max(Math.round((255 * (gy - scale.low)) / (scale.high - scale.low)), 0), 255);
          const to = 4 * ((f.plane.up ? nv - 1 - j : j) * nu + i);
          pixels[to] = table[3 * g]; pixels[to + 1] = table[3 * g + 1]; pixels[to + 2] = table[3 * g + 2]; pixels[to + 3] = alpha;
        }
      const ends = [f.toV(cut.v0 - step / 2), f.toV(cut.v0 + (nv - 0.5) * step)];
      const left = f.toU(cut.u0 - step / 2), right = f.toU(cut.u0 + (nu - 0.5) * step);
      paint(pen, pixels, nu, nv, [left, Math.min(...ends), right - left, Math.abs(ends[1] - ends[0])]);
    };
    const drawLines = (pen, f, cut, dashed) => {
      const all = state.levels.filter((l) => l.on && l.gy > 0).map((l) => [l.gy, l.colour, l.wide ?? 1.6, l.dash]);
      if (state.extra !== null) all.push([state.extra, "#ffffff", 2.4, 0]);
      if (state.picked !== null) all.push([state.picked, "#ffffff", 2.4, 2]);
      for (const [n, [gy, colour, wide, dash]] of all.entries()) {
        const lines = SbrtQa.isolines(cut, gy);
        if (!lines.length) continue;
        pen.setLineDash([]);
        pen.beginPath();
        for (const [a, c, d, e] of lines) { pen.moveTo(f.toU(a), f.toV(c)); pen.lineTo(f.toU(d), f.toV(e)); }
        pen.globalAlpha = state.wash ? 1 : Math.min(0.35 + 1.6 * state.opacity, 1);
        pen.strokeStyle = "rgba(0,0,0,.6)"; pen.lineWidth = wide + 1.4; pen.stroke();
        if (dashed || dash) { stroked(pen, joined(lines), f, dashed ? [2, 4] : DASHES[dash % DASHES.length], colour, wide); }
        else { pen.strokeStyle = colour; pen.lineWidth = wide; pen.stroke(); }
        pen.globalAlpha = 1; pen.setLineDash([]);
        if (!dashed) name(pen, f, lines, gy, n);
      }
    };
    /* Segments put end to end, so that a dash runs on along a line. */
    const joined = (lines) => {
      const key = (u, v) => `${Math.round(u * 1e4)},${Math.round(v * 1e4)}`, at = new Map(), used = new Uint8Array(lines.length), out = [];
      lines.forEach(([a, b, c, d], i) => { for (const k of [key(a, b), key(c, d)]) at.has(k) ? at.get(k).push(i) : at.set(k, [i]); });
      lines.forEach((line, start) => {
        if (used[start]) return;
        used[start] = 1;
        const chain = [[line[0], line[1]], [line[2], line[3]]];
        for (const back of [false, true])
          for (;;) {
            const end = back ? chain[0] : chain[chain.length - 1], next = (at.get(key(...end)) ?? []).find((i) => !used[i]);
            if (next === undefined) break;
            used[next] = 1;
            const [a, b, c, d] = lines[next], point = key(a, b) === key(...end) ? [c, d] : [a, b];
            if (back) chain.unshift(point); else chain.push(point);
          }
        out.push(chain);
      });
      return out;
    };
    const stroked = (pen, chains, f, dash, colour, wide) => {
      pen.setLineDash(dash); pen.strokeStyle = colour; pen.lineWidth = wide;
      pen.beginPath();
      for (const chain of chains) chain.forEach(([u, v], i) => pen[i ? "lineTo" : "moveTo"](f.toU(u), f.toV(v)));
      pen.stroke();
    };
    /* The dose of a line written beside it, each line's at another side. */
    const name = (pen, f, lines, gy, n) => {
      let best = null, far = -Infinity;
      const angle = n * 0.7, along = (u, v) => u * Math.cos(angle) + v * Math.sin(angle);
      for (const [u, v] of lines) {
        const x = f.toU(u), y = f.toV(v), way = along(x, y);
        if (way > far && x > 20 && x < f.width - 40 && y > 24 && y < f.height - 24) { far = way; best = [x, y]; }
      }
      if (best) word(pen, gy.toFixed(gy < 10 ? 2 : 1), best[0] + 4, best[1], "left", '600 11px "Report CJK", system-ui, sans-serif');
    };

    /* Every point that is a third of a pixel or more from the one drawn before it: nobody sees the others. */
    const outline = (pen, f, loop) => {
      let x = f.toU(loop[0]), y = f.toV(loop[1]);
      pen.moveTo(x, y);
      for (let i = 2; i < loop.length; i += 2) {
        const u = f.toU(loop[i]), v = f.toV(loop[i + 1]);
        if (Math.abs(u - x) + Math.abs(v - y) < 0.33) continue;
        pen.lineTo(u, v);
        x = u; y = v;
      }
      pen.closePath();
    };
    const drawContours = (pen, f, w) => {
      let off = 0;
      const every = state.mode === "b" ? [] : data.structures.map((s) => [s, false]);
      if (data.second && state.mode !== "a") every.push(...data.second.structures.map((s) => [s, state.mode !== "b"]));
      for (const [s, dashed] of every) {
        if (!state.on.get(s.key)) continue;
        pen.beginPath();
        if (f.name === "axial") {
          const plane = SbrtQa.planeAt(s, w);
          if (plane && Math.abs(plane.z - w) > Math.abs(off)) off = plane.z - w;
          for (const loop of plane?.loops ?? []) {
            outline(pen, f, loop);
          }
        } else for (const [a, b, c, d] of SbrtQa.upright(s, f.name, w)) { pen.moveTo(f.toU(a), f.toV(b)); pen.lineTo(f.toU(c), f.toV(d)); }
        pen.setLineDash(dashed ? [6, 4] : []);
        pen.strokeStyle = "rgba(0,0,0,.55)"; pen.lineWidth = 2.8; pen.stroke();
        pen.strokeStyle = s.colour; pen.lineWidth = 1.6; pen.stroke();
      }
      pen.setLineDash([]);
      return off;
    };
    const drawRuler = (pen, f) => {
      const { a, b } = state.ruler, from = [f.toU(a[0]), f.toV(a[1])], to = [f.toU(b[0]), f.toV(b[1])];
      for (const [colour, wide] of [["#000", 4], ["#fff", 2]]) {
        pen.strokeStyle = colour; pen.lineWidth = wide;
        pen.beginPath(); pen.moveTo(...from); pen.lineTo(...to); pen.stroke();
        for (const end of [from, to]) { pen.beginPath(); pen.arc(...end, 4, 0, 2 * Math.PI); pen.stroke(); }
      }
      word(pen, `${viewer.rulerLength().toFixed(1)} mm`, (from[0] + to[0]) / 2 + 8, (from[1] + to[1]) / 2 - 8, "left", '600 13px "Report CJK", system-ui, sans-serif');
    };
    const drawCross = (pen, f, x, y) => {
      pen.strokeStyle = "rgba(255,235,59,.9)"; pen.lineWidth = 1; pen.setLineDash([]);
      pen.beginPath();
      pen.moveTo(0, y); pen.lineTo(x - 9, y); pen.moveTo(x + 9, y); pen.lineTo(f.width, y);
      pen.moveTo(x, 0); pen.lineTo(x, y - 9); pen.moveTo(x, y + 9); pen.lineTo(x, f.height);
      pen.stroke();
    };
    const word = (pen, text, x, y, align, font = '12px "Report CJK", system-ui, sans-serif') => {
      pen.font = font; pen.textAlign = align; pen.textBaseline = "middle"; pen.lineJoin = "round"; pen.setLineDash([]);
      pen.strokeStyle = "#000"; pen.lineWidth = 3; pen.fillStyle = "#fff";
      pen.strokeText(text, x, y); pen.fillText(text, x, y);
    };
    const drawWords = (pen, f, waiting, off) => {
      const { width, height, scale } = f, view = viewer.views[f.name], bold = '600 14px "Report CJK", system-ui, sans-serif';
      const [left, right, top, bottom] = SIDES[f.name];
      word(pen, left, 7, height / 2, "left", bold); word(pen, right, width - 7, height / 2, "right", bold);
      word(pen, top, width / 2, 12, "center", bold); word(pen, bottom, width / 2, height - 12, "center", bold);
      const long = [50, 20, 10, 5, 2, 1].find((mm) => mm * scale < 0.3 * width) ?? 1, bar = long * scale;
      for (const [colour, wide] of [["#000", 4], ["#fff", 2]]) {
        pen.beginPath(); pen.moveTo(12, height - 20); pen.lineTo(12, height - 14); pen.lineTo(12 + bar, height - 14); pen.lineTo(12 + bar, height - 20);
        pen.strokeStyle = colour; pen.lineWidth = wide; pen.stroke();
      }
      word(pen, long >= 10 ? `${long / 10} cm` : `${long} mm`, 12 + bar / 2, height - 26, "center");
      const told = image ? [`W ${Math.round(state.window)}  L ${Math.round(state.level)}`] : [];
      if (view.zoom > 1) told.push(`${view.zoom.toFixed(1)} ×`);
      told.forEach((text, i) => word(pen, text, 8, 14 + 16 * i, "left"));
      const below = [];
      if (waiting) below.push(data.labels.waiting);
      if (image && !image.exact) below.push(image.note);
      if (Math.abs(off) > 0.05) below.push(`${data.labels.offslice} ${off > 0 ? "+" : "−"}${Math.abs(off).toFixed(1)} mm`);
      below.filter(Boolean).forEach((text, i) => word(pen, text, width - 8, 30 + 15 * i, "right", '11px "Report CJK", system-ui, sans-serif'));
      view.told = [...told, ...below];
    };
    return { draw, frame };
  };
})();
