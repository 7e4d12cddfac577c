/* Cuts through dose, image and contours. A plane has two axes: u to the right, v downwards, in mm
   of the patient: x to the left, y to the back, z to the head. */
(() => {
  /* Index and weight of a value on an even or an uneven axis; null outside. */
  const even = (axis, value) => {
    const place = axis.count > 1 ? (value - axis.first) / axis.step : 0;
    if (place < -1e-9 || place > axis.count - 1 + 1e-9) return null;
    const i = Math.min(Math.max(Math.floor(place), 0), Math.max(axis.count - 2, 0));
    return [i, Math.min(Math.max(place - i, 0), 1)];
  };
  const uneven = (z, value) => {
    if (value < z[0] - 1e-6 || value > z[z.length - 1] + 1e-6) return null;
    let low = 0, high = z.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (z[middle] <= value) low = middle; else high = middle;
    }
    if (high === low) return [0, 0];
    return [low, Math.min(Math.max((value - z[low]) / (z[high] - z[low]), 0), 1)];
  };
  const nearest = (z, value) => {
    let low = 0, high = z.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (z[middle] <= value) low = middle; else high = middle;
    }
    return Math.abs(z[high] - value) < Math.abs(z[low] - value) ? high : low;
  };
  const place = (grid, letter, value) => (letter === "z" ? uneven(grid.z, value) : even(grid[letter], value));

  /* The trilinear dose at a point in mm, in Gy; null where none is shown. */
  const doseAt = (dose, x, y, z) => {
    const a = even(dose.x, x), b = even(dose.y, y), c = uneven(dose.z, z);
    if (!a || !b || !c) return null;
    const { units, nx, ny } = dose, row = nx, plane = nx * ny;
    let sum = 0;
    for (let corner = 0; corner < 8; corner++) {
      const i = corner & 1, j = (corner >> 1) & 1, k = corner >> 2;
      const weight = (i ? a[1] : 1 - a[1]) * (j ? b[1] : 1 - b[1]) * (k ? c[1] : 1 - c[1]);
      if (weight > 0) sum += weight * units[(c[0] + k) * plane + (b[0] + j) * row + a[0] + i];
    }
    return sum * dose.step;
  };

  const PLANES = {
    axial: { u: "x", v: "y", w: "z", point: (u, v, w) => [u, v, w] },
    coronal: { u: "x", v: "z", w: "y", point: (u, v, w) => [u, w, v], up: true },
    sagittal: { u: "y", v: "z", w: "x", point: (u, v, w) => [w, u, v], up: true },
  };

  /* Dose on a raster of a plane: values in Gy, NaN where there is none. */
  const dosePlane = (dose, name, w, box, step) => {
    const plane = PLANES[name];
    const nu = Math.max(Math.floor((box.u1 - box.u0) / step + 1e-9) + 1, 2), nv = Math.max(Math.floor((box.v1 - box.v0) / step + 1e-9) + 1, 2);
    const values = new Float32Array(nu * nv).fill(NaN), found = { values, nu, nv, u0: box.u0, v0: box.v0, step };
    const c = place(dose, plane.w, w);
    if (!c) return found;
    const stride = { x: 1, y: dose.nx, z: dose.nx * dose.ny }, count = { x: dose.nx, y: dose.ny, z: dose.nz };
    const us = Array.from({ length: nu }, (_, i) => place(dose, plane.u, box.u0 + i * step));
    const next = (letter) => (count[letter] > 1 ? stride[letter] : 0);
    const su = next(plane.u), sv = next(plane.v), sw = next(plane.w), units = dose.units;
    for (let j = 0; j < nv; j++) {
      const b = place(dose, plane.v, box.v0 + j * step);
      if (!b) continue;
      for (let i = 0; i < nu; i++) {
        const a = us[i];
        if (!a) continue;
        const at = a[0] * stride[plane.u] + b[0] * stride[plane.v] + c[0] * stride[plane.w];
        const line = (from) => units[from] + a[1] * (units[from + su] - units[from]);
        const sheet = (from) => { const one = line(from); return b[1] ? one + b[1] * (line(from + sv) - one) : one; };
        const low = sheet(at);
        values[j * nu + i] = (c[1] ? low + c[1] * (sheet(at + sw) - low) : low) * dose.step;
      }
    }
    return found;
  };
  /* What one raster has more than another on the same places. */
  const difference = (one, other) => ({ ...one, values: one.values.map((v, i) => v - other.values[i]) });

  /* Line segments [u, v, u, v] at one dose: marching squares, linear along edges. */
  const isolines = (plane, level) => {
    const { values, nu, nv, u0, v0, step } = plane, found = [];
    const cut = (a, b) => (level - a) / (b - a);
    for (let j = 0; j + 1 < nv; j++)
      for (let i = 0; i + 1 < nu; i++) {
        const at = j * nu + i;
        const p = values[at], q = values[at + 1], r = values[at + nu + 1], s = values[at + nu];
        const kind = (p >= level) | ((q >= level) << 1) | ((r >= level) << 2) | ((s >= level) << 3);
        if (kind === 0 || kind === 15 || Number.isNaN(p + q + r + s)) continue;
        const x = u0 + i * step, y = v0 + j * step;
        const ends = [];
        if ((p >= level) !== (q >= level)) ends.push([x + step * cut(p, q), y]);
        if ((q >= level) !== (r >= level)) ends.push([x + step, y + step * cut(q, r)]);
        if ((s >= level) !== (r >= level)) ends.push([x + step * cut(s, r), y + step]);
        if ((p >= level) !== (s >= level)) ends.push([x, y + step * cut(p, s)]);
        for (let k = 0; k + 1 < ends.length; k += 2) found.push([...ends[k], ...ends[k + 1]]);
      }
    return found;
  };

  /* Where a plane at w lies in an image: the index of the nearest slice, row or column; null outside. */
  const indexIn = (image, name, w) => {
    const letter = PLANES[name].w;
    if (letter === "z") return nearest(image.z, w);
    const axis = image[letter], at = Math.round((w - axis.first) / axis.step);
    return at >= 0 && at < axis.count ? at : null;
  };
  /* One plane of an image, first row at the lowest v; `value` gives HU by the place in the whole. */
  const cutOf = (image, name, at, value) => {
    const { nx, ny, nz } = image, plane = nx * ny;
    const [nu, nv, from, su, sv] = {
      axial: [nx, ny, at * plane, 1, nx], coronal: [nx, nz, at * nx, 1, plane], sagittal: [ny, nz, at, nx, plane],
    }[name];
    const hu = new Float32Array(nu * nv);
    for (let j = 0; j < nv; j++) for (let i = 0; i < nu; i++) hu[j * nu + i] = value(from + i * su + j * sv);
    return { hu, nu, nv };
  };
  /* The same with rows evenly apart, as a picture needs them, between slices in proportion. */
  const evenRows = (cut, z) => {
    if (z.length < 2) return cut;
    let least = Infinity, most = 0;
    for (let k = 1; k < z.length; k++) { least = Math.min(least, z[k] - z[k - 1]); most = Math.max(most, z[k] - z[k - 1]); }
    if (most - least < 1e-3 * most) return cut;
    const nv = Math.min(Math.round((z[z.length - 1] - z[0]) / least) + 1, 2000), hu = new Float32Array(cut.nu * nv);
    for (let j = 0; j < nv; j++) {
      const [k, part] = uneven(z, z[0] + (j * (z[z.length - 1] - z[0])) / (nv - 1));
      const low = k * cut.nu, high = Math.min(k + 1, z.length - 1) * cut.nu;
      for (let i = 0; i < cut.nu; i++) hu[j * cut.nu + i] = cut.hu[low + i] + part * (cut.hu[high + i] - cut.hu[low + i]);
    }
    return { hu, nu: cut.nu, nv };
  };
  /* HU of the voxel in which a point lies; null outside, undefined while it is not here yet. */
  const huAt = (image, name, point) => {
    const at = indexIn(image, name, point["xyz".indexOf(PLANES[name].w)]);
    if (at === null) return null;
    const { u, v } = PLANES[name], index = (letter) => {
      const value = point["xyz".indexOf(letter)], axis = letter === "z" ? null : image[letter];
      const i = axis ? Math.round((value - axis.first) / axis.step) : nearest(image.z, value);
      return i >= 0 && i < (axis ? axis.count : image.nz) ? i : null;
    };
    const i = index(u), j = index(v);
    if (i === null || j === null) return null;
    const cut = image.cut(name, at);
    return cut ? cut.hu[j * cut.nu + i] : undefined;
  };

  /* The plane of a structure that belongs to z: the nearest, if near enough; null where there is none. */
  const planeAt = (structure, z) => {
    const { planes } = structure;
    if (!planes.length) return null;
    structure.heights ??= planes.map((p) => p.z);
    const best = planes[nearest(structure.heights, z)];
    return Math.abs(best.z - z) <= Math.max(gapOf(structure) / 2, 0.75) + 1e-6 ? best : null;
  };
  const loopsAt = (structure, z) => planeAt(structure, z)?.loops ?? [];
  const gapOf = (structure) => {
    if (structure.gap === undefined) {
      const gaps = structure.planes.slice(1).map((p, i) => p.z - structure.planes[i].z).sort((a, b) => a - b);
      structure.gap = gaps.length ? gaps[gaps.length >> 1] : 3;
    }
    return structure.gap;
  };
  /* Where a structure lies along a line of one of its planes: even-odd pairs. */
  const spans = (loops, fixed, value) => {
    const other = 1 - fixed, cuts = [];
    for (const loop of loops)
      for (let i = 0, n = loop.length / 2; i < n; i++) {
        const j = (i + 1) % n, a = loop[2 * i + fixed], b = loop[2 * j + fixed];
        if ((a <= value) !== (b <= value))
          cuts.push(loop[2 * i + other] + ((value - a) / (b - a)) * (loop[2 * j + other] - loop[2 * i + other]));
      }
    return cuts.sort((a, b) => a - b);
  };
  /* Whether a point lies in a structure, on the plane that belongs to it. */
  const isIn = (structure, x, y, z) => {
    const cuts = spans(loopsAt(structure, z), 1, y);
    return cuts.filter((cut) => cut <= x).length % 2 === 1;
  };

  /* The outline of a structure in an upright plane, as lines [u, z, u, z]: from slice to slice where
     one piece goes on as one piece, half way where pieces part, join, begin or end. The last of either
     view is kept, so that looking through slices does not make it anew. */
  const upright = (structure, name, w) => {
    structure.uprights ??= {};
    if (structure.uprights[name]?.w !== w) structure.uprights[name] = { w, lines: outlined(structure, name, w) };
    return structure.uprights[name].lines;
  };
  const outlined = (structure, name, w) => {
    const fixed = name === "coronal" ? 1 : 0, half = gapOf(structure) / 2, lines = [];
    const rows = structure.planes.map((p) => ({ z: p.z, cuts: spans(p.passing, fixed, w) }));
    const pairs = (cuts) => Array.from({ length: cuts.length >> 1 }, (_, i) => [cuts[2 * i], cuts[2 * i + 1]]);
    const flat = (cuts, z) => pairs(cuts).forEach(([a, b]) => lines.push([a, z, b, z]));
    const rise = (cuts, low, high) => cuts.forEach((u) => lines.push([u, low, u, high]));
    const mixed = (a, b) => {
      const ends = [...a, ...b].sort((p, q) => p - q), out = [];
      for (let i = 0; i + 1 < ends.length; i += 2) if (ends[i + 1] > ends[i]) out.push(ends[i], ends[i + 1]);
      return out;
    };
    rows.forEach(({ z, cuts }, k) => {
      const above = rows[k + 1];
      if (k === 0) { rise(cuts, z - half, z); flat(cuts, z - half); }
      if (!above || above.z - z > 3 * half) {
        rise(cuts, z, z + half); flat(cuts, z + half);
        if (above) { rise(above.cuts, above.z - half, above.z); flat(above.cuts, above.z - half); }
        return;
      }
      const mine = pairs(cuts), theirs = pairs(above.cuts), meet = (a, b) => a[0] <= b[1] && b[0] <= a[1];
      const leftMine = [], leftTheirs = [], taken = new Set();
      for (const a of mine) {
        const found = theirs.filter((b) => meet(a, b));
        if (found.length === 1 && mine.filter((c) => meet(c, found[0])).length === 1) {
          taken.add(found[0]);
          lines.push([a[0], z, found[0][0], above.z], [a[1], z, found[0][1], above.z]);
        } else leftMine.push(...a);
      }
      for (const b of theirs) if (!taken.has(b)) leftTheirs.push(...b);
      const middle = (z + above.z) / 2;
      rise(leftMine, z, middle); rise(leftTheirs, middle, above.z);
      flat(mixed(leftMine, leftTheirs), middle);
    });
    return lines;
  };

  /* The middle of a structure: of its area on every plane; null without contours. */
  const centreOf = (structure) => {
    let area = 0, x = 0, y = 0, z = 0;
    for (const plane of structure.planes)
      for (const loop of plane.passing) {
        let a = 0, cx = 0, cy = 0;
        for (let i = 0, n = loop.length; i < n; i += 2) {
          const j = (i + 2) % n, cross = loop[i] * loop[j + 1] - loop[j] * loop[i + 1];
          a += cross; cx += (loop[i] + loop[j]) * cross; cy += (loop[i + 1] + loop[j + 1]) * cross;
        }
        if (!a) continue;
        const size = Math.abs(a / 2);
        area += size; x += size * (cx / (3 * a)); y += size * (cy / (3 * a)); z += size * plane.z;
      }
    return area ? [x / area, y / area, z / area] : null;
  };

  /* Dose along a line between two points in mm: distance from the first, and Gy or null. */
  const profile = (dose, from, to, count = 201) => Array.from({ length: count }, (_, i) => {
    const part = i / (count - 1), at = from.map((a, n) => a + part * (to[n] - a));
    return [part * Math.hypot(...to.map((b, n) => b - from[n])), doseAt(dose, ...at)];
  });

  Object.assign(SbrtQa, {
    doseAt, dosePlane, difference, isolines, indexIn, cutOf, evenRows, huAt, planeAt, loopsAt, gapOf, spans, isIn, upright, centreOf, profile, nearest, PLANES,
  });
})();
