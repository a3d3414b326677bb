import { randomFillSync } from "node:crypto";

/** A generator of numbers in [0, 1) from a fresh 128-bit seed (sfc32); 53 bits per number. */
export function seededRandom(seed: Uint32Array = randomFillSync(new Uint32Array(4))): () => number {
  let [a = 0, b = 0, c = 0, counter = 0] = seed;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // The first outputs still show the seed's structure.
  for (let round = 0; round < 12; round++) next();
  return () => ((next() >>> 5) * 0x4000000 + (next() >>> 6)) / 0x20000000000000;
}
