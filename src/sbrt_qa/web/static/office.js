// Keys of the office, and drafts of readings; every page works without them.
"use strict";
document.documentElement.classList.add("scripted");

const all = selector => [...document.querySelectorAll(selector)];
const say = text => { const live = document.getElementById("live"); if (live) live.textContent = text; };
const isShown = one => one.getClientRects().length > 0;
const recall = name => { try { return localStorage.getItem(name); } catch { return null; } };
const remember = (name, text) => {
  try { text === null ? localStorage.removeItem(name) : localStorage.setItem(name, text); } catch { /* full or off */ }
};

// --- rows of a list, items of a reading: one of them is current ---------------------------------

const stops = all("[data-row], [data-item]");
let current = -1;
for (const one of stops) one.tabIndex = -1;

function goTo(place) {
  if (!stops.length) return;
  stops[current]?.classList.remove("now");
  current = Math.max(0, Math.min(stops.length - 1, place));
  const one = stops[current];
  one.classList.add("now");
  const link = one.matches("[data-row]") ? one.querySelector("a, button") : null;
  (link || one).focus({ preventScroll: true });
  one.scrollIntoView({ block: "nearest" });
}

for (const [place, one] of stops.entries()) one.addEventListener("focusin", () => {
  if (place === current) return;
  stops[current]?.classList.remove("now");
  current = place;
  one.classList.add("now");
});

// --- the report in its frame -----------------------------------------------------------------------

function showPart(part, enter = false) {
  const frame = all("iframe.report").find(isShown);
  if (!frame) return;
  frame.scrollIntoView({ block: "nearest" });
  frame.src = `${frame.src.split("#")[0]}#${part}`;
  if (enter) frame.focus();
}
for (const one of all("[data-part]")) one.addEventListener("click", () => showPart(one.dataset.part));

// --- a reading ---------------------------------------------------------------------------------------

const reading = document.getElementById("reading");
const verdictOf = item => item.querySelector("select[name$='.v']");
const isOpen = item => !verdictOf(item).value;

function changed(field) { field.dispatchEvent(new Event("change", { bubbles: true })); }

function agree(item) {
  const field = verdictOf(item);
  field.selectedIndex = 1;
  changed(field);
}

function agreeWithAll() {
  let number = 0;
  for (const item of all("[data-item]")) {
    const field = verdictOf(item);
    if (isOpen(item) && field.options[1].value === "per_protocol") { agree(item); number += 1; }
  }
  return number;
}

function nextOpen() {
  const order = [...stops.keys()].map(n => (n + current + 1) % stops.length);
  const found = order.find(n => stops[n].classList.contains("open")) // what keeps from signing comes first
    ?? order.find(n => isOpen(stops[n]));
  if (found !== undefined) goTo(found);
  else document.querySelector("#grades input")?.focus();
}

const READING_KEYS = {
  a: () => { if (current < 0) goTo(0); agree(stops[current]); goTo(current + 1); },
  e: () => { agreeWithAll(); nextOpen(); },
  o: () => { if (current < 0) goTo(0); verdictOf(stops[current]).focus(); },
  u: nextOpen,
  l: () => showPart("limits"), h: () => showPart("dvh"), i: () => showPart("images"),
  v: () => showPart("images", true),
};
READING_KEYS.y = READING_KEYS.a;
for (let number = 1; number < 5; number += 1) READING_KEYS[number] = () => {
  const field = all("#grades input")[number - 1];
  if (field) { field.checked = true; field.focus(); changed(field); }
};
const CASE_KEYS = {
  1: () => showPart("summary"), 2: () => showPart("limits"), 3: () => showPart("dvh"),
  4: () => showPart("images"), v: () => showPart("images", true),
};

if (reading) {
  for (const one of all("details.why > summary")) one.tabIndex = -1; // it opens by itself
  reading.addEventListener("change", event => {
    const item = event.target.closest("[data-item]");
    if (!item || !event.target.name.endsWith(".v")) return;
    item.classList.toggle("open", !event.target.value);
    const why = item.querySelector("details.why");
    if (why) why.open = event.target.selectedIndex > 1;
  });
  document.getElementById("accept").addEventListener("click", event => {
    event.preventDefault();
    agreeWithAll();
    nextOpen();
  });
  keepDrafts(reading);
}

