// Live updates, keys and suggestions. Every page reads and works without this script.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const kept = {
  get(name, area = sessionStorage) {
    try { return JSON.parse(area.getItem(`wiredesk-${name}`)); } catch { return null; }
  },
  set(name, value, area = sessionStorage) {
    try { area.setItem(`wiredesk-${name}`, JSON.stringify(value)); } catch { /* a browser that keeps nothing */ }
  },
};

// Live updates. An element with data-events names an address of server-sent events; each message is JSON
// {"id of an element": "its new content as HTML, drawn and escaped by the server"}. A button with data-pause stops it.
function live(root) {
  let source = null;
  const pause = $("[data-pause]");
  const show = (event) => {
    for (const [id, html] of Object.entries(JSON.parse(event.data))) {
      const part = document.getElementById(id);
      if (part && !part.contains(document.activeElement) && part.innerHTML !== html) part.innerHTML = html;
    }
  };
  const state = (word) => { root.dataset.state = word; const told = $("[data-live-state]"); if (told) told.textContent = word; };
  let again = 0;
  const stop = () => { clearTimeout(again); source?.close(); source = null; };
  const start = () => {
    stop();
    source = new EventSource(root.dataset.events);
    source.onopen = () => state("live");
    source.onmessage = show;
    source.onerror = () => {
      state("waiting for the desk");
      if (source?.readyState === EventSource.CLOSED) { clearTimeout(again); again = setTimeout(start, 5_000); } // a refusal ends it, a lost connection does not
    };
  };
  document.addEventListener("visibilitychange", () => {
    if (kept.get("paused")) return;
    if (document.hidden) stop(); else start();
  });
  const draw = (paused) => {
    if (pause) { pause.hidden = false; pause.textContent = paused ? "Go on" : "Pause"; pause.setAttribute("aria-pressed", String(paused)); }
    if (paused) { stop(); state("paused"); } else start();
  };
  pause?.addEventListener("click", () => { const paused = !kept.get("paused"); kept.set("paused", paused); draw(paused); });
  draw(kept.get("paused") === true);
}

// Keys. The hits of the last search are kept, so that n and p lead from article to article.
const hits = $$("[data-hit]");
const links = hits.map((hit) => $("a", hit));
let at = -1;

function move(by) {
  if (!hits.length) return;
  at = Math.min(Math.max(at + by, 0), hits.length - 1);
  hits.forEach((hit, place) => hit.classList.toggle("at", place === at));
  links[at].focus();
  hits[at].scrollIntoView({ block: "nearest" });
}

function step(by) {
  const found = kept.get("hits") ?? { paths: [], from: "/" };
  const place = found.paths.findIndex((path) => path.split("?")[0] === location.pathname);
  if (place < 0) { move(by); return; }
  const to = found.paths[place + by];
  if (to) location.assign(to);
}

function back() {
  const found = kept.get("hits");
  if (hits.length) return;
  location.assign(found?.from ?? $("[data-back]")?.getAttribute("href") ?? "/");
}

const toggle = (name) => $(`[data-toggle="${name}"]`)?.click();

const KEYS = {
  "/": ["search box", () => { const box = $("#q"); box?.focus(); box?.select(); }],
  j: ["next result", () => move(1)],
  k: ["previous result", () => move(-1)],
  u: ["back to the results", back],
  n: ["next article of the results", () => step(1)],
  p: ["previous article of the results", () => step(-1)],
  e: ["entities on or off", () => toggle("e")],
  c: ["cuts on or off", () => toggle("c")],
  t: ["topics on or off", () => toggle("t")],
  "?": ["this help", () => help()],
};
let keysOn = kept.get("keys", localStorage) !== false;

