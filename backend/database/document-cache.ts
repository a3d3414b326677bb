import type { Document } from "./database.ts";

/** What a cached document costs beside its text: the object, its map entry and usually the parsed value. */
const OVERHEAD_BYTES = 400;

/**
 * The latest version of recently used documents, in two generations: when the young one has its share of the memory it
 * becomes the old one, and what was not used since is gone. Unlike reordering one map, a hit usually writes nothing.
 */
export class DocumentCache {
  readonly #generationBytes: number;
  #young = new Map<string, Document>();
  #old = new Map<string, Document>();
  #youngBytes = 0;

  /** @param maxBytes bound for both generations together, by the estimate above. */
  constructor(maxBytes: number) {
    this.#generationBytes = maxBytes / 2;
  }

  get(id: string): Document | undefined {
    const young = this.#young.get(id);
    if (young) return young;
    const old = this.#old.get(id);
    if (old) {
      this.#old.delete(id);
      this.#add(old);
    }
    return old;
  }

  set(document: Document): void {
    this.delete(document.id);
    this.#add(document);
  }

  delete(id: string): void {
    const young = this.#young.get(id);
    if (young) {
      this.#youngBytes -= sizeOf(young);
      this.#young.delete(id);
    } else {
      this.#old.delete(id);
    }
  }

  #add(document: Document): void {
    this.#young.set(document.id, document);
    this.#youngBytes += sizeOf(document);
    if (this.#youngBytes < this.#generationBytes) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }
}

function sizeOf(document: Document): number {
  return document.text.length * 2 + OVERHEAD_BYTES;
}
