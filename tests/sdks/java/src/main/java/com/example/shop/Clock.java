package com.example.shop;

import java.time.Instant;

/** A schedule passes two arguments, so its workflow is a method of its own. */
public interface Clock {
  void tick(Instant scheduledFor, Object context);
}
