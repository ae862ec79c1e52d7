// SPDX-License-Identifier: MIT
// json_traits by simdjson: the same values as nlohmann, and the same errors. Left out where
// simdjson is not installed.
#if __has_include(<simdjson.h>)
#include <hob/http/server.hpp>
#include <hob/http/simdjson.hpp>
#include <hob/task/run.hpp>

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "http/server_talk.hpp"

namespace simdjson_test {

struct User {
  std::int64_t id = 0;
  std::string name;
  std::vector<double> scores;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(User, id, name, scores)
};

}  // namespace simdjson_test

template <>
struct hob::http::json_traits<simdjson_test::User>
    : hob::http::SimdjsonTraits<simdjson_test::User> {
  static simdjson_test::User read(simdjson::dom::element value) {
    simdjson_test::User user;
    user.id = value["id"];
    user.name = std::string(std::string_view(value["name"]));
    for (const double score : value["scores"].get_array()) user.scores.push_back(score);
    return user;
  }
};

namespace simdjson_test {

using Traits = hob::http::json_traits<User>;

TEST_CASE("simdjson reads what nlohmann writes") {
  User user;
  user.id = -7;
  user.name = "Zo\xc3\xab \"x\" \\ \n";
  for (int i = 0; i < 1000; ++i) user.scores.push_back(i / 7.0);
  const User read = Traits::parse(Traits::dump(user));
  CHECK(read.id == user.id);
  CHECK(read.name == user.name);
  CHECK(read.scores == user.scores);
  CHECK(Traits::parse(R"( {"scores":[],"name":"\u00e9","id":1} )").name == "\xc3\xa9");
}

TEST_CASE("what simdjson does not take is a JSONDecodeError, and the next text is fine") {
  for (const char* text : {"", "{", "[]", "{}", R"({"id":1,"name":"a","scores":[1,]})",
                           R"({"id":"1","name":"a","scores":[]})", R"({"id":1,"name":"a"})",
                           R"({"id":1,"name":"a","scores":[]} x)", "\"\xff\"",
                           R"({"id":99999999999999999999,"name":"a","scores":[]})"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(Traits::parse(text), hob::http::JSONDecodeError);
    CHECK(Traits::parse(R"({"id":1,"name":"a","scores":[2]})").scores.size() == 1);
  }
}

TEST_CASE("a server's json<T>() goes that way, also in a thread") {
  hob::http::Server server;
  server.post("/", [](hob::http::ServerRequest& request) -> hob::Coro<hob::http::ServerResponse> {
    const User user = co_await request.json<User>();
    co_return hob::http::text_response(user.name + std::to_string(user.scores.size()));
  });
  const auto ask = [&](const std::string& body) {  // threads: in real time
    return hob::run(http_tests::send_to(server, http_tests::request_text("POST", "/", "", body)));
  };
  User user;
  user.name = "ann";
  CHECK(ask(Traits::dump(user)).body == "ann0");
  user.scores.assign(50'000, 0.5);
  CHECK(ask(Traits::dump(user)).body == "ann50000");
  CHECK(ask(Traits::dump(user) + "]").status == 400);
}

}  // namespace simdjson_test
#endif
