/* From the payload to arrays: base64, deflate, differences. */
(() => {
  const PIECE = 1 << 18;
  const bytes = (given) => {
    if (typeof given !== "string") return new Uint8Array(given);
    const padded = given.endsWith("==") ? 2 : given.endsWith("=") ? 1 : 0;
    const out = new Uint8Array((given.length / 4) * 3 - padded);
    for (let from = 0, at = 0; from < given.length; from += PIECE) {
      const raw = atob(given.slice(from, from + PIECE));
      for (let i = 0; i < raw.length; i++, at++) out[at] = raw.charCodeAt(i);
    }
    return out;
  };
  /* Bytes inflated straight into their place, of which the size is known. */
  const inflated = async (given, size) => {
    const reader = new Blob([bytes(given)]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    const out = new Uint8Array(size);
    let at = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      out.set(value, at);
      at += value.length;
    }
    if (at !== size) throw new Error("the page is not whole");
    return out;
  };
  const axis = ([first, step, count]) => ({ first, step, count, last: first + step * (count - 1) });

  const curves = async (given) => {
    const n = given.count, all = new Float32Array((await inflated(given.data, 4 * n * given.items.length)).buffer);
    const dose = Float64Array.from({ length: n }, (_, i) => Math.round(i * given.step * 1e6) / 1e6);
    const items = given.items.map((item, k) => ({ ...item, cc: all.subarray(k * n, (k + 1) * n) }));
    return { dose, items };
  };

  /* Undo zigzag, then the sums along z, y and x, all modulo 2^16. */
  const dose = async (given) => {
    const n = given.x[2] * given.y[2] * given.z.length, raw = await inflated(given.data, 2 * n), units = new Uint16Array(n);
    for (let i = 0; i < n; i++) {
      const t = raw[i] | (raw[n + i] << 8);
      units[i] = (t >>> 1) ^ -(t & 1);
    }
    const nx = given.x[2], ny = given.y[2], nz = given.z.length, plane = nx * ny;
    if (given.axes === 3) {
      for (let i = plane; i < n; i++) units[i] += units[i - plane];
      for (let k = 0; k < nz; k++)
        for (let i = k * plane + nx; i < (k + 1) * plane; i++) units[i] += units[i - nx];
    }
    for (let row = 0; row < n; row += nx)
      for (let i = row + 1; i < row + nx; i++) units[i] += units[i - 1];
    return { units, step: given.step, x: axis(given.x), y: axis(given.y), z: given.z, nx, ny, nz };
  };

  /* Points of all loops: differences in zigzag, in groups of seven bits in a byte or of three in half a
     byte, with one bit above them where the number goes on. Where there are very many they stay packed,
     and a plane is unpacked when it is looked at. */
  const KEPT_POINTS = 4e6;
  let passing = new Float32Array(0);
  class Plane {
    constructor(z, sizes, at, packed) { Object.assign(this, { z, sizes, at, packed, kept: null }); }
    get count() { return this.sizes.reduce((sum, size) => sum + size, 0); }
    get loops() {
      if (this.kept) return this.kept;
      const loops = this.read(new Float32Array(2 * this.count));
      if (this.packed.points <= KEPT_POINTS) this.kept = loops;
      return loops;
    }
    /* The same, in memory that is used again for the next plane. */
    get passing() {
      if (this.packed.points <= KEPT_POINTS) return this.loops;
      if (passing.length < 2 * this.count) passing = new Float32Array(4 * this.count);
      return this.read(passing);
    }
    read(room) {
      const { group, bits, unit } = this.packed, more = 1 << bits, number = more - 1;
      let at = this.at, from = 0;
      return this.sizes.map((size) => {
        const loop = room.subarray(from, from + 2 * size);
        from += 2 * size;
        for (let i = 0, x = 0, y = 0; i < 2 * size; i += 2) {
          let b = group(at++), t = b & number;
          for (let shift = bits; b & more; shift += bits) { b = group(at++); t |= (b & number) << shift; }
          x += (t >>> 1) ^ -(t & 1);
          b = group(at++); t = b & number;
          for (let shift = bits; b & more; shift += bits) { b = group(at++); t |= (b & number) << shift; }
          y += (t >>> 1) ^ -(t & 1);
          loop[i] = x * unit; loop[i + 1] = y * unit;
        }
        return loop;
      });
    }
  }
  const contours = async (structures, given) => {
    const raw = await inflated(given.data, given.size), halves = given.bits === 3;
    const group = halves ? (at) => (raw[at >> 1] >> ((at & 1) << 2)) & 15 : (at) => raw[at];
    const packed = { group, bits: halves ? 3 : 7, unit: given.unit, points: 0 }, more = 1 << packed.bits;
    let at = 0;
    const found = structures.map((s) => ({
      ...s,
      planes: s.planes.map(([z, ...sizes]) => {
        const plane = new Plane(z, sizes, at, packed), { count } = plane;
        packed.points += count;
        for (let left = 2 * count; left; at++) if (group(at) < more) left -= 1;
        return plane;
      }).sort((a, b) => a.z - b.z),
    }));
    if ((halves ? (at + 1) >> 1 : at) !== raw.length) throw new Error("the contours are not whole");
    return found;
  };

  const image = async (given) => {
    const bitmap = await createImageBitmap(new Blob([bytes(given.data)], { type: "image/webp" }));
    const nx = given.x[2], ny = given.y[2], nz = given.z.length;
    const grey = new Uint8Array(nx * ny * nz);
    /* Row by row: a canvas of the whole would hold all pixels a second time, four bytes each. */
    const canvas = new OffscreenCanvas(bitmap.width, ny), context = canvas.getContext("2d", { willReadFrequently: true });
    for (let k = 0; k < nz; k++) {
      const column = k % given.columns;
      if (column === 0) context.drawImage(bitmap, 0, -Math.floor(k / given.columns) * ny);
      const tile = context.getImageData(column * nx, 0, nx, ny).data;
      for (let i = 0, at = k * nx * ny; i < nx * ny; i++) grey[at + i] = tile[4 * i];
    }
    bitmap.close();
    canvas.width = canvas.height = 0;
    const hu = Float32Array.from({ length: 256 }, (_, g) => {
      let i = 0;
      while (i < given.grey.length - 2 && g > given.grey[i + 1]) i++;
      return given.hu[i] + ((g - given.grey[i]) / (given.grey[i + 1] - given.grey[i])) * (given.hu[i + 1] - given.hu[i]);
    });
    const known = { x: axis(given.x), y: axis(given.y), z: given.z, nx, ny, nz, exact: false };
    return { ...known, note: given.note, cut: (name, at) => SbrtQa.cutOf(known, name, at, (i) => hu[grey[i]]) };
  };

  /* Every text is let go of once it is unpacked. */
  SbrtQa.load = async () => {
    const data = JSON.parse(document.getElementById("payload").textContent);
    data.curves = await curves(data.curves);
    if (data.dose) data.dose = await dose(data.dose);
    if (data.image) data.image = await image(data.image);
    data.structures = await contours(data.structures, data.contours);
    delete data.contours;
    if (data.second) data.second = await SbrtQa.second(data.second);
    return { dose: null, image: null, second: null, ...data };
  };
  /* Another plan to hold beside the first: its name, dose and structures. */
  SbrtQa.second = async ({ contours: packed, ...given }) => ({
    ...given,
    dose: given.dose ? await dose(given.dose) : null,
    structures: await contours(given.structures, packed),
  });
  Object.assign(SbrtQa, { unpack: { curves, dose, contours, image, axis } });
})();
