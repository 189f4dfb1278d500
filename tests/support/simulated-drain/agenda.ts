interface Entry {
  readonly at: number;
  readonly order: number;
  readonly happen: () => void;
}

/** What will happen, the soonest first; what is due at one time, in the order in which it was planned. A binary heap. */
export class Agenda {
  private readonly heap: Entry[] = [];
  private planned = 0;

  get nextAt(): number | undefined {
    return this.heap[0]?.at;
  }

  plan(at: number, happen: () => void): void {
    this.planned += 1;
    const entry = { at, order: this.planned, happen };
    let place = this.heap.push(entry) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.heap[above];
      if (parent === undefined || isBefore(parent, entry)) break;
      this.heap[place] = parent;
      place = above;
    }
    this.heap[place] = entry;
  }

  take(): Entry | undefined {
    const [first] = this.heap;
    const last = this.heap.pop();
    if (last !== undefined && this.heap.length > 0) this.sink(last);
    return first;
  }

  clear(): void {
    this.heap.length = 0;
  }

  private sink(entry: Entry): void {
    let place = 0;
    for (;;) {
      const [left, right] = [this.heap[2 * place + 1], this.heap[2 * place + 2]];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (isBefore(entry, child)) break;
      this.heap[place] = child;
      place = 2 * place + (isRight ? 2 : 1);
    }
    this.heap[place] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