function help() {
  let dialog = $("#keys");
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.id = "keys";
    dialog.setAttribute("aria-labelledby", "keys-title");
    const title = Object.assign(document.createElement("h2"), { id: "keys-title", textContent: "Keys" });
    const list = Object.assign(document.createElement("dl"), { className: "facts" });
    for (const [key, does] of [...Object.entries(KEYS).map(([key, [does]]) => [key, does]), ["Enter", "open the result"]]) {
      const term = document.createElement("dt");
      term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
      list.append(term, Object.assign(document.createElement("dd"), { textContent: does }));
    }
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", id: "keys-on", checked: keysOn });
    box.addEventListener("change", () => { keysOn = box.checked; kept.set("keys", keysOn, localStorage); });
    label.append(box, " Keys are on");
    const line = document.createElement("p");
    line.append(label);
    const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
    close.addEventListener("click", () => dialog.close());
    dialog.append(title, list, line, close);
    document.body.append(dialog);
  }
  if (!dialog.open) dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  const field = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable], dialog");
  if (event.key === "Escape" && event.target.id === "q") { event.target.blur(); return; }
  if (field || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const known = KEYS[event.key];
  if (!known || !(keysOn || event.key === "?")) return;
  event.preventDefault();
  known[1]();
});

// Suggestions: what the last words of the box may mean, as clauses that name one entity, topic or source.
function suggesting(box) {
  const list = Object.assign(document.createElement("ul"), { className: "suggest", id: "suggestions", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  box.after(list);
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-expanded", "false");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", list.id);
  let chosen = -1, timer = 0, asked = null, found = [], part = "";
  const hide = () => {
    list.hidden = true; chosen = -1;
    box.setAttribute("aria-expanded", "false"); box.removeAttribute("aria-activedescendant");
  };
  const take = (one) => {
    box.value = `${box.value.slice(0, box.value.length - part.length)}${one.text} `;
    hide(); box.focus();
  };
  const choose = (place) => {
    chosen = (place + found.length) % found.length;
    [...list.children].forEach((item, number) => item.setAttribute("aria-selected", String(number === chosen)));
    box.setAttribute("aria-activedescendant", list.children[chosen].id);
  };
  const draw = () => {
    list.replaceChildren(...found.map((one, number) => {
      const item = Object.assign(document.createElement("li"), { id: `suggestion-${number}` });
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      const name = Object.assign(document.createElement("bdi"), { textContent: one.name });
      const about = Object.assign(document.createElement("span"), { className: "dim", textContent: `${one.type} ${one.id} · ${one.count}` });
      item.append(name, about);
      item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(one); });
      return item;
    }));
    if (found.length) { list.hidden = false; box.setAttribute("aria-expanded", "true"); } else hide();
  };
  const ask = async () => {
    part = /[^\s"():]{2,}$/u.exec(box.value)?.[0] ?? "";
    asked?.abort();
    if (!part || part.startsWith("-")) { hide(); return; }
    asked = new AbortController();
    try {
      const answer = await fetch(`/api/v1/suggest?q=${encodeURIComponent(part)}&limit=8`, { signal: asked.signal });
      if (!answer.ok) return;
      const told = await answer.json();
      found = Array.isArray(told) ? told : told.suggestions ?? [];
      chosen = -1;
      if (document.activeElement === box) draw();
    } catch { /* the next letter asks again */ }
  };
  box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 160); });
  box.addEventListener("blur", hide);
  box.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); choose(chosen + (event.key === "ArrowDown" ? 1 : chosen < 0 ? 0 : -1)); }
    else if (event.key === "Enter" && chosen >= 0) { event.preventDefault(); take(found[chosen]); }
    else if (event.key === "Escape") { event.stopPropagation(); hide(); }
  });
}

if (hits.length) kept.set("hits", { from: location.pathname + location.search, paths: links.map((link) => link.getAttribute("href")) });
for (const root of $$("[data-events]")) live(root);
const box = $("#q");
if (box?.dataset.suggest !== undefined) suggesting(box);
const helper = $("[data-help]");
if (helper) { helper.hidden = false; helper.addEventListener("click", help); }
