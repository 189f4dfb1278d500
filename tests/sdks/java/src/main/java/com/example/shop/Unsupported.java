package com.example.shop;

/** What this release of the SDK has no means for. */
final class Unsupported extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Unsupported(String what) {
    super("unsupported: " + what);
  }
}
