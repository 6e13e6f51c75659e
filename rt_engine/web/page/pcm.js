// In the audio thread of the browser: blocks of one channel, each with the moment of its first sample.

const BLOCK = 960;

class Blocks extends AudioWorkletProcessor {
  constructor() {
    super();
    this.begin();
  }

  begin() {
    this.samples = new Float32Array(BLOCK);
    this.filled = 0;
  }

  process([[channel]]) {
    if (!channel) return true;
    for (let i = 0; i < channel.length; i++) {
      if (!this.filled) this.first = (currentFrame + i) / sampleRate;
      this.samples[this.filled++] = channel[i];
      if (this.filled === BLOCK) {
        this.port.postMessage({ first: this.first, rate: sampleRate, samples: this.samples }, [
          this.samples.buffer,
        ]);
        this.begin();
      }
    }
    return true;
  }
}

registerProcessor("blocks", Blocks);
