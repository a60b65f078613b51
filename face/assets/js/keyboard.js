// Every key is written on the link or button it belongs to (`data-key`), so the sheet under `?` is always true.
// Single letters can be turned off; keys never act while one writes.

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
let prefix = "";
let prefixTimer;

function letterKeys() {
  try { return localStorage.getItem("letter-keys") !== "off"; } catch { return true; }
}

const isWriting = (element) => element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const isSeen = (element) => element.checkVisibility({ visibilityProperty: true });

function press(key, root = document) {
  const target = all("[data-key]", root).find((element) => element.dataset.key === key && isSeen(element));
  if (!target) return false;
  if (isWriting(target)) target.focus();
  else target.click();
  return true;
}

function keyName(event) {
  const mod = isMac ? event.metaKey : event.ctrlKey;
  return (mod ? "mod+" : "") + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey || (isMac ? event.ctrlKey : event.metaKey)) return;
  const key = keyName(event);
  if (key === "mod+k") {
    if (openPalette()) event.preventDefault();
    return;
  }
  if (key === "mod+Enter" && event.target.form) {
    event.preventDefault();
    event.target.form.requestSubmit();
    return;
  }
  if (key.startsWith("mod+") || isWriting(event.target) || one("dialog[open]")) return;
  if (act(key, event)) event.preventDefault();
});

function act(key, event) {
  if (key === "Enter") return onRow(event, (row) => one(".do :is(a, button)", row) ?? one("a, button", row));
  if (!letterKeys()) return false;
  if (prefix) {
    const both = `${prefix} ${key}`;
    prefix = "";
    return press(both);
  }
  if (key === "g") {
    prefix = "g";
    clearTimeout(prefixTimer);
    prefixTimer = setTimeout(() => { prefix = ""; }, 1500);
    return true;
  }
  if (key === "j" || key === "k") return move(key === "j" ? 1 : -1);
  if (key === "x") return onRow(event, (row) => one("input[type=checkbox]", row));
  if (key === "?") return openKeySheet();
  return press(key);
}

// The row under the cursor: `j` and `k` move it, its link has the focus, so that a screen reader says it.
const rowsShown = () => all("[data-row]").filter(isSeen);
const selectedRow = () => one("[data-row].selected");

function select(row) {
  selectedRow()?.classList.remove("selected");
  row?.classList.add("selected");
}

function move(by) {
  const list = rowsShown();
  if (list.length === 0) return false;
  const at = list.indexOf(selectedRow());
  const row = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + by))];
  select(row);
  const link = one("a, button", row);
  link?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  return true;
}

function onRow(event, find) {
  const row = selectedRow();
  // A link or button that has the focus by Tab keeps its own Enter.
  const focused = event.target;
  if (!row || (event.key === "Enter" && focused !== document.body && !isRowLink(focused, row))) return false;
  const target = find(row);
  target?.click();
  return Boolean(target);
}

const isRowLink = (element, row) => element === one("a, button", row);

document.addEventListener("focusin", (event) => {
  const row = event.target.closest("[data-row]");
  if (row) select(row);
  else if (event.target !== document.body) select(null);
});

const KEY_WORDS = { "mod+k": isMac ? "⌘K" : "Ctrl K", "mod+Enter": isMac ? "⌘↵" : "Ctrl ↵", Enter: "↵" };
const ROW_KEYS = [["j", "Next row"], ["k", "Row before"], ["Enter", "Do what the row’s button says"]];
const WRITING_KEYS = [["mod+Enter", "Send what is being written"]];

function labelOf(element) {
  const label = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent;
  if (label) return label.trim();
  const copy = element.cloneNode(true);
  all("kbd, .count, .num, .sr", copy).forEach((part) => part.remove());
  return copy.textContent.trim();
}

function openKeySheet() {
  const sheet = one("#keys");
  if (!sheet) return false;
  const found = all("[data-key]").filter(isSeen).map((element) => [element.dataset.key, labelOf(element)]);
  const rows = rowsShown().length > 0 ? ROW_KEYS : [];
  const writing = one("main textarea") ? WRITING_KEYS : [];
  const list = document.createElement("ul");
  const seen = new Set();
  for (const [key, label] of [...found, ...rows, ...writing, ["?", "This sheet"]]) {
    if (!label || seen.has(key)) continue;
    seen.add(key);
    const item = document.createElement("li");
    const name = document.createElement("span");
    name.textContent = label;
    const caps = document.createElement("span");
    for (const part of KEY_WORDS[key] ? [KEY_WORDS[key]] : key.split(" ")) {
      const cap = document.createElement("kbd");
      cap.textContent = part.length === 1 ? part.toUpperCase() : part;
      caps.append(cap, " ");
    }
    item.append(name, caps);
    list.append(item);
  }
  one("[data-keys-here]", sheet).replaceChildren(list);
  one("[data-letter-keys]", sheet).checked = letterKeys();
  sheet.showModal();
  return true;
}

document.addEventListener("change", (event) => {
  if (!event.target.matches?.("[data-letter-keys]")) return;
  try { localStorage.setItem("letter-keys", event.target.checked ? "on" : "off"); } catch { /* kept for this page only */ }
});

document.addEventListener("DOMContentLoaded", () => {
  if (isMac) all("kbd").forEach((cap) => { cap.textContent = cap.textContent.replace("Ctrl K", "⌘K").replace("Ctrl ↵", "⌘↵"); });
});
