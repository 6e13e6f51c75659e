// One animation loop for the page: it calls what is in sight, and rests when nothing is.

const drawers = new Map(); // element -> {draw, seen}
let wanted = false;
let last = 0; // ms, of the repaint before
let usual = 1000 / 60; // ms between two

const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const found = drawers.get(entry.target);
    if (found) found.seen = entry.isIntersecting;
  }
  plan();
});

// Calls draw(now in ms) before each repaint while `element` is in sight; returns the way to end it.
export function everyFrame(element, draw) {
  drawers.set(element, { draw, seen: true });
  observer.observe(element);
  plan();
  return () => {
    observer.unobserve(element);
    drawers.delete(element);
  };
}

// Seconds from one repaint to the next, as it is lately.
export const period = () => usual / 1000;

function plan() {
  if (!wanted && drawers.size) {
    wanted = true;
    requestAnimationFrame(step);
  }
}

function step(now) {
  wanted = false;
  if (now - last < 100) usual += (now - last - usual) * 0.05;
  last = now;
  let any = false;
  for (const { draw, seen } of [...drawers.values()]) {
    if (!seen) continue;
    any = true;
    draw(now);
  }
  if (any) plan();
}
