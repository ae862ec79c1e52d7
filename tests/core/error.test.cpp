// SPDX-License-Identifier: MIT
// Errors, messages, ExceptionGroup, Result.
#include <hob/core/error.hpp>
#include <hob/core/exception_group.hpp>
#include <hob/core/raise.hpp>
#include <hob/core/result.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

namespace error_test {
namespace {

struct Foreign {};
namespace deep {
struct Nested : std::runtime_error {
  using std::runtime_error::runtime_error;
};
template <class T>
struct Generic {};
}  // namespace deep

template <class E>
std::exception_ptr make(E error) {
  return std::make_exception_ptr(std::move(error));
}

std::vector<std::string> names(const hob::ExceptionGroup& group) {
  std::vector<std::string> all;
  for (const auto& error : group.exceptions()) all.push_back(hob::describe(error));
  return all;
}

hob::ExceptionGroup nested_group() {
  const hob::ExceptionGroup inner("inner", {make(hob::ValueError("b")), make(hob::TimeoutError())});
  return hob::ExceptionGroup("outer", {make(hob::ValueError("a")), make(inner), make(Foreign())});
}

}  // namespace

TEST_CASE("describe gives the type without its namespace, and the text") {
  CHECK(hob::describe(make(hob::ValueError("bad"))) == "ValueError: bad");
  CHECK(hob::describe(make(hob::TimeoutError())) == "TimeoutError");
  CHECK(hob::describe(make(hob::CancelledError())) == "CancelledError");
  CHECK(hob::describe(make(hob::CancelledError("why"))) == "CancelledError: why");
  CHECK(hob::describe(make(deep::Nested("x"))) == "Nested: x");
  CHECK(hob::describe(make(Foreign())) == "Foreign");
  CHECK(hob::describe(make(5)) == "int");
  CHECK(hob::describe(nullptr) == "no exception");
  CHECK(hob::type_name(nullptr) == "");
  const std::string generic = hob::type_name(make(deep::Generic<std::string>()));
  CHECK(generic.find("Generic<") != std::string::npos);
}

TEST_CASE("an OSError has code, operation and a message with both") {
  const hob::OSError error(ENOENT, "open");
  CHECK(error.code() == ENOENT);
  CHECK(std::string(error.operation()) == "open");
  CHECK(std::string(error.what()) == "open: [Errno 2] No such file or directory");
  const hob::OSError copy = error;
  CHECK(std::string(copy.operation()) == "open");
}

TEST_CASE("a CancelledError is no std::exception") {
  static_assert(!std::is_base_of_v<std::exception, hob::CancelledError>);
  static_assert(!std::is_base_of_v<std::exception, hob::KeyboardInterrupt>);
  const hob::CancelledError error("reason");
  const hob::CancelledError copy = error;
  CHECK(copy.has_message());
  CHECK(std::string(copy.what()) == "reason");
  CHECK_FALSE(hob::CancelledError().has_message());
  CHECK(std::string(hob::CancelledError().what()) == "");
}

TEST_CASE("the object inside an exception_ptr is found by its exact type only") {
  CHECK(hob::detail::is_cancelled_error(make(hob::CancelledError())));
  CHECK_FALSE(hob::detail::is_cancelled_error(make(hob::ValueError("x"))));
  CHECK_FALSE(hob::detail::is_cancelled_error(nullptr));
  CHECK(hob::detail::is_keyboard_interrupt(make(hob::KeyboardInterrupt())));
  const auto message = hob::detail::cancel_message_of(make(hob::CancelledError("m")));
  REQUIRE(message);
  CHECK(message->text() == "m");
  CHECK_FALSE(hob::detail::cancel_message_of(make(hob::ValueError("x"))));
}

TEST_CASE("texts of any kind and length become messages") {
  const std::string longer(3000, 'x');
  CHECK(hob::detail::Message::make(longer)->text() == longer);
  CHECK(hob::detail::Message::make("")->text().empty());
  CHECK(hob::detail::Message::make({})->c_str()[0] == '\0');
  CHECK(hob::detail::Message::make(std::string_view("abcdef").substr(1, 2))->text() == "bc");
}

TEST_CASE("an exception group tells how many it holds") {
  const hob::ExceptionGroup one("failed", {make(hob::ValueError("a"))});
  CHECK(std::string(one.what()) == "failed (1 sub-exception)");
  CHECK(std::string(nested_group().what()) == "outer (3 sub-exceptions)");
  CHECK(one.message() == "failed");
  CHECK(names(one) == std::vector<std::string>{"ValueError: a"});
}

TEST_CASE("an exception group is neither empty nor holds a null") {
  CHECK_THROWS_AS(hob::ExceptionGroup("x", {}), hob::ValueError);
  CHECK_THROWS_AS(hob::ExceptionGroup("x", {std::exception_ptr()}), hob::ValueError);
}

TEST_CASE("split divides a group by type and keeps the nesting") {
  const auto [matching, rest] = nested_group().split<hob::ValueError>();
  REQUIRE(matching);
  REQUIRE(rest);
  CHECK(names(*matching) == std::vector<std::string>{
                                "ValueError: a", "ExceptionGroup: inner (1 sub-exception)"});
  CHECK(names(*rest) ==
        std::vector<std::string>{"ExceptionGroup: inner (1 sub-exception)", "Foreign"});
  CHECK(matching->message() == "outer");
}

TEST_CASE("split gives nothing for a side that is empty") {
  const auto [none, all] = nested_group().split<hob::LookupError>();
  CHECK_FALSE(none);
  REQUIRE(all);
  CHECK(all->exceptions().size() == 3);
  const hob::ExceptionGroup values("v", {make(hob::ValueError("a")), make(hob::ValueError("b"))});
  const auto [both, nothing] = values.split<hob::ValueError>();
  CHECK(both->exceptions().size() == 2);
  CHECK_FALSE(nothing);
}

TEST_CASE("by type, a group matches as an ExceptionGroup only") {
  CHECK(nested_group().subgroup<hob::ExceptionGroup>()->exceptions().size() == 3);
  // A foreign type is no std::exception, so it stays out, though the group itself is one.
  const auto standard = nested_group().subgroup<std::exception>();
  REQUIRE(standard);
  CHECK(standard->exceptions().size() == 2);
}

TEST_CASE("a predicate is asked for groups before their members, as in Python") {
  std::vector<std::string> asked;
  const auto part = nested_group().subgroup([&](const std::exception_ptr& error) {
    asked.push_back(hob::describe(error));
    return asked.back() == "ExceptionGroup: inner (2 sub-exceptions)";
  });
  REQUIRE(part);
  CHECK(names(*part) == std::vector<std::string>{"ExceptionGroup: inner (2 sub-exceptions)"});
  CHECK(asked == std::vector<std::string>{"ExceptionGroup: outer (3 sub-exceptions)",
                                          "ValueError: a",
                                          "ExceptionGroup: inner (2 sub-exceptions)", "Foreign"});
}

TEST_CASE("a result has a value or an exception") {
  hob::Result<int> value = 5;
  CHECK(value.has_value());
  CHECK(*value == 5);
  CHECK(value.exception() == nullptr);
  CHECK_FALSE(value.cancelled());
  hob::Result<int> error = make(hob::ValueError("no"));
  CHECK_FALSE(error);
  CHECK_THROWS_WITH_AS(error.value(), "no", hob::ValueError);
  CHECK_FALSE(error.cancelled());
  hob::Result<int> cancelled = make(hob::CancelledError());
  CHECK(cancelled.cancelled());
  CHECK_THROWS_AS(*cancelled, hob::CancelledError);
}

TEST_CASE("results are copied, moved and assigned over each other") {
  hob::Result<std::string> text = std::string("a text beyond the small string buffer");
  hob::Result<std::string> copy = text;
  CHECK(*copy == *text);
  hob::Result<std::string> moved = std::move(text);
  CHECK(moved->size() == 37);
  moved = make(hob::ValueError("x"));
  CHECK_FALSE(moved);
  moved = copy;
  CHECK(*moved == *copy);
  hob::Result<std::unique_ptr<int>> unique = std::make_unique<int>(4);
  const std::unique_ptr<int> out = std::move(unique).value();
  CHECK(*out == 4);
}

TEST_CASE("a result of void has no value but can fail") {
  const hob::Result<> fine;
  CHECK(fine.has_value());
  CHECK_NOTHROW(fine.value());
  CHECK(*fine == hob::None());
  const hob::Result<> failed = make(hob::TimeoutError());
  CHECK_THROWS_AS(failed.value(), hob::TimeoutError);
}

}  // namespace error_test
