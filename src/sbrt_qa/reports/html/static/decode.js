/* From the payload to arrays: base64, deflate, differences. */
(() => {
  const bytes = (given) => {
    if (typeof given !== "string") return new Uint8Array(given);
    const raw = atob(given), out = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
    return out;
  };
  const inflated = async (text) => {
    const stream = new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).arrayBuffer();
  };
  const axis = ([first, step, count]) => ({ first, step, count, last: first + step * (count - 1) });

  const curves = async (given) => {
    const all = new Float32Array(await inflated(given.data)), n = given.count;
    const dose = Float64Array.from({ length: n }, (_, i) => Math.round(i * given.step * 1e6) / 1e6);
    const items = given.items.map((item, k) => ({ ...item, cc: all.subarray(k * n, (k + 1) * n) }));
    return { dose, items };
  };

  /* Undo zigzag, then the sums along z, y and x, all modulo 2^16. */
  const dose = async (given) => {
    const raw = new Uint8Array(await inflated(given.data)), n = raw.length / 2;
    const units = new Uint16Array(n);
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

  /* Points of all loops: 32-bit differences, zigzag, byte by byte. */
  const contours = async (structures, given) => {
    const raw = new Uint8Array(await inflated(given.data)), n = raw.length / 4;
    let at = 0;
    const next = () => {
      const t = (raw[at] | (raw[n + at] << 8) | (raw[2 * n + at] << 16) | (raw[3 * n + at] << 24)) >>> 0;
      at += 1;
      return (t >>> 1) ^ -(t & 1);
    };
    return structures.map((s) => ({
      ...s,
      planes: s.planes.map(([z, ...sizes]) => ({
        z,
        loops: sizes.map((size) => {
          const loop = new Float32Array(size * 2);
          for (let i = 0, x = 0, y = 0; i < size; i++) {
            x += next(); y += next();
            loop[2 * i] = x * given.unit; loop[2 * i + 1] = y * given.unit;
          }
          return loop;
        }),
      })).sort((a, b) => a.z - b.z),
    }));
  };

  const image = async (given) => {
    const bitmap = await createImageBitmap(new Blob([bytes(given.data)], { type: "image/webp" }));
    const canvas = document.createElement("canvas");
    canvas.width = bitmap.width; canvas.height = bitmap.height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    const nx = given.x[2], ny = given.y[2], nz = given.z.length;
    const grey = new Uint8Array(nx * ny * nz);
    for (let k = 0; k < nz; k++) {
      const tile = context.getImageData((k % given.columns) * nx, Math.floor(k / given.columns) * ny, nx, ny).data;
      for (let i = 0, at = k * nx * ny; i < nx * ny; i++) grey[at + i] = tile[4 * i];
    }
    const hu = Float32Array.from({ length: 256 }, (_, g) => {
      let i = 0;
      while (i < given.grey.length - 2 && g > given.grey[i + 1]) i++;
      return given.hu[i] + ((g - given.grey[i]) / (given.grey[i + 1] - given.grey[i])) * (given.hu[i + 1] - given.hu[i]);
    });
    const known = { x: axis(given.x), y: axis(given.y), z: given.z, nx, ny, nz, exact: false };
    return { ...known, note: given.note, cut: (name, at) => SbrtQa.cutOf(known, name, at, (i) => hu[grey[i]]) };
  };

  SbrtQa.load = async () => {
    const data = JSON.parse(document.getElementById("payload").textContent);
    return {
      ...data,
      curves: await curves(data.curves),
      dose: data.dose ? await dose(data.dose) : null,
      image: data.image ? await image(data.image) : null,
      structures: await contours(data.structures, data.contours),
      second: data.second ? await SbrtQa.second(data.second) : null,
    };
  };
  /* Another plan to hold beside the first: its name, dose and structures. */
  SbrtQa.second = async (given) => ({
    ...given,
    dose: given.dose ? await dose(given.dose) : null,
    structures: await contours(given.structures, given.contours),
  });
  Object.assign(SbrtQa, { unpack: { curves, dose, contours, axis } });
})();
