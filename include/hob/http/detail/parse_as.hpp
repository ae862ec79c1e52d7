// SPDX-License-Identifier: MIT
// parse_as: JSON as a type of the user's, by json_traits, in a thread when it is large.
#pragma once

#include <hob/core/function.hpp>
#include <hob/http/json.hpp>
#include <hob/task/coro.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace hob::http::detail {

/// What the thread and the one who waits share: the thread may still be at it when nobody waits.
template <class T>
struct ParseJob {
  explicit ParseJob(std::string t) : text(std::move(t)) {}
  void operator()() { value.emplace(json_traits<T>::parse(text)); }

  std::string text;
  std::optional<T> value;
};

/// to_thread, without its header.
Coro<> run_in_thread(Function<void()> job);

template <class T>
Coro<T> parse_as(std::string text) {
  if (text.size() <= kJsonOffLoop) co_return json_traits<T>::parse(text);
  auto job = std::make_shared<ParseJob<T>>(std::move(text));
  Function<void()> call = [job] { (*job)(); };
  co_await run_in_thread(std::move(call));
  co_return std::move(*job->value);
}

}  // namespace hob::http::detail
