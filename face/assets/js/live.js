// The live stream: what is on screen stays when it breaks, with its age; new rows wait until they are asked for.

let lostAt = 0;
let ageTimer;

function lose(at = Date.now()) {
  const banner = one("#lost");
  if (!banner || lostAt) return;
  lostAt = at;
  const began = Date.now();
  const show = () => {
    // A blink of the network is not worth a word.
    if (!lostAt || Date.now() - began < 4000) return;
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

// The stream of the page. A break is mended by the browser; an answer that is no stream (a restart, a proxy, too many
// at once) it would take for the end. A page nobody looks at gives its connection back: a browser has six a server.
function listen(place) {
  const topics = new Set([...place.dataset.live.split(","), "missed"]);
  let since = place.dataset.since;
  let hiddenAt = 0;
  let [source, timer, pause] = [null, 0, 1000];
  const hear = (event) => {
    since = event.lastEventId || since;
    place.dispatchEvent(new CustomEvent(event.type, { bubbles: true }));
  };
  const stop = () => {
    clearTimeout(timer);
    source?.close();
  };
  const start = () => {
    stop();
    if (document.hidden) return;
    source = new EventSource(`/live?${new URLSearchParams({ topics: place.dataset.live, since })}`);
    for (const topic of topics) source.addEventListener(topic, hear);
    source.onopen = () => {
      pause = 1000;
      hiddenAt = 0;
      regain();
    };
    source.onerror = () => {
      lose(hiddenAt || Date.now());
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(start, pause * (0.7 + 0.6 * Math.random()));
      pause = Math.min(pause * 2, 60000);
    };
  };
  document.addEventListener("visibilitychange", () => {
    hiddenAt ||= Date.now();
    if (document.hidden) stop();
    else start();
  });
  window.addEventListener("online", start);
  start();
}

// After htmx, which begins in a timer of its own, has tied the regions of the page to their topics.
document.addEventListener("DOMContentLoaded", () => setTimeout(() => all("[data-live]").forEach(listen)));
window.addEventListener("offline", lose);
window.addEventListener("online", () => {
  if (!one("#live")) regain();
  document.dispatchEvent(new CustomEvent("missed"));
});

// What is typed and not yet sent is nobody else's to replace.
document.addEventListener("input", (event) => { event.target.form?.setAttribute("data-typed", ""); });

// Calls `work` when one of the topics changes, once a second at most and never twice at a time; a change that comes
// meanwhile is followed by another call. `missed`: the server could not replay what happened while the line was down.
function onTopics(topics, work) {
  let busy = false;
  let again = false;
  let pause = 1000;
  const go = async () => {
    if (busy) { again = true; return; }
    busy = true;
    // What cannot be fetched is asked for again, less and less often; the banner says when the line is down.
    try { await work(); pause = 1000; } catch { again = true; pause = Math.min(pause * 2, 60000); }
    setTimeout(() => { busy = false; if (again) { again = false; go(); } }, pause);
  };
  new Set([...topics.split(","), "missed"]).forEach((topic) => document.addEventListener(topic, go));
}

async function fetched(href) {
  const answer = await fetch(href, { headers: { "HX-Request": "true", "HX-Request-Type": "partial" } });
  if (!answer.ok) throw new Error(answer.status);
  return answer;
}

// A list: rows that are shown are refreshed where they stand, those that left it are dimmed, new ones wait.
async function refreshList(list) {
  const text = await (await fetched(list.dataset.list)).text();
  // The same list in the page as it is now; an empty one is not there at all.
  const there = one(`[data-topics="${list.dataset.topics}"]`, new DOMParser().parseFromString(text, "text/html"));
  const now = new Map((there ? all("[id^=r-]", there) : []).map((row) => [row.id, row]));
  const shown = all("[id^=r-]", list);
  const left = new Set(shown.filter((row) => !now.has(row.id)));
  const known = new Set(shown.map((row) => row.id));
  // What is new at the top pushes as many rows over the end of the page; they have not left.
  let pushed = [...now.keys()].filter((id) => !known.has(id)).length;
  for (const row of shown.toReversed()) {
    if (pushed-- <= 0 || !left.delete(row)) break;
  }
  for (const row of shown) {
    const fresh = now.get(row.id);
    now.delete(row.id);
    row.toggleAttribute("data-left", left.has(row));
    row.title = left.has(row) ? "No longer in this list" : "";
    const held = row.contains(document.activeElement);
    if (!fresh || held || row.innerHTML === fresh.innerHTML) continue;
    row.replaceChildren(...document.importNode(fresh, true).childNodes);
  }
  const line = one("[data-fresh]", list);
  one("[data-number]", line).textContent = String(now.size);
  line.hidden = now.size === 0;
  refreshWords(list);
}

// Output: what was added is fetched from where we stopped, one piece after the other, so that order holds.
async function refreshOutput(output) {
  for (;;) {
    const answer = await fetched(`${output.dataset.output}?from=${output.dataset.offset}`);
    const [text, next] = [await answer.text(), answer.headers.get("x-next")];
    if (!next || next === output.dataset.offset) return;
    output.append(text);
    output.dataset.offset = next;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  for (const list of all("[data-list]")) onTopics(list.dataset.topics, () => refreshList(list));
  for (const output of all("[data-output]")) {
    onTopics(output.dataset.topics, () => refreshOutput(output));
    document.dispatchEvent(new CustomEvent(output.dataset.topics.split(",")[0]));
  }
});

// The server could not replay what was missed: each region fetches itself anew.
document.addEventListener("missed", () => {
  for (const region of all("[hx-get][hx-trigger*='from:body']")) {
    const topic = region.getAttribute("hx-trigger").split(" ")[0];
    region.dispatchEvent(new CustomEvent(topic, { bubbles: true }));
  }
});
