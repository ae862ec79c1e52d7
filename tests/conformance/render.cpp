// SPDX-License-Identifier: MIT
#include "conformance/render.hpp"

#include <hob/core/error.hpp>
#include <hob/core/exception_group.hpp>
#include <hob/task/generator.hpp>

#include <algorithm>

namespace conformance {
namespace {

template <class E>
bool is(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const E&) {
    return true;
  } catch (...) {
    return false;
  }
}

std::string list_of(const Value::List& list) {
  std::string text;
  for (const Value& item : list) text += (text.empty() ? "" : ", ") + item.rendered();
  return "[" + text + "]";
}

std::string render_group(const hob::ExceptionGroup& group) {
  Value::List members;
  for (const std::exception_ptr& error : group.exceptions()) members.emplace_back(error);
  return "ExceptionGroup('" + group.message() + "', " + list_of(members) + ")";
}

struct Renderer {
  std::string operator()(std::monostate) const { return "None"; }
  std::string operator()(bool truth) const { return truth ? "True" : "False"; }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(const std::string& word) const { return word; }
  std::string operator()(const std::exception_ptr& error) const { return render_error(error); }
  std::string operator()(const Value::List& list) const { return list_of(list); }
};

struct Kind {
  bool (*matches)(const std::exception_ptr& error);
  std::exception_ptr (*make)();
};

template <class E>
constexpr Kind kind_of{&is<E>, [] { return std::make_exception_ptr(E()); }};
template <class E>
constexpr Kind kind_of_text{&is<E>, [] { return std::make_exception_ptr(E("")); }};

const std::map<std::string, Kind> kKinds{
    {"BaseException", {[](const std::exception_ptr&) { return true; }, nullptr}},
    {"Exception", {&is_exception, nullptr}},
    {"Boom", {&is<Boom>, nullptr}},
    {"CancelledError", {&is<hob::CancelledError>, nullptr}},
    {"ExceptionGroup", {&is<hob::ExceptionGroup>, nullptr}},
    {"TimeoutError", kind_of<hob::TimeoutError>},
    {"ValueError", kind_of_text<hob::ValueError>},
    {"RuntimeError", kind_of_text<hob::RuntimeError>},
    {"InvalidStateError", kind_of_text<hob::InvalidStateError>},
    {"QueueEmpty", kind_of<hob::QueueEmpty>},
    {"QueueFull", kind_of<hob::QueueFull>},
    {"QueueShutDown", kind_of<hob::QueueShutDown>},
    {"BrokenBarrierError", kind_of<hob::BrokenBarrierError>},
};

const Kind& find_kind(const std::string& name) {
  const auto found = kKinds.find(name);
  if (found == kKinds.end()) throw ScenarioError("there is no error " + name);
  return found->second;
}

}  // namespace

std::string Value::rendered() const { return std::visit(Renderer(), is_); }

// Only messages that scenarios themselves chose are shown.
std::string render_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Boom& boom) {
    return "Boom(" + std::to_string(boom.number) + ")";
  } catch (const hob::CancelledError& cancelled) {
    const std::string message = cancelled.what();
    return message.empty() ? "CancelledError()" : "CancelledError('" + message + "')";
  } catch (const hob::ExceptionGroup& group) {
    return render_group(group);
  } catch (const hob::TimeoutError&) {
    return "TimeoutError()";
  } catch (...) {
    return hob::type_name(error);
  }
}

std::exception_ptr make_error(const Tokens& tokens, std::size_t first) {
  const std::string& name = tokens.at(first);
  const bool more = tokens.size() > first + 1;
  if (name == "Boom") return std::make_exception_ptr(Boom(integer(tokens.at(first + 1))));
  if (name == "CancelledError") {
    if (!more) return std::make_exception_ptr(hob::CancelledError());
    return std::make_exception_ptr(hob::CancelledError(tokens[first + 1]));
  }
  const Kind& kind = find_kind(name);
  if (!kind.make) throw ScenarioError("cannot raise " + name);
  return kind.make();
}

bool matches(const std::string& kind, const std::exception_ptr& error) {
  return find_kind(kind).matches(error);
}

bool is_unbound(const std::exception_ptr& error) { return is<Unbound>(error); }

bool is_exception(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const hob::ExceptionGroup& group) {
    return std::ranges::all_of(group.exceptions(), &is_exception);
  } catch (const std::exception&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace conformance
