// SPDX-License-Identifier: MIT
#include "executor/throw_stack.hpp"

#include <hob/core/error.hpp>
#include <hob/core/exception_group.hpp>
#include <hob/core/raise.hpp>
#include <hob/executor/remote_error.hpp>
#include <hob/executor/serialize.hpp>

#include <cxxabi.h>
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

namespace hob {

RemoteError::RemoteError(std::string type, std::string message,
                         std::vector<detail::FunctionId> frames)
    : std::runtime_error(message.empty() ? type : type + ": " + message),
      type_(std::move(type)),
      message_(std::move(message)),
      frames_(std::move(frames)) {}

std::string RemoteError::stack() const { return detail::format_stack(frames_); }

namespace detail {
namespace {

std::string full_type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 ? std::string(name.get()) : std::string(type.name());
}

const void* object_of(const std::exception_ptr& error) {
  return exception_object(error, error.__cxa_exception_type());
}

// By what(): for types whose message is all they have.
template <class E>
ExceptionCodec by_message() {
  return {
      &typeid(E),
      [](OutArchive& archive, const void* object) {
        archive(std::string(static_cast<const E*>(object)->what()));
      },
      [](InArchive& archive) { return std::make_exception_ptr(E(take<std::string>(archive))); }};
}
// For types without state.
template <class E>
ExceptionCodec by_default() {
  return {&typeid(E), [](OutArchive&, const void*) {},
          [](InArchive&) { return std::make_exception_ptr(E()); }};
}
template <class E>
ExceptionCodec by(void (*put)(OutArchive&, const void*), std::exception_ptr (*get)(InArchive&)) {
  return {&typeid(E), put, get};
}

void put_cancelled(OutArchive& archive, const void* object) {
  const auto& error = *static_cast<const CancelledError*>(object);
  archive(error.has_message(), std::string(error.what()));
}
std::exception_ptr get_cancelled(InArchive& archive) {
  const bool has = take<bool>(archive);
  const auto message = take<std::string>(archive);
  return std::make_exception_ptr(has ? CancelledError(message) : CancelledError());
}
void put_os_error(OutArchive& archive, const void* object) {
  const auto& error = *static_cast<const OSError*>(object);
  archive(error.code(), std::string(error.operation()));
}
std::exception_ptr get_os_error(InArchive& archive) {
  const int code = take<int>(archive);
  return std::make_exception_ptr(OSError(code, take<std::string>(archive)));
}
// what() is the constructor's text, ": ", and the code's message.
void put_system_error(OutArchive& archive, const void* object) {
  const auto& error = *static_cast<const std::system_error*>(object);
  std::string text = error.what();
  const std::string end = error.code().message();
  if (text.ends_with(end)) text.resize(text.size() - end.size());
  if (text.ends_with(": ")) text.resize(text.size() - 2);
  archive(error.code().category() == std::system_category(), error.code().value(), text);
}
std::exception_ptr get_system_error(InArchive& archive) {
  const bool system = take<bool>(archive);
  const int value = take<int>(archive);
  const auto text = take<std::string>(archive);
  const std::error_code code(value, system ? std::system_category() : std::generic_category());
  return std::make_exception_ptr(text.empty() ? std::system_error(code)
                                              : std::system_error(code, text));
}
void put_group(OutArchive& archive, const void* object) {
  const auto& group = *static_cast<const ExceptionGroup*>(object);
  archive(group.message(), group.exceptions().size());
  for (const std::exception_ptr& error : group.exceptions()) put_exception(archive, error);
}
std::exception_ptr get_group(InArchive& archive) {
  auto message = take<std::string>(archive);
  const std::size_t count = archive.source().read_count(1);
  std::vector<std::exception_ptr> errors;
  const Depth level(archive.source().depth);
  for (std::size_t i = 0; i < count; ++i) errors.push_back(get_exception(archive));
  if (errors.empty()) raise_unpickling("an ExceptionGroup without exceptions");
  return std::make_exception_ptr(ExceptionGroup(std::move(message), std::move(errors)));
}
void put_remote(OutArchive& archive, const void* object) {
  const auto& error = *static_cast<const RemoteError*>(object);
  archive(error.type(), error.message(), error.frames());
}
std::exception_ptr get_remote(InArchive& archive) {
  auto type = take<std::string>(archive);
  auto message = take<std::string>(archive);
  return std::make_exception_ptr(
      RemoteError(std::move(type), std::move(message), take<StackFrames>(archive)));
}

// Types are told apart by their name: the type_info of one type may exist twice among shared
// objects, and lies elsewhere in another process.
class Codecs {
 public:
  Codecs()
      : codecs_{by_message<std::runtime_error>(),
                by_message<std::range_error>(),
                by_message<std::overflow_error>(),
                by_message<std::underflow_error>(),
                by_message<std::logic_error>(),
                by_message<std::invalid_argument>(),
                by_message<std::domain_error>(),
                by_message<std::length_error>(),
                by_message<std::out_of_range>(),
                by_default<std::exception>(),
                by_default<std::bad_alloc>(),
                by_default<std::bad_array_new_length>(),
                by_message<RuntimeError>(),
                by_message<ValueError>(),
                by_message<LookupError>(),
                by_message<InvalidStateError>(),
                by_message<TimeoutError>(),
                by_message<DeadlockError>(),
                by_message<BrokenBarrierError>(),
                by_message<BrokenExecutor>(),
                by_message<BrokenThreadPool>(),
                by_message<BrokenProcessPool>(),
                by_message<UnpicklingError>(),
                by_default<QueueEmpty>(),
                by_default<QueueFull>(),
                by_default<QueueShutDown>(),
                by_default<StopAsyncIteration>(),
                by_default<KeyboardInterrupt>(),
                by<CancelledError>(&put_cancelled, &get_cancelled),
                by<OSError>(&put_os_error, &get_os_error),
                by<std::system_error>(&put_system_error, &get_system_error),
                by<ExceptionGroup>(&put_group, &get_group),
                by<RemoteError>(&put_remote, &get_remote)} {}

