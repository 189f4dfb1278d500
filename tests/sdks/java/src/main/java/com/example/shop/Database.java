package com.example.shop;

import java.net.URI;

/** The spelling of a URL that JDBC takes, which has no credentials in it. */
record Database(String url, String user, String password) {
  static Database parse(String text) {
    var uri = URI.create(text);
    var credentials = uri.getUserInfo().split(":", 2);
    var query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
    var url = "jdbc:postgresql://%s:%d%s%s".formatted(uri.getHost(), uri.getPort(), uri.getRawPath(), query);
    return new Database(url, credentials[0], credentials[1]);
  }
}
