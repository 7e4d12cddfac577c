// The images of a case: fetched plane by plane as they are looked at, and kept while they are near.
"use strict";
(() => {
  const KEPT = { axial: 40, coronal: 8, sagittal: 8 }, AT_ONCE = 4, AROUND = 5, WAIT_MS = 700;
  const host = document.getElementById("images"), state = document.getElementById("images-state");
  const at = host.dataset.at;

  const fetched = async (path) => {
    const answer = await fetch(path, { headers: { accept: "application/octet-stream" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.arrayBuffer();
  };
  const sceneOf = async (from) => {
    for (;;) {
      const answer = await fetch(`${from}/scene`);
      if (answer.status === 202) {
        state.textContent = state.dataset.making;
        await new Promise((done) => { setTimeout(done, WAIT_MS); });
        continue;
      }
      if (!answer.ok) throw new Error(`${answer.status}`);
      const told = await answer.json();
      if (told.state === "none") { state.textContent = told.why; return null; }
      return told.scene;
    }
  };
  // Undo zigzag and the sums along rows, modulo 2^16.
  const planeOf = async (buffer, nu, nv) => {
    const stream = new Blob([buffer]).stream().pipeThrough(new DecompressionStream("deflate"));
    const raw = new Uint8Array(await new Response(stream).arrayBuffer()), n = nu * nv, hu = new Int16Array(n);
    for (let j = 0; j < nv; j++)
      for (let i = 0, last = 0; i < nu; i++) {
        const p = j * nu + i, t = raw[p] | (raw[n + p] << 8);
        last = (last + ((t >>> 1) ^ -(t & 1))) & 0xffff;
        hu[p] = last;
      }
    return { hu, nu, nv };
  };

  const imageOf = (told) => {
    const { axis } = SbrtQa.unpack, x = axis(told.x), y = axis(told.y), z = told.z;
    const size = { axial: [x.count, y.count, z.length], coronal: [x.count, z.length, y.count], sagittal: [y.count, z.length, x.count] };
    const kept = new Map(), asked = new Map();
    let running = 0, queue = [];
    const key = (name, index) => `${name}/${index}`;
    const run = () => {
      while (running < AT_ONCE && queue.length) {
        const [name, index] = queue.shift();
        running += 1;
        load(name, index).catch(() => { state.textContent = state.dataset.lost; }).finally(() => { running -= 1; asked.delete(key(name, index)); run(); });
      }
    };
    const load = async (name, index) => {
      const [nu, nv] = size[name];
      kept.set(key(name, index), await planeOf(await fetched(`${at}/slice/${name}/${index}`), nu, nv));
      const same = [...kept.keys()].filter((one) => one.startsWith(name));
      for (const one of same.slice(0, Math.max(same.length - KEPT[name], 0))) kept.delete(one);
      SbrtQa.viewer?.redraw();
      if (SbrtQa.viewer) SbrtQa.viewer.tell(SbrtQa.state.point);
    };
    const ask = (name, index, first) => {
      const k = key(name, index);
      if (index < 0 || index >= size[name][2] || kept.has(k)) return;
      if (asked.has(k)) { if (first) queue = [[name, index], ...queue.filter(([n, i]) => key(n, i) !== k)].filter(([n, i]) => asked.has(key(n, i))); return; }
      asked.set(k, true);
      if (first) queue.unshift([name, index]); else queue.push([name, index]);
    };
    const cut = (name, index) => {
      const k = key(name, index), found = kept.get(k);
      if (found) { kept.delete(k); kept.set(k, found); } // the latest are kept longest
      else {
        queue = queue.filter(([n, i]) => { const near = n !== name || Math.abs(i - index) <= AROUND; if (!near) asked.delete(key(n, i)); return near; });
        ask(name, index, true);
      }
      if (name === "axial") for (let by = 1; by <= AROUND; by++) { ask(name, index + by); ask(name, index - by); }
      run();
      return found ?? null;
    };
    return { x, y, z, nx: x.count, ny: y.count, nz: z.length, exact: true, note: "", cut, first: (index) => load("axial", index), kept };
  };

  const partsOf = async (from, scene) => {
    const { dose, contours } = SbrtQa.unpack;
    const [doses, loops] = await Promise.all([
      scene.dose ? fetched(`${from}/dose`).then((found) => dose({ ...scene.dose, data: found })) : null,
      fetched(`${from}/contours`).then((found) => contours(scene.structures, { ...scene.contours, data: found })),
    ]);
    return { dose: doses, structures: loops };
  };
  const note = (text) => { const p = document.createElement("p"); p.className = "small"; p.textContent = text; document.getElementById("images-notes").append(p); };

  const DRAWN = new Set(["CT", "RTSTRUCT", "RTDOSE", "SEG"]);
  const start = async () => {
    const scene = await sceneOf(at);
    if (!scene) return "none";
    const labels = JSON.parse(host.dataset.labels);
    const image = scene.image ? imageOf(scene.image) : null;
    if (image) {
      const place = (scene.places[1] ?? scene.places[0])?.point[2] ?? image.z[image.nz >> 1];
      await image.first(SbrtQa.nearest(image.z, place));
    } else note(state.dataset.noimage);
    const parts = await partsOf(at, scene);
    let second = null;
    if (host.dataset.beside) {
      const other = await sceneOf(host.dataset.beside);
      if (other && other.frame && scene.frame && other.frame !== scene.frame) note(state.dataset.frames);
      else if (other) second = { ...other, ...(await partsOf(host.dataset.beside, other)) };
    }
    const curves = await SbrtQa.unpack.curves({ ...scene.curves, data: await fetched(`${at}/curves`) });
    const data = { ...scene, ...parts, labels, image, curves, second };
    state.textContent = "";
    scene.notes.forEach(note);
    const others = Object.entries(scene.received).filter(([kind]) => !DRAWN.has(kind));
    if (others.length) note(`${state.dataset.received} ${others.map(([kind, number]) => `${kind} × ${number}`).join(", ")}`);
    if (curves.items.length) { document.getElementById("dvh").hidden = false; SbrtQa.histograms(data); }
    SbrtQa.view(data);
    return "yes";
  };
  document.getElementById("beside")?.addEventListener("change", (event) => event.target.form.requestSubmit());
  start().then((found) => { document.documentElement.dataset.images = found; }, (error) => {
    state.textContent = state.dataset.lost;
    Object.assign(document.documentElement.dataset, { images: "failed", why: String(error) });
  });
})();
