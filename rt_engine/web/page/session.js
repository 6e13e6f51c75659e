// The socket: messages by name, watched outputs by node and port, and the engine's clock.

import { Clock, here } from "./clock.js";
import { unpack } from "./wire.js";

const RETRY = [0.5, 1, 2, 4]; // s
const IDS = 65535; // numbers of watches, from 1
const TICK = 4000; // ms between two looks at the clock, after the first ones

export class Session {
  constructor(url) {
    this.url = url;
    this.clock = new Clock();
    this.graph = null;
    this.listeners = new Map();
    this.watches = new Map(); // "node.output" -> {id, node, output, rate, takers}
    this.ids = new Map();
    this.last = 0; // the number given to a watch last
    this.held = false; // a graph begins: what its views ask for goes out in one go
    this.tries = 0;
    this.open();
  }

  // Calls `take(message)` for every message `is`, and for "open" and "closed"; returns its end.
  on(is, take) {
    if (!this.listeners.has(is)) this.listeners.set(is, new Set());
    this.listeners.get(is).add(take);
    return () => this.listeners.get(is).delete(take);
  }

  tell(is, message = {}) {
    for (const take of [...(this.listeners.get(is) ?? [])]) take(message);
  }

  send(message) {
    if (this.ready)
      this.socket.send(message instanceof ArrayBuffer ? message : JSON.stringify(message));
    return this.ready;
  }

  get ready() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  // What is queued in this browser and has not left yet, in bytes.
  get backlog() {
    return this.ready ? this.socket.bufferedAmount : Infinity;
  }

  set(node, name, value) {
    return this.send({ do: "set", node, name, value });
  }

  act(node, name, ...values) {
    return this.send({ do: "act", node, name, values });
  }

  // Lets `take(frame or event)` see what leaves an output, at most `rate` times a second.
  watch(node, output, rate, take) {
    const key = `${node}.${output}`;
    const found = this.watches.get(key) ?? this.another(node, output);
    const quicker = rate > found.rate;
    found.rate = Math.max(rate, found.rate);
    found.takers.add(take);
    this.watches.set(key, found);
    this.ids.set(found.id, found);
    if (quicker) this.ask(found);
    return () => this.release(key, take);
  }

  another(node, output) {
    do this.last = (this.last % IDS) + 1;
    while (this.ids.has(this.last));
    return { id: this.last, node, output, rate: 0, takers: new Set() };
  }

  release(key, take) {
    const found = this.watches.get(key);
    if (!found || !found.takers.delete(take) || found.takers.size) return;
    this.watches.delete(key);
    this.ids.delete(found.id);
    this.send({ do: "unwatch", id: found.id });
  }

  ask({ id, node, output, rate }) {
    if (this.graph && !this.held) this.send({ do: "watch", id, node, output, rate });
  }

  open() {
    this.socket = new WebSocket(this.url);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => {
      this.tries = 0;
      this.clock.forget();
      this.lookAtClock(8);
      this.tell("open");
    };
    this.socket.onmessage = ({ data }) =>
      typeof data === "string" ? this.heard(JSON.parse(data)) : this.saw(data);
    this.socket.onclose = ({ code }) => this.closed(code);
  }

  closed(code) {
    clearTimeout(this.ticking);
    this.graph = null;
    this.tell("closed", { code });
    const wait = RETRY[Math.min(this.tries++, RETRY.length - 1)];
    setTimeout(() => this.open(), wait * 1000);
  }

  heard(message) {
    if (message.is === "clock") this.clock.heard(message.engine, message.sent);
    if (message.is === "graph") this.began(message);
    if (message.is === "event") this.event(message);
    if (message.is === "sent") this.passOn(`${message.node}.`, message);
    if (message.is === "ended") this.graph = null;
    this.tell(message.is, message);
  }

  began(graph) {
    this.graph = graph;
    this.clock.forget();
    this.lookAtClock(8);
    this.held = true;
    this.tell("begin", graph); // views of the graph before let go of their watches
    this.held = false;
    for (const found of this.watches.values()) this.ask(found);
  }

  event(message) {
    this.passOn(`${message.node}.${message.output}`, { ...message, t: message.t / 1e9 });
  }

  saw(buffer) {
    const frame = unpack(buffer);
    for (const take of this.ids.get(frame.id)?.takers ?? []) take(frame);
  }

  passOn(key, message) {
    for (const take of this.watches.get(key)?.takers ?? []) take(message);
  }

  lookAtClock(quick) {
    clearTimeout(this.ticking);
    const { offset, trip } = this.clock;
    this.send({ do: "clock", sent: here(), offset, trip });
    this.ticking = setTimeout(() => this.lookAtClock(Math.max(quick - 1, 0)), quick ? 60 : TICK);
  }
}
