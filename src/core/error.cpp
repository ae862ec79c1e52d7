// SPDX-License-Identifier: MIT
#include <hob/core/duration.hpp>
#include <hob/core/error.hpp>
#include <hob/core/exception_group.hpp>
#include <hob/core/raise.hpp>

#include <cxxabi.h>
#include <cstring>
#include <memory>
#include <system_error>
#include <typeinfo>

namespace hob {

OSError::OSError(int code, Text operation)
    : std::runtime_error(std::string(operation.data(), operation.size()) + ": [Errno " +
                         std::to_string(code) + "] " + std::generic_category().message(code)),
      code_(code),
      operation_(detail::Message::make(operation)) {}

OSError::OSError(int code, Text operation, const std::string& what)
    : std::runtime_error(what), code_(code), operation_(detail::Message::make(operation)) {}

namespace {

std::string demangled(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 ? std::string(name.get()) : std::string(type.name());
}

}  // namespace

std::string type_name(const std::exception_ptr& error) {
  if (!error) return "";
  std::string name = demangled(*error.__cxa_exception_type());
  // Only the last part of a plain qualified name: hob::ValueError -> ValueError, std::vector<a::b>
  // stays.
  if (name.find('<') == std::string::npos) {
    if (const auto at = name.rfind("::"); at != std::string::npos) name.erase(0, at + 2);
  }
  return name;
}

std::string describe(const std::exception_ptr& error) {
  if (!error) return "no exception";
  std::string text = type_name(error);
  const char* what = "";
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError& e) {
    if (e.has_message()) text.append(": ").append(e.what());
    return text;
  } catch (const std::exception& e) {
    what = e.what();
    if (*what) text.append(": ").append(what);
  } catch (...) {
  }
  return text;
}

namespace detail {

void raise_runtime_error(const char* what) { throw RuntimeError(what); }
void raise_value_error(const char* what) { throw ValueError(what); }
void raise_invalid_state(const char* what) { throw InvalidStateError(what); }
void raise_timeout(const char* what) { throw TimeoutError(what); }
void raise_cancelled(Ref<Message> message) { throw CancelledError(std::move(message)); }
void raise_stop_async_iteration() { throw StopAsyncIteration(); }
void raise_nan_duration() { throw ValueError("Invalid delay: NaN (not a number)"); }

const void* exception_object(const std::exception_ptr& error, const void* type_info) noexcept {
  static_assert(sizeof(std::exception_ptr) == sizeof(void*),
                "exception_ptr must be one pointer to the object");
  if (!error || *error.__cxa_exception_type() != *static_cast<const std::type_info*>(type_info))
    return nullptr;
  const void* object;
  std::memcpy(&object, &error, sizeof object);
  return object;
}

bool is_cancelled_error(const std::exception_ptr& error) noexcept {
  return exception_object(error, &typeid(CancelledError)) != nullptr;
}

bool is_keyboard_interrupt(const std::exception_ptr& error) noexcept {
  return exception_object(error, &typeid(KeyboardInterrupt)) != nullptr;
}

Ref<Message> cancel_message_of(const std::exception_ptr& error) noexcept {
  const void* object = exception_object(error, &typeid(CancelledError));
  return object ? static_cast<const CancelledError*>(object)->message() : Ref<Message>();
}

std::exception_ptr make_cancelled_error(Ref<Message> message) {
  return std::make_exception_ptr(CancelledError(std::move(message)));
}

}  // namespace detail
}  // namespace hob
