// Dropping files, and following a check; without this script the same forms work.
"use strict";
document.documentElement.classList.add("scripted");

{ // nothing of this meets the names of another script
const filled = (text, ...values) => text.replace(/\{(\d)\}/g, (_, n) => values[n]);
const say = text => { const live = document.getElementById("live"); if (live) live.textContent = text; };

async function filesOf(items) {
  // What was dropped, folders with all that lies in them.
  const found = [];
  const walk = async (entry, path) => {
    if (entry.isFile) {
      const file = await new Promise((done, no) => entry.file(done, no));
      found.push({ file, name: path + entry.name });
    } else if (entry.isDirectory) {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((done, no) => reader.readEntries(done, no));
        if (!some.length) break;
        for (const one of some) await walk(one, path + entry.name + "/");
      }
    }
  };
  const entries = [...items].filter(i => i.kind === "file").map(i => i.webkitGetAsEntry());
  for (const entry of entries) if (entry) await walk(entry, "");
  return found;
}

function startDropping(form) {
  const token = form.dataset.token, most = 20000;
  const bar = document.getElementById("bar"), told = document.getElementById("told");
  const problem = document.getElementById("problem"), sending = document.getElementById("sending");
  let busy = false;
  const tell = text => { problem.textContent = text; problem.hidden = !text; };

  async function post(address, method, body) {
    const answer = await fetch(address, { method, body, headers: { "x-form-token": token }, redirect: "follow" });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer;
  }

  function plain() {
    const found = new URLSearchParams();
    for (const [key, value] of new FormData(form)) if (typeof value === "string" && key !== "token") found.append(key, value);
    return found;
  }

  // In chunks, for an office: hashed beside the page, sent again where the line is lost; choosing the
  // same files after a reload goes on with what is missing.
  async function again(address, method, body, headers) {
    for (let tries = 0; ; tries++) {
      let answer = null;
      try { answer = await fetch(address, { method, body, headers: { "x-form-token": token, ...headers } }); } catch { /* the line is lost */ }
      if (answer && answer.ok) return answer.json();
      const passing = !answer || [408, 429, 502, 503, 504].includes(answer.status);
      if (!passing || tries === 9) {
        let why = answer ? String(answer.status) : form.dataset.lost;
        try { why = (await answer.json()).error || why; } catch { /* no words in it */ }
        throw new Error(why);
      }
      told.textContent = form.dataset.lost;
      await new Promise(done => setTimeout(done, Math.min(30000, 1000 * 2 ** tries)));
    }
  }

  async function sendChunks(list) {
    const worker = new Worker(form.dataset.worker), waiting = new Map();
    worker.onmessage = event => { waiting.get(event.data.id)(event.data.hash); waiting.delete(event.data.id); };
    const hashed = (blob, id) => new Promise(done => { waiting.set(id, done); worker.postMessage({ id, blob }); });
    try {
      const some = list.filter(one => one.file.size).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
      const files = some.map(one => [one.name, one.file.size, ""]);
      const asked = JSON.stringify({ ...Object.fromEntries(plain()), files });
      const begun = await again(form.dataset.chunks, "POST", asked, { "content-type": "application/json" });
      const whole = new Blob(some.map(one => one.file)), missing = new Set(begun.missing), hashes = [];
      bar.max = begun.chunks;
      let next = 0, done = 0;
      const lane = async () => {
        while (next < begun.chunks) {
          const number = next++, part = whole.slice(number * begun.chunk_bytes, (number + 1) * begun.chunk_bytes);
          hashes[number] = await hashed(part, number);
          if (missing.has(number)) await again(`/upload/${begun.id}/${number}`, "PUT", part, { "x-chunk-sha256": hashes[number] });
          bar.value = ++done;
          told.textContent = filled(form.dataset.part, done, begun.chunks);
        }
      };
      await Promise.all([lane(), lane()]);
      const bytes = hashes.join("").match(/../g).map(two => parseInt(two, 16));
      const last = new URLSearchParams({ hash: await hashed(new Blob([new Uint8Array(bytes)]), -1) });
      const landed = await again(`/upload/${begun.id}/finish`, "POST", last, {});
      location.href = landed.address;
    } finally { worker.terminate(); }
  }

  async function send(list) {
    if (busy) return;
    const needed = form.dataset.need && document.getElementById(form.dataset.need);
    if (needed && !needed.checkValidity()) { tell(form.dataset.missing); needed.focus(); return; }
    if (!list.length) { tell(form.dataset.none); return; }
    if (list.length > most) { tell(filled(form.dataset.toomany, list.length, most)); return; }
    busy = true; tell(""); sending.hidden = false; bar.max = list.length;
    try {
      if (form.dataset.chunks && window.Worker && window.crypto && crypto.subtle) { await sendChunks(list); return; }
      const check = await (await post(form.dataset.begin || "/checks", "POST", plain())).json();
      let next = 0, done = 0;
      const lane = async () => {
        while (next < list.length) {
          const one = list[next++];
          await post(`${check.address}/files?name=${encodeURIComponent(one.name)}`, "PUT", one.file);
          bar.value = ++done;
          told.textContent = filled(form.dataset.sending, done, list.length);
        }
      };
      await Promise.all([lane(), lane(), lane(), lane()]);
      told.textContent = form.dataset.looking; say(form.dataset.looking);
      const answer = await post(`${check.address}/look`, "POST", "");
      location.href = answer.url;
    } catch (error) {
      busy = false; sending.hidden = true; tell(`${form.dataset.failed} (${error.message})`);
    }
  }

  form.addEventListener("submit", event => event.preventDefault());
  for (const id of ["folder", "files"]) {
    document.getElementById(id).addEventListener("change", event =>
      send([...event.target.files].map(file => ({ file, name: file.webkitRelativePath || file.name }))));
  }
  for (const kind of ["dragenter", "dragover"]) document.addEventListener(kind, event => {
    event.preventDefault(); form.classList.add("over");
  });
  document.addEventListener("dragleave", event => { if (!event.relatedTarget) form.classList.remove("over"); });
  document.addEventListener("drop", async event => {
    event.preventDefault(); form.classList.remove("over");
    send(await filesOf(event.dataTransfer.items));
  });
}

function follow(box) {
  const bar = document.getElementById("bar"), told = document.getElementById("told");
  let pause = 500;
  const look = async () => {
    try {
      const answer = await fetch(box.dataset.state);
      if (answer.ok) {
        const now = await answer.json();
        if (now.state !== box.dataset.was) { location.reload(); return; }
        if (now.part) { bar.max = now.parts; bar.value = now.part; }
        const which = now.plans > 1 && now.plan ? ` (${filled(box.dataset.plan, now.plan, now.plans)})` : "";
        if (told.textContent !== now.sentence + which) { told.textContent = now.sentence + which; say(told.textContent); }
      }
    } catch { /* asked again below */ }
    pause = Math.min(pause * 1.2, 3000);
    setTimeout(look, pause);
  };
  setTimeout(look, pause);
}

const drop = document.getElementById("drop"), box = document.getElementById("busy");
if (drop) startDropping(drop);
if (box) follow(box);
const protocol = document.getElementById("protocol");
if (protocol) protocol.addEventListener("change", () => {
  location.href = `${protocol.dataset.page}?again=yes&protocol=${encodeURIComponent(protocol.value)}#choice`;
});
for (const form of document.querySelectorAll("form[data-sure]")) form.addEventListener("submit", event => {
  if (!confirm(form.dataset.sure)) event.preventDefault();
});
}