function keepDrafts(form) {
  // Every change goes to this browser at once and to the office soon after; the copy here goes once
  // the office has it, or when the same person signs out.
  const name = `draft ${form.dataset.who} ${form.dataset.draft}`;
  const state = document.getElementById("draft-state");
  const token = form.querySelector("[name=token]").value;
  let timer = 0, edits = 0;
  const fields = () => {
    const found = new URLSearchParams();
    for (const [key, value] of new FormData(form)) if (key !== "token") found.append(key, value);
    return found;
  };
  const tell = text => { state.textContent = text; say(text); };

  async function send() {
    const upto = edits;
    try {
      const answer = await fetch(form.dataset.draft, {
        method: "POST", body: fields(), headers: { "x-form-token": token }, redirect: "manual", keepalive: true,
      });
      if (answer.ok) {
        if (upto === edits) remember(name, null);
        tell(form.dataset.saved);
      } else tell(form.dataset.lost);
    } catch { tell(form.dataset.offline); }
  }
  function note() {
    edits += 1;
    remember(name, fields().toString());
    clearTimeout(timer);
    timer = setTimeout(send, 800);
  }
  form.addEventListener("input", note);
  form.addEventListener("change", note);
  form.addEventListener("submit", () => { clearTimeout(timer); });

  const kept = recall(name);
  if (kept === null) return;
  const fresh = new URLSearchParams(kept);
  const stands = part => form.querySelector(`[name="${CSS.escape(part)}.b"]`)?.value;
  for (const [key, value] of fresh) {
    const part = key.slice(0, key.lastIndexOf("."));
    if (key.endsWith(".b") || (fresh.has(`${part}.b`) && fresh.get(`${part}.b`) !== stands(part))) continue; // recorded anew since
    for (const field of form.querySelectorAll(`[name="${CSS.escape(key)}"]`)) {
      if (field.type === "radio") field.checked = field.value === value;
      else field.value = value;
      if (value && field.name.endsWith(".v")) field.closest("[data-item]")?.classList.remove("open");
      const why = field.closest("details.why");
      if (why && value) why.open = true;
    }
  }
  tell(form.dataset.back);
  note();
}

// --- other forms: what was typed comes back where it was not taken ----------------------------------

const logout = document.getElementById("logout"), who = logout?.dataset.who;
const refused = document.querySelector("[data-refused]") !== null;
const byRedirect = () => (performance.getEntriesByType("navigation")[0]?.redirectCount || 0) > 0;
const keptForms = () => { try { return Object.keys(localStorage).filter(key => key.startsWith("draft form ")); } catch { return []; } };

for (const name of keptForms()) { // a form leads to its next page by a redirect, and only if it was taken
  const kept = JSON.parse(recall(name));
  if (!kept.sent) continue;
  if (who && !refused && byRedirect()) remember(name, null);
  else {
    remember(name, JSON.stringify({ ...kept, sent: false }));
    const next = document.querySelector("form[action='/login'] [name=next]");
    if (!next) continue; // the session had ended: from signing in back to the page of the form
    document.getElementById("kept").hidden = false;
    if (next.value === "/") next.value = name.split(" ")[3];
  }
}

function keepTyped(form) {
  const own = [...form.elements].filter(one => one.type === "hidden" && one.name !== "token").map(one => one.value);
  const name = ["draft form", who, location.pathname, form.getAttribute("action"), ...own].join(" ");
  const fields = [...form.elements].filter(one => one.matches("textarea, select, input[type=text], input[type=date]"));
  const keep = sent => {
    if (fields.some(one => one.matches("textarea, input[type=text]") && one.value))
      remember(name, JSON.stringify({ values: fields.map(one => one.value), sent }));
    else remember(name, null);
  };
  form.addEventListener("input", () => keep(false));
  form.addEventListener("submit", () => keep(true));
  const kept = JSON.parse(recall(name));
  if (!kept || kept.values.length !== fields.length) return;
  for (const [place, field] of fields.entries()) field.value = kept.values[place];
  if (form.closest("details")) form.closest("details").open = true;
  const told = document.createElement("p");
  told.className = "small";
  told.textContent = logout.dataset.back;
  form.append(told);
  say(told.textContent);
}
if (who) for (const one of all("form[method=post]:not(#reading)")) if (one.querySelector("textarea") || "keep" in one.dataset) keepTyped(one);

