// What tells a person that something happened: toasts, the waiting line, copying, output that follows its end.

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// Toasts leave after a while, unless one is being read or used.
function dressToast(toast) {
  if (toast.dataset.dressed) return;
  toast.dataset.dressed = "yes";
  const close = one("[data-close=toast]", toast);
  if (close) {
    close.hidden = false;
    close.addEventListener("click", () => toast.remove());
  }
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, 2000);
    else toast.remove();
  };
  setTimeout(leave, one("form", toast) ? 20000 : 8000);
}

function dress(root) {
  all(".toast", one("#toasts") ?? root).forEach(dressToast);
  all("[data-copy]", root).forEach((button) => { button.hidden = !navigator.clipboard; });
  all("[data-follow]", root).forEach(follow);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  navigator.clipboard.writeText(button.dataset.copy).then(
    () => say("Copied"),
    () => say("Your browser did not allow copying. Select the text instead."),
  );
});

function say(words) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = words;
  one("#toasts")?.append(toast);
  dressToast(toast);
}

// Output keeps its end in sight while the reader is there, and stays put where they scrolled up.
function follow(output) {
  if (output.dataset.dressed) return;
  output.dataset.dressed = "yes";
  let atEnd = true;
  output.scrollTop = output.scrollHeight;
  output.addEventListener("scroll", () => {
    atEnd = output.scrollHeight - output.scrollTop - output.clientHeight < 24;
  });
  new MutationObserver(() => { if (atEnd) output.scrollTop = output.scrollHeight; })
    .observe(output, { childList: true, characterData: true, subtree: true });
}

// Under a tenth of a second nothing shows; after that a thin line says that an answer is on its way.
let waiting = 0;
function wait(by) {
  waiting = Math.max(0, waiting + by);
  if (waiting === 0) page.removeAttribute("aria-busy");
  else setTimeout(() => { if (waiting > 0) page.setAttribute("aria-busy", "true"); }, 100);
}
document.addEventListener("htmx:before:request", () => wait(1));
document.addEventListener("htmx:finally:request", () => wait(-1));
window.addEventListener("pagehide", () => { waiting = 0; page.removeAttribute("aria-busy"); });
document.addEventListener("submit", (event) => {
  // A form is sent once, however often its button is pressed.
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 5000);
});
window.addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => delete form.dataset.sent));
document.addEventListener("htmx:after:swap", () => { dress(document); refreshWords(document); });
document.addEventListener("DOMContentLoaded", () => dress(document));
