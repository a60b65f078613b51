// Keeps "5 min ago" true while a page stays open. The rules are those of face/src/ui/words.rs; a test compares.

function span(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  const days = Math.floor(seconds / 86400);
  return days === 1 ? "1 day" : `${days} days`;
}

function duration(seconds) {
  const minutes = Math.floor((seconds % 3600) / 60);
  if (seconds >= 3600 && seconds < 86400 && minutes > 0) return `${Math.floor(seconds / 3600)} h ${minutes} min`;
  return span(seconds);
}

function agoText(passed) {
  return passed < 0 ? `in ${span(-passed)}` : `${span(passed)} ago`;
}

function leftText(left) {
  return left < 0 ? `${duration(-left)} late` : `${duration(left)} left`;
}
