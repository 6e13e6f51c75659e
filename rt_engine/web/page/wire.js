// Bytes of the socket. From the engine: u16 watch, u8 form, u8 dimensions, i64 t (ns), u32 dims, data.
// To it: u8 what, u8 0, u16 rate of sound (Hz), f64 time (s), data.

export const FLOATS = 1;
export const JPEG = 2;
export const JSON_TEXT = 3;
export const PICTURE = 1; // from this device to the engine
export const SOUND = 2;

const FIXED = 12;

// {id, form, t (s), dims, data}; data is a Float32Array, a Uint8Array of the picture, or what JSON says.
export function unpack(buffer) {
  const head = new DataView(buffer);
  const form = head.getUint8(2);
  const count = head.getUint8(3);
  const t = Number(head.getBigInt64(4, true)) / 1e9;
  const dims = Array.from({ length: count }, (_, i) => head.getUint32(FIXED + 4 * i, true));
  const start = FIXED + 4 * count;
  const data = content(form, buffer, start);
  return { id: head.getUint16(0, true), form, t, dims, data };
}

function content(form, buffer, start) {
  if (form === FLOATS) return new Float32Array(buffer, start);
  const bytes = new Uint8Array(buffer, start);
  return form === JSON_TEXT ? JSON.parse(new TextDecoder().decode(bytes)) : bytes;
}

// A picture, or sound of `rate` Hz, of this device; `seconds` is its moment by `here()` of clock.js.
export function pack(what, seconds, bytes, rate = 0) {
  const out = new Uint8Array(FIXED + bytes.byteLength);
  const head = new DataView(out.buffer);
  head.setUint8(0, what);
  head.setUint16(2, rate, true);
  head.setFloat64(4, seconds, true);
  out.set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), FIXED);
  return out.buffer;
}
