/**
 * Keeps between `most` and twice as many of the values that were used last. Forgetting by halves costs no list of who was used
 * when, and a value that is asked for again and again is never lost.
 */
export class RecentMap<Value extends {}> {
  readonly #most: number;
  #recent = new Map<string, Value>();
  #earlier = new Map<string, Value>();

  constructor(most: number) {
    this.#most = most;
  }

  get(name: string): Value | undefined {
    const recent = this.#recent.get(name);
    if (recent !== undefined) return recent;
    const earlier = this.#earlier.get(name);
    if (earlier !== undefined) this.set(name, earlier);
    return earlier;
  }

  set(name: string, value: Value): void {
    if (this.#recent.size >= this.#most) {
      this.#earlier = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(name, value);
  }
}
