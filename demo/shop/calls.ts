export interface Order {
  readonly id: string;
  /** Every item is some work: the more of them, the longer the workflows of the order take. */
  readonly items: number;
}

/** What the rest of the world can ask of a running shop. An order is answered as soon as DBOS has its workflow. */
export interface ShopCalls {
  /** Launches DBOS, which creates the system database if need be and registers the version. */
  open(options: { readonly version: string; readonly databaseUrl: string }): Promise<void>;
  /** Runs at once, step by step. */
  checkOut(order: Order): Promise<void>;
  /** Keeps the goods for a customer who has not paid, and gives them back: it sleeps in between. */
  reserve(order: Order, seconds: number): Promise<void>;
  /** Waits in a queue that works on one invoice at a time. */
  invoice(order: Order): Promise<void>;
  /** Is delayed by so many seconds, and then enqueued. */
  askForReview(order: Order, inSeconds: number): Promise<void>;
  /** Starts a child for every parcel, and waits for them all. Answered when the children have started. */
  fulfil(order: Order, itemsOfParcels: readonly number[]): Promise<void>;
  /** How many workflows of a version there are, by status. */
  countByStatus(version: string): Promise<Record<string, number>>;
  /** Takes no more work, and closes the connections. */
  close(): Promise<void>;
}
