// SPDX-License-Identifier: MIT
#include <hob/core/exception_group.hpp>

namespace hob {
namespace {

std::string summary(const std::string& message, std::size_t count) {
  return message + " (" + std::to_string(count) +
         (count == 1 ? " sub-exception)" : " sub-exceptions)");
}

using Part = std::optional<ExceptionGroup>;

Part make_part(const std::string& message, std::vector<std::exception_ptr> errors) {
  if (errors.empty()) return std::nullopt;
  return ExceptionGroup(message, std::move(errors));
}

// As BaseExceptionGroup.split: a group that matches as such goes whole, else its members are asked.
std::pair<Part, Part> split_group(const ExceptionGroup& group, const std::exception_ptr& self,
                                  ExceptionGroup::Predicate& matches) {
  if (matches(self)) return {group, std::nullopt};
  std::vector<std::exception_ptr> in;
  std::vector<std::exception_ptr> out;
  for (const std::exception_ptr& error : group.exceptions()) {
    try {
      std::rethrow_exception(error);
    } catch (const ExceptionGroup& inner) {
      auto [matching, rest] = split_group(inner, error, matches);
      if (matching) in.push_back(std::make_exception_ptr(*matching));
      if (rest) out.push_back(std::make_exception_ptr(*rest));
    } catch (...) {
      (matches(error) ? in : out).push_back(error);
    }
  }
  return {make_part(group.message(), std::move(in)), make_part(group.message(), std::move(out))};
}

}  // namespace

ExceptionGroup::ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions)
    : std::runtime_error(summary(message, exceptions.size())),
      message_(std::move(message)),
      exceptions_(std::move(exceptions)) {
  if (exceptions_.empty()) throw ValueError("ExceptionGroup: exceptions must not be empty");
  for (const auto& error : exceptions_) {
    if (!error) throw ValueError("ExceptionGroup: a null exception_ptr is not an exception");
  }
}

bool ExceptionGroup::holds_group(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const ExceptionGroup&) {
    return true;
  } catch (...) {
    return false;
  }
}

Part ExceptionGroup::subgroup(Predicate matches) const { return split(std::move(matches)).first; }

std::pair<Part, Part> ExceptionGroup::split(Predicate matches) const {
  return split_group(*this, std::make_exception_ptr(*this), matches);
}

}  // namespace hob
