// Fills Latchkey's table in a process of its own: the server that is then measured is as one that was just started, without the
// heap that making a million keys leaves behind.

import { SAMPLE, SPREAD } from "./scenarios.ts";
import { sampleOf } from "./seed-keys.ts";
import { seedKeys, type KeyKind } from "./seed-latchkey.ts";

export interface SeedOrder {
  /** The data folder of a server that is not running. */
  readonly folder: string;
  readonly models: Readonly<Record<KeyKind, string>>;
  readonly count: number;
}

/** Plaintexts from all over the table: of each kind a few for asking about them again and again, and many of the checked ones. */
export interface SeededKeys {
  readonly samples: Readonly<Record<KeyKind, string[]>>;
  readonly spread: string[];
}

process.on("message", ({ folder, models, count }: SeedOrder) => {
  const { checked, limited, plain } = seedKeys(folder, models, count);
  const samples = {
    checked: sampleOf(checked, SAMPLE),
    limited: sampleOf(limited, SAMPLE),
    plain: sampleOf(plain, SAMPLE),
  };
  process.send?.({ samples, spread: sampleOf(checked, SPREAD) } satisfies SeededKeys);
});
process.once("disconnect", () => process.exit(0));
