// Refreshes the times on the page every few seconds, by the rules of words.js.

const page = document.documentElement;
// The server's clock is the one that counts; ours may be wrong.
const skew = page.dataset.now ? Number(page.dataset.now) - Date.now() : 0;

function refreshWords(root) {
  const now = Math.floor((Date.now() + skew) / 1000);
  for (const time of root.querySelectorAll("time[data-words]")) {
    const at = Math.floor(Date.parse(time.dateTime) / 1000);
    const isAgo = time.dataset.words === "ago";
    // After a week the server writes a date, which needs the reader's zone: that text is left alone.
    if (Number.isNaN(at) || (isAgo && now - at >= 7 * 86400)) continue;
    const text = isAgo ? agoText(now - at) : leftText(at - now);
    if (time.textContent !== text) time.textContent = text;
  }
}

if (page.dataset.now) setInterval(() => document.hidden || refreshWords(document), 5000);
