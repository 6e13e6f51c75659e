// The engine's clock as this page sees it: Cristian's method, the quickest of the latest answers.

const KEPT = 12;

// Seconds since the epoch, as steady as performance.now().
export const here = () => (performance.timeOrigin + performance.now()) / 1000;

export class Clock {
  constructor() {
    this.forget();
  }

  // Another graph has another clock.
  forget() {
    this.tries = [];
    this.offset = null; // engine seconds minus ours
    this.trip = null;
  }

  // An answer: engine time in ns, ours when asked and when answered.
  heard(engine, sent, received = here()) {
    this.tries.push({ trip: received - sent, offset: engine / 1e9 - (sent + received) / 2 });
    this.tries = this.tries.slice(-KEPT);
    const best = this.tries.reduce((a, b) => (b.trip < a.trip ? b : a));
    this.offset = best.offset;
    this.trip = best.trip;
  }

  // Engine time now in seconds; NaN while it is unknown.
  now() {
    return this.offset === null ? NaN : here() + this.offset;
  }
}
