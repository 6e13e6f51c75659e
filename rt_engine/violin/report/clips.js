"use strict";
// Pairs of points of a frame, in the order of clips.py: joints left and right, violin, bow.
const BONES = [[2, 3], [2, 4], [4, 6], [3, 5], [5, 7], [2, 8], [3, 9], [8, 9]];
const VIOLIN = [10, 11], BOW = [12, 13];

for (const clip of document.querySelectorAll(".clip")) {
  const { start, fps, slow, box, frames } = JSON.parse(clip.dataset.clip);
  const canvas = clip.querySelector("canvas"), pen = canvas.getContext("2d");
  const [button, slider, shown] = ["button", "input", "output"].map((n) => clip.querySelector(n));
  let at = 0, last = 0, playing = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  slider.max = frames.length - 1;

  const draw = () => {
    const style = getComputedStyle(clip), k = Math.floor(at), frame = frames[k];
    const width = clip.clientWidth, height = canvas.clientHeight, dots = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * dots)) canvas.width = Math.round(width * dots);
    if (canvas.height !== Math.round(height * dots)) canvas.height = Math.round(height * dots);
    pen.setTransform(dots, 0, 0, dots, 0, 0);
    pen.clearRect(0, 0, width, height);
    slider.value = k;
    shown.textContent = `${(start + k / fps).toFixed(1)} s`;
    if (!frame) return;
    const [left, low, right, high] = box, pad = 14;
    const scale = Math.min((width - 2 * pad) / (right - left), (height - 2 * pad) / (high - low));
    const middle = (left + right) / 2;
    const x = (p) => width / 2 + (p[0] / 1000 - middle) * scale;
    const y = (p) => height - pad - (p[1] / 1000 - low) * scale;
    const line = (a, b, colour, thick) => {
      pen.strokeStyle = style.getPropertyValue(colour);
      pen.lineWidth = thick;
      pen.lineCap = "round";
      pen.beginPath();
      pen.moveTo(x(frame[a]), y(frame[a]));
      pen.lineTo(x(frame[b]), y(frame[b]));
      pen.stroke();
    };
    for (const [a, b] of BONES) line(a, b, "--text", 4);
    line(...VIOLIN, "--off", 7);
    line(...BOW, "--line", 2.5);
    const ears = [frame[0], frame[1]], size = 0.11 * scale;
    pen.fillStyle = style.getPropertyValue("--text");
    pen.beginPath();
    pen.arc((x(ears[0]) + x(ears[1])) / 2, (y(ears[0]) + y(ears[1])) / 2, size, 0, 7);
    pen.fill();
  };

  const step = (now) => {
    if (!playing) return;
    at = (at + (Math.min(now - last, 100) / 1000) * fps * slow) % frames.length;
    last = now;
    draw();
    requestAnimationFrame(step);
  };
  const run = (on) => {
    playing = on;
    button.textContent = on ? "Pause" : "Play";
    last = performance.now();
    if (on) requestAnimationFrame(step);
  };
  button.addEventListener("click", () => run(!playing));
  slider.addEventListener("input", () => { run(false); at = Number(slider.value); draw(); });
  addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
  run(playing);
}
