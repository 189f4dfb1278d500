package com.example.shop;

/** What {@link Orders} and each {@link Warehouse} do under the same name: the class and the instance tell them apart. */
public interface Processing {
  void process() throws InterruptedException;
}
