package com.example.shop;

/** The workflows of one instance without a name. */
public interface Shop {
  /** The topic of the messages and the key of the events that the workflows wait for. */
  String FINISH = "finish";

  void brief();

  void held() throws InterruptedException;

  void sleepFirst(long millis);

  void sleepAfterStep(long millis);

  void sleepAfterChild(long millis);

  void sleepAfterPatch(long millis);

  void receiveFirst(long millis);

  void receiveAfterStep(long millis);

  void eventFirst(long millis);

  void eventAfterStep(long millis);

  void parent() throws InterruptedException;

  void retrying(long millis);
}
