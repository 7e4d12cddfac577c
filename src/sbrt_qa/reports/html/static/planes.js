/* Cuts through dose, image and contours. A plane has two axes: u to the right, v downwards. */
(() => {
  /* Index and weight of a value on an even or an uneven axis; null outside. */
  const even = (axis, value) => {
    const place = (value - axis.first) / axis.step;
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
    let best = 0;
    z.forEach((v, i) => { if (Math.abs(v - value) < Math.abs(z[best] - value)) best = i; });
    return best;
  };

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
    const { point } = PLANES[name];
    const nu = Math.floor((box.u1 - box.u0) / step) + 1, nv = Math.floor((box.v1 - box.v0) / step) + 1;
    const values = new Float32Array(nu * nv);
    for (let j = 0; j < nv; j++)
      for (let i = 0; i < nu; i++) {
        const found = doseAt(dose, ...point(box.u0 + i * step, box.v0 + j * step, w));
        values[j * nu + i] = found === null ? NaN : found;
      }
    return { values, nu, nv, u0: box.u0, v0: box.v0, step };
  };

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

  /* Grey values of the image on its own raster in a plane. */
  const imagePlane = (image, name, w) => {
    const { nx, ny, nz, grey } = image, plane = nx * ny;
    if (name === "axial") {
      const k = nearest(image.z, w);
      return { grey: grey.subarray(k * plane, (k + 1) * plane), nu: nx, nv: ny };
    }
    const axis = name === "coronal" ? image.y : image.x;
    const at = Math.round((w - axis.first) / axis.step);
    const nu = name === "coronal" ? nx : ny, out = new Uint8Array(nu * nz);
    if (at >= 0 && at < axis.count)
      for (let k = 0; k < nz; k++)
        for (let i = 0; i < nu; i++)
          out[(nz - 1 - k) * nu + i] = grey[k * plane + (name === "coronal" ? at * nx + i : i * nx + at)];
    return { grey: out, nu, nv: nz };
  };

  /* The loops of a structure on the plane nearest to z, if near enough. */
  const loopsAt = (structure, z) => {
    const { planes } = structure;
    if (!planes.length) return [];
    const best = planes[nearest(planes.map((p) => p.z), z)];
    return Math.abs(best.z - z) <= Math.max(gapOf(structure) / 2, 0.75) ? best.loops : [];
  };
  const gapOf = (structure) => {
    const gaps = structure.planes.slice(1).map((p, i) => p.z - structure.planes[i].z).sort((a, b) => a - b);
    return gaps.length ? gaps[gaps.length >> 1] : 3;
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

  Object.assign(SbrtQa, { doseAt, dosePlane, isolines, imagePlane, loopsAt, gapOf, spans, nearest, PLANES });
})();
