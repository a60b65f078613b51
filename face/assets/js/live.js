// The live stream: what is on screen stays when it breaks, with its age; new rows wait until they are asked for.

let lostAt = 0;
let ageTimer;

function lose() {
  const banner = one("#lost");
  if (!banner || lostAt) return;
  lostAt = Date.now();
  const show = () => {
    // A blink of the network is not worth a word.
    if (!lostAt || Date.now() - lostAt < 4000) return;
    const since = new Date(lostAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    one("[data-said]", banner).textContent = navigator.onLine
      ? `No word from Mainstay since ${since}. What you see is ${span(Math.floor((Date.now() - lostAt) / 1000))} old.`
      : `You are offline since ${since}. What you see stays; nothing new arrives.`;
    banner.hidden = false;
  };
  ageTimer = setInterval(show, 1000);
}

function regain() {
  clearInterval(ageTimer);
  lostAt = 0;
  const banner = one("#lost");
  if (banner) banner.hidden = true;
}

document.addEventListener("htmx:sse:error", lose);
document.addEventListener("htmx:sse:after:connection", (event) => {
  if ((event.detail.connection.status ?? 200) < 400) regain();
});
window.addEventListener("offline", lose);
window.addEventListener("online", () => { if (!one("#live")) regain(); });

// The server could not replay what was missed: each region fetches itself anew.
document.addEventListener("missed", () => {
  for (const region of all("[hx-get][hx-trigger*='from:body']")) {
    const topic = region.getAttribute("hx-trigger").split(" ")[0];
    region.dispatchEvent(new CustomEvent(topic, { bubbles: true }));
  }
});

const fresh = new Map();
function countFresh(event) {
  for (const line of all("[data-fresh]")) {
    if (line.dataset.fresh !== event.type) continue;
    const known = fresh.get(line) ?? new Set();
    known.add(event.detail?.data ?? known.size);
    fresh.set(line, known);
    one("[data-number]", line).textContent = String(known.size);
    line.hidden = false;
  }
}
document.addEventListener("DOMContentLoaded", () => {
  new Set(all("[data-fresh]").map((line) => line.dataset.fresh)).forEach((topic) => document.addEventListener(topic, countFresh));
});
