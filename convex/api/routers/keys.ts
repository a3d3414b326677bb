import { router } from "../trpc.ts";
import { explainKey } from "./explain.ts";
import { keyRecords } from "./keyRecords.ts";
import { keySecrets } from "./keySecrets.ts";
import { keySets } from "./keySets.ts";
import { keyVerbs } from "./keyVerbs.ts";
import { verification } from "./verification.ts";

/** Everything about keys. */
export const keysRouter = router({
  ...keySecrets,
  ...keyRecords,
  ...keyVerbs,
  ...keySets,
  ...verification,
  explain: explainKey,
});
