// What a view remembers: the latest seconds of a stream of rows, and of events.

// Rows of `size` numbers with their times, the newest `seconds` kept in a ring of a fixed size.
export class Rows {
  constructor(size, seconds, rate = 200) {
    this.size = size;
    this.seconds = seconds;
    this.room = Math.ceil(seconds * rate * 1.25);
    this.clear();
  }

  clear() {
    this.values = new Float32Array(this.room * this.size);
    this.times = new Float64Array(this.room);
    this.count = 0; // rows ever added
  }

  // Rows of a frame; `t` is the time of the last one, `step` s lie between them.
  add(t, data, step) {
    const rows = data.length / this.size;
    for (let i = 0; i < rows; i++) {
      const slot = this.count++ % this.room;
      this.times[slot] = t - (rows - 1 - i) * step;
      this.values.set(data.subarray(i * this.size, (i + 1) * this.size), slot * this.size);
    }
  }

  get length() {
    return Math.min(this.count, this.room);
  }

  get newest() {
    return this.count ? this.times[(this.count - 1) % this.room] : NaN;
  }

  // Calls see(t, start of the row in `values`, i) from old to new, of what is younger than `since`.
  each(since, see) {
    for (let i = this.count - this.length; i < this.count; i++) {
      const slot = i % this.room;
      if (this.times[slot] >= since) see(this.times[slot], slot * this.size, i);
    }
  }
}

// Events with a time `t` in seconds, the newest `most`.
export class Events {
  constructor(most = 64) {
    this.most = most;
    this.list = [];
  }

  add(event) {
    this.list.push(event);
    if (this.list.length > this.most) this.list.shift();
  }

  clear() {
    this.list = [];
  }

  get last() {
    return this.list[this.list.length - 1];
  }

  // The newest whose time has come by `now`.
  at(now) {
    return this.list.findLast(({ t }) => t <= now);
  }
}