for (const form of all("form[method=post]")) form.addEventListener("submit", event => { // a second click sends nothing more
  if (form.dataset.gone) event.preventDefault();
  form.dataset.gone = "yes";
});
window.addEventListener("pageshow", () => { for (const form of all("form[data-gone]")) delete form.dataset.gone; });
document.getElementById("back")?.addEventListener("click", () => window.history.back());
if (!refused) window.history.replaceState(window.history.state, "", location.href); // going back asks for the page, and sends nothing again

// --- several submissions at once ---------------------------------------------------------------------

const assigning = document.getElementById("assign");
if (assigning) {
  const button = assigning.querySelector("button");
  const count = () => {
    const number = all("[name=case]:checked").length;
    button.disabled = !number;
    button.querySelector(".count").textContent = number ? ` (${number})` : "";
  };
  document.addEventListener("change", event => { if (event.target.name === "case") count(); });
  window.addEventListener("pageshow", count);
  count();
}

logout?.addEventListener("submit", () => {
  try { for (const key of Object.keys(localStorage)) if (key.startsWith("draft ")) localStorage.removeItem(key); } catch { /* off */ }
});

// --- keys ----------------------------------------------------------------------------------------------

const dialog = document.getElementById("keys"), switched = document.getElementById("keys-on");
const areOn = () => recall("keys") !== "off";
document.getElementById("show-keys")?.addEventListener("click", () => dialog.showModal());
if (switched) {
  switched.checked = areOn();
  switched.addEventListener("change", () => remember("keys", switched.checked ? null : "off"));
}

const WRITES = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]";
let afterG = false;

function act(one) {
  if (one.matches("details")) { one.open = true; one.querySelector("input:not([type=hidden]), textarea")?.focus(); }
  else if (one.matches("input, textarea, select")) one.focus();
  else { one.focus(); one.click(); }
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || dialog?.open) return;
  const writes = event.target.matches?.(WRITES);
  if (event.key === "Escape" && writes) {
    event.target.blur();
    if (stops.length) goTo(current);
    return;
  }
  if (writes || !areOn()) return;
  const done = keyed(event.key, event.target);
  afterG = !afterG && event.key === "g";
  if (done) event.preventDefault();
}

function keyed(key, target) {
  if (afterG) {
    const page = all("[data-go]").find(one => one.dataset.go === key);
    if (page) page.click();
    return Boolean(page);
  }
  if (key === "?") { dialog?.showModal(); return Boolean(dialog); }
  if (key === "j" || (reading && key === "n")) { goTo(current + 1); return true; }
  if (key === "k" || (reading && key === "p")) { goTo(current - 1); return true; }
  const row = stops[Math.max(current, 0)];
  if (row?.matches("[data-row]")) {
    const link = row.querySelector("a");
    if (link && (key === "o" || (key === "Enter" && target === document.body))) { link.click(); return true; }
    const step = row.querySelector(`[data-row-key="${CSS.escape(key)}"]`);
    if (step) { step.click(); return true; }
  }
  const keys = reading ? READING_KEYS : all("iframe.report").length ? CASE_KEYS : {};
  if (keys[key] && (!reading || stops.length || !"aeouy".includes(key))) { keys[key](); return true; }
  const one = all(`[data-key="${CSS.escape(key)}"]`).find(isShown);
  if (one) act(one);
  return Boolean(one);
}

document.addEventListener("keydown", onKey);
if (stops.length && stops[0].matches("[data-row]")) { current = 0; stops[0].classList.add("now"); }
document.documentElement.dataset.ready = "yes";
