// This device as a camera and a microphone of the graph.

import { Problem } from "./api.js";
import { here } from "./clock.js";
import { h } from "./dom.js";
import { PICTURE, SOUND, pack } from "./wire.js";

const BACKLOG = 200_000; // bytes that may wait to be sent; above it pictures are left out
const QUALITY = 0.8;
const NODES = { "web.Camera": "camera", "web.Microphone": "microphone" };

export const captured = (graph) =>
  graph.nodes
    .filter(({ is }) => is in NODES)
    .map(({ name, is, settings }) => ({ name, what: NODES[is], settings }));

// Starts what the graph asks of this device; {close}. Problem: the browser or the user says no.
export async function capture(session, graph) {
  const wanted = captured(graph);
  if (!navigator.mediaDevices) {
    throw new Problem(
      "This browser lends no camera or microphone to this address.",
      "Open the page by https, or on the engine's own machine by 127.0.0.1.",
    );
  }
  const ends = [];
  for (const { what, settings } of wanted) {
    ends.push(await (what === "camera" ? camera(session, settings) : microphone(session)));
  }
  return { close: () => ends.forEach((end) => end()) };
}

const valueOf = (settings, name, otherwise) =>
  settings.find((each) => each.name === name)?.value ?? otherwise;

async function ask(constraints, what) {
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    const denied = error.name === "NotAllowedError";
    throw new Problem(
      `This device's ${what} is not available: ${error.message}`,
      denied
        ? `Allow the ${what} for this page in the browser, then press "use" again.`
        : `Is a ${what} connected, and free?`,
    );
  }
}

async function camera(session, settings) {
  const [width, height] = valueOf(settings, "size", [640, 480]);
  const rate = valueOf(settings, "fps", 30);
  const media = await ask(
    { video: { width, height, frameRate: rate, facingMode: "user" } },
    "camera",
  );
  const film = h("video", { muted: true, playsinline: true });
  film.srcObject = media;
  await film.play();
  const paper = h("canvas");
  let busy = false;
  let ended = false;
  const send = async (moment) => {
    if (busy || session.backlog > BACKLOG) return;
    busy = true;
    [paper.width, paper.height] = [film.videoWidth, film.videoHeight];
    paper.getContext("2d").drawImage(film, 0, 0);
    const blob = await new Promise((done) => {
      paper.toBlob(done, "image/jpeg", QUALITY);
    });
    if (blob && !ended)
      session.send(pack(PICTURE, moment, new Uint8Array(await blob.arrayBuffer())));
    busy = false;
  };
  const each = (now, about) => {
    if (ended) return;
    send(about?.captureTime ? (performance.timeOrigin + about.captureTime) / 1000 : here());
    film.requestVideoFrameCallback(each);
  };
  film.requestVideoFrameCallback(each);
  return () => {
    ended = true;
    stop(media);
  };
}

async function microphone(session) {
  const media = await ask(
    {
      audio: {
        echoCancellation: false,
        noiseSuppression: false,
        autoGainControl: false,
        channelCount: 1,
      },
    },
    "microphone",
  );
  const context = new AudioContext({ sampleRate: 48000, latencyHint: "interactive" });
  await context.audioWorklet.addModule("/static/pcm.js");
  const blocks = new AudioWorkletNode(context, "blocks", { numberOfOutputs: 0 });
  const track = media.getAudioTracks()[0];
  const delay = track.getSettings().latency ?? 0;
  blocks.port.onmessage = ({ data: { first, rate, samples } }) => {
    session.send(pack(SOUND, began(context) + first - delay, samples, rate));
  };
  context.createMediaStreamSource(media).connect(blocks);
  return () => {
    stop(media);
    context.close();
  };
}

// When the audio clock stood at 0, by `here()`: what is heard now was made `outputLatency` ago.
function began(context) {
  const { contextTime, performanceTime } = context.getOutputTimestamp();
  if (!performanceTime) return here() - context.currentTime;
  return (
    (performance.timeOrigin + performanceTime) / 1000 - contextTime - (context.outputLatency || 0)
  );
}

const stop = (media) => media.getTracks().forEach((track) => track.stop());
