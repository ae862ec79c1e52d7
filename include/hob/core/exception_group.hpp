// SPDX-License-Identifier: MIT
// ExceptionGroup (PEP 654): several exceptions that happened together, as a TaskGroup reports them.
#pragma once

#include <hob/core/error.hpp>
#include <hob/core/function.hpp>

#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace hob {

/// Several unrelated exceptions raised together. Groups may nest. Copyable and cheap to copy (it
/// shares its list).
class ExceptionGroup : public std::runtime_error {
 public:
  using Predicate = Function<bool(const std::exception_ptr&)>;

  /// Throws ValueError when `exceptions` is empty or holds a null, as Python does.
  ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions);

  const std::string& message() const noexcept { return message_; }
  const std::vector<std::exception_ptr>& exceptions() const noexcept { return exceptions_; }

  /// The part that matches, with the nesting kept; nothing when nothing does. `matches` is asked
  /// for this group, then for its members; a group that matches goes whole. Behaviour of PEP 654.
  std::optional<ExceptionGroup> subgroup(Predicate matches) const;
  /// (matching part, the rest).
  std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>> split(
      Predicate matches) const;
  /// The same by type. A group counts as an ExceptionGroup only, not as the std::exception it also
  /// is.
  template <class E>
  std::optional<ExceptionGroup> subgroup() const {
    return subgroup(&is_a<E>);
  }
  template <class E>
  std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>> split() const {
    return split(&is_a<E>);
  }

 private:
  template <class E>
  static bool is_a(const std::exception_ptr& error) {
    if (std::is_base_of_v<ExceptionGroup, E> != holds_group(error)) return false;
    try {
      std::rethrow_exception(error);
    } catch (const E&) {
      return true;
    } catch (...) {
      return false;
    }
  }
  static bool holds_group(const std::exception_ptr& error);

  std::string message_;
  std::vector<std::exception_ptr> exceptions_;
};

}  // namespace hob
