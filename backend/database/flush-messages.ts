/** Between the main thread and the thread that owns the write connection. Batches are answered in order. */
export type FlushRequest =
  | {
      readonly type: "apply";
      readonly state: readonly (readonly [name: string, value: string])[];
      /** Parallel lists; a null text deletes. */
      readonly ids: readonly string[];
      readonly texts: readonly (string | null)[];
      readonly entries: readonly { readonly index: number; readonly added: string[]; readonly removed: string[] }[];
    }
  | { readonly type: "purge"; readonly index: number; readonly documents: boolean }
  | { readonly type: "close" };

export type FlushReply =
  | { readonly type: "applied" }
  | { readonly type: "purged"; readonly index: number }
  | { readonly type: "closed" }
  | { readonly type: "failed"; readonly message: string };
