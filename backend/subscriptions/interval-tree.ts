interface Node<T> {
  readonly lower: string;
  readonly upper: string;
  readonly owners: Set<T>;
  readonly priority: number;
  /** The greatest upper bound in this subtree: what ends at or before a key is skipped whole. */
  maxUpper: string;
  left: Node<T> | null;
  right: Node<T> | null;
}

/**
 * Half-open string ranges and who owns them; finds the ranges around a key without looking at the others. A treap
 * ordered by bounds: random priorities keep it shallow whatever the order of insertion.
 */
export class IntervalTree<T> {
  #root: Node<T> | null = null;
  #seed = 1;

  get isEmpty(): boolean {
    return this.#root === null;
  }

  /** Ranges that are the same share a node, as subscribers of one list do. Empty ranges are ignored. */
  add(lower: string, upper: string, owner: T): void {
    if (lower < upper) this.#root = this.#insert(this.#root, lower, upper, owner);
  }

  remove(lower: string, upper: string, owner: T): void {
    this.#root = this.#delete(this.#root, lower, upper, owner);
  }

  /** Adds to `found` the owners of every range with `lower <= key < upper`. */
  collect(key: string, found: Set<T>): void {
    collectFrom(this.#root, key, found);
  }

  #insert(node: Node<T> | null, lower: string, upper: string, owner: T): Node<T> {
    if (!node) {
      const owners = new Set([owner]);
      return { lower, upper, owners, priority: this.#nextPriority(), maxUpper: upper, left: null, right: null };
    }
    const order = compare(lower, upper, node);
    if (order === 0) {
      node.owners.add(owner);
      return node;
    }
    if (order < 0) {
      node.left = this.#insert(node.left, lower, upper, owner);
      if (node.left.priority > node.priority) return rotateRight(node, node.left);
    } else {
      node.right = this.#insert(node.right, lower, upper, owner);
      if (node.right.priority > node.priority) return rotateLeft(node, node.right);
    }
    updateMax(node);
    return node;
  }

  #delete(node: Node<T> | null, lower: string, upper: string, owner: T): Node<T> | null {
    if (!node) return null;
    const order = compare(lower, upper, node);
    if (order < 0) node.left = this.#delete(node.left, lower, upper, owner);
    else if (order > 0) node.right = this.#delete(node.right, lower, upper, owner);
    else {
      node.owners.delete(owner);
      if (node.owners.size === 0) return join(node.left, node.right);
    }
    updateMax(node);
    return node;
  }

  /** xorshift32: shape only, so it need not be unpredictable. */
  #nextPriority(): number {
    this.#seed ^= this.#seed << 13;
    this.#seed ^= this.#seed >>> 17;
    this.#seed ^= this.#seed << 5;
    return this.#seed;
  }
}

function compare<T>(lower: string, upper: string, node: Node<T>): number {
  if (lower !== node.lower) return lower < node.lower ? -1 : 1;
  if (upper !== node.upper) return upper < node.upper ? -1 : 1;
  return 0;
}

function collectFrom<T>(node: Node<T> | null, key: string, found: Set<T>): void {
  if (!node || node.maxUpper <= key) return;
  collectFrom(node.left, key, found);
  if (node.lower > key) return;
  if (key < node.upper) for (const owner of node.owners) found.add(owner);
  collectFrom(node.right, key, found);
}

function updateMax<T>(node: Node<T>): void {
  let max = node.upper;
  if (node.left && node.left.maxUpper > max) max = node.left.maxUpper;
  if (node.right && node.right.maxUpper > max) max = node.right.maxUpper;
  node.maxUpper = max;
}

function rotateRight<T>(node: Node<T>, left: Node<T>): Node<T> {
  node.left = left.right;
  left.right = node;
  updateMax(node);
  updateMax(left);
  return left;
}

function rotateLeft<T>(node: Node<T>, right: Node<T>): Node<T> {
  node.right = right.left;
  right.left = node;
  updateMax(node);
  updateMax(right);
  return right;
}

/** Everything in `left` sorts before everything in `right`. */
function join<T>(left: Node<T> | null, right: Node<T> | null): Node<T> | null {
  if (!left) return right;
  if (!right) return left;
  if (left.priority > right.priority) {
    left.right = join(left.right, right);
    updateMax(left);
    return left;
  }
  right.left = join(left, right.left);
  updateMax(right);
  return right;
}
