// Search or run: a dialog over the page. Without script its button is a link to /find, which does the same.

let startOptions;

function openPalette() {
  const palette = one("#palette");
  if (!palette) return false;
  if (palette.open) return true;
  startOptions ??= one("#found").innerHTML;
  palette.showModal();
  const input = one("input", palette);
  input.value = "";
  one("#found").innerHTML = startOptions;
  pick(0);
  input.focus();
  return true;
}

const options = () => all("#found [role=option]");

function pick(index) {
  const list = options();
  const input = one("#palette input");
  list.forEach((option, at) => {
    option.id = `found-${at}`;
    option.setAttribute("aria-selected", String(at === index));
  });
  const picked = list[index];
  if (picked) input.setAttribute("aria-activedescendant", picked.id);
  else input.removeAttribute("aria-activedescendant");
  picked?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-open=palette]");
  if (opener && !event.ctrlKey && !event.metaKey && !event.shiftKey && openPalette()) event.preventDefault();
  // A click beside an open dialog closes it.
  if (event.target.matches?.("dialog[open]")) event.target.close();
});

document.addEventListener("keydown", (event) => {
  if (!event.target.closest?.("#palette") || event.isComposing) return;
  const list = options();
  const at = list.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && list.length > 0) {
    event.preventDefault();
    pick((at + step + list.length) % list.length);
  }
  if (event.key === "Enter" && list[at]) {
    event.preventDefault();
    list[at].click();
  }
});

document.addEventListener("htmx:after:swap", (event) => {
  if (event.target.closest?.("#palette")) pick(0);
});
