export interface Order {
  readonly id: string;
  /** Each item takes time: more items make the workflows of the order longer. */
  readonly items: number;
}

/** The calls that a running shop answers. An order is answered as soon as DBOS has stored its workflow. */
export interface ShopCalls {
  /**
   * Launches DBOS, which creates the system database if it is missing and registers the version. Each process of a version
   * has an executor id of its own.
   */
  open(options: { readonly version: string; readonly executor: string; readonly databaseUrl: string }): Promise<void>;
  /** Runs at once, in a step per call and per item. */
  checkOut(order: Order): Promise<void>;
  /** Answered when the card of the customer has been charged. */
  hasPaid(order: Order): Promise<void>;
  /** Reserves the goods for a customer who has not paid, sleeps, and releases them. */
  reserve(order: Order, seconds: number): Promise<void>;
  /** Waits in a queue that runs one invoice at a time. */
  invoice(order: Order): Promise<void>;
  /** Is delayed by `inSeconds`, then enqueued. */
  askForReview(order: Order, inSeconds: number): Promise<void>;
  /** Starts a child for each of these parcels, and waits for all of them. Answered when the children have started. */
  fulfil(order: Order, parcels: number): Promise<void>;
  /** The courier collects the next parcel, whose workflow then finishes. */
  collectParcel(): Promise<void>;
  /** Returns the number of workflows of a version, by status. */
  countByStatus(version: string): Promise<Record<string, number>>;
  /** Stops taking work, and closes the connections. */
  close(): Promise<void>;
}
