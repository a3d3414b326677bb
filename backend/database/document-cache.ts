import type { Document } from "./database.ts";

/** What a cached document costs beside its text: the object, its map entry and usually the parsed value. */
const OVERHEAD_BYTES = 400;

/** The latest version of recently used documents, least recently used dropped first. */
export class DocumentCache {
  readonly #documents = new Map<string, Document>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(id: string): Document | undefined {
    const document = this.#documents.get(id);
    if (document) {
      // A map keeps insertion order, so this moves the document to the young end.
      this.#documents.delete(id);
      this.#documents.set(id, document);
    }
    return document;
  }

  set(document: Document): void {
    this.delete(document.id);
    this.#documents.set(document.id, document);
    this.#bytes += sizeOf(document);
    if (this.#bytes <= this.#maxBytes) return;
    for (const oldest of this.#documents.keys()) {
      this.delete(oldest);
      if (this.#bytes <= this.#maxBytes) return;
    }
  }

  delete(id: string): void {
    const document = this.#documents.get(id);
    if (!document) return;
    this.#documents.delete(id);
    this.#bytes -= sizeOf(document);
  }
}

function sizeOf(document: Document): number {
  return document.text.length * 2 + OVERHEAD_BYTES;
}