  void add(const ExceptionCodec& codec) {
    const std::lock_guard lock(mutex_);
    codecs_.push_back(codec);
  }
  // Codecs stay where they are.
  const ExceptionCodec* find(const char* name) {
    const std::lock_guard lock(mutex_);
    for (const ExceptionCodec& codec : codecs_) {
      if (std::strcmp(codec.type->name(), name) == 0) return &codec;
    }
    return nullptr;
  }

 private:
  std::mutex mutex_;
  std::deque<ExceptionCodec> codecs_;
};
Codecs& codecs() {
  static auto& all = *new Codecs;  // never destroyed: pools may outlive static objects
  return all;
}

std::string message_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (const char* text) {
    return text ? text : "";
  } catch (const std::string& text) {
    return text;
  } catch (...) {
    return "";
  }
}

// The stacks of exceptions that came from workers, by the exception; the last few hundred.
class Stacks {
 public:
  void add(const std::exception_ptr& error, StackFrames stack) {
    const std::lock_guard lock(mutex_);
    stacks_.emplace_back(error, std::move(stack));
    if (stacks_.size() > kKept) stacks_.pop_front();
  }
  StackFrames of(const std::exception_ptr& error) {
    const std::lock_guard lock(mutex_);
    for (const auto& [known, stack] : stacks_) {
      if (known == error) return stack;
    }
    return {};
  }

 private:
  static constexpr std::size_t kKept = 256;
  std::mutex mutex_;
  std::deque<std::pair<std::exception_ptr, StackFrames>> stacks_;
};
Stacks& stacks() {
  static auto& all = *new Stacks;
  return all;
}

}  // namespace

bool add_exception_codec(const ExceptionCodec& codec) {
  codecs().add(codec);
  return true;
}

void put_exception(OutArchive& archive, const std::exception_ptr& error) {
  const std::type_info& type = *error.__cxa_exception_type();
  const ExceptionCodec* codec = codecs().find(type.name());
  const Depth copied(archive.sink().copies);  // most of what is written here are temporaries
  archive(codec != nullptr, stack_of(error));
  if (codec) {
    archive(std::string(type.name()));
    codec->put(archive, object_of(error));
  } else {
    archive(full_type_name(type), message_of(error));
  }
}

std::exception_ptr get_exception(InArchive& archive) {
  const bool known = take<bool>(archive);
  auto stack = take<StackFrames>(archive);
  auto name = take<std::string>(archive);
  std::exception_ptr error;
  if (!known) {
    auto message = take<std::string>(archive);
    error = std::make_exception_ptr(RemoteError(std::move(name), std::move(message), stack));
  } else if (const ExceptionCodec* codec = codecs().find(name.c_str())) {
    error = codec->get(archive);
  } else {
    raise_unpickling("an exception of a type that is registered in the worker only");
  }
  if (!stack.empty()) stacks().add(error, std::move(stack));
  return error;
}

}  // namespace detail

std::string remote_stack(const std::exception_ptr& error) {
  return error ? detail::format_stack(detail::stacks().of(error)) : "";
}

}  // namespace hob
