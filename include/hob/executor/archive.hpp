// SPDX-License-Identifier: MIT
// OutArchive and InArchive: what a type's `serialize` is called with, and which types need none.
#pragma once

#include <hob/executor/detail/bytes.hpp>

#include <cstddef>
#include <type_traits>

namespace hob {

class OutArchive;
class InArchive;

namespace detail {
template <class T>
void put_named(OutArchive& archive, const T& value);  // detail/encode.hpp
template <class T>
void get_named(InArchive& archive, T&& value);
}  // namespace detail

/// Writes values. What can be written, by itself:
///
/// - arithmetic types, enumerations, and everything trivially copyable without pointers, as memory;
/// - std::string, the standard containers, std::array, pair, tuple, optional, variant,
///   std::unique_ptr (the object, not polymorphic), std::filesystem::path;
/// - aggregates of up to 32 such fields, without base classes, without a line of code;
/// - types with `template <class Archive> void serialize(Archive& archive)` as a member or, as
///   `serialize(archive, value)`, beside the type, or with `save(archive) const` and
///   `load(archive)`: code written for cereal works unchanged, its NVP macros and private members
///   included. This one wins over the rules above.
///
/// Pointers, references and views (std::string_view, std::span) are refused by the compiler, and
/// so is what it cannot look into; the error names the member. A type must be trivially copyable or
/// have a default constructor to be read again.
class OutArchive {
 public:
  using is_saving = std::true_type;
  using is_loading = std::false_type;

  /// Writes the values in order, as cereal's archives do. Throws std::bad_alloc, and ValueError
  /// for a structure nested deeper than 5000 levels.
  template <class... Ts>
  OutArchive& operator()(const Ts&... values) {
    (detail::put_named(*this, values), ...);
    return *this;
  }
  template <class T>
  OutArchive& operator&(const T& value) {
    return (*this)(value);
  }

  /// For the rules above.
  detail::ByteSink& sink() noexcept { return sink_; }
  const detail::ByteSink& sink() const noexcept { return sink_; }

 private:
  detail::ByteSink sink_;
};

/// Reads what an OutArchive wrote. Every length is checked against what is there.
class InArchive {
 public:
  using is_saving = std::false_type;
  using is_loading = std::true_type;

  /// Reads from memory that outlives this and is aligned to 16 bytes.
  InArchive(const void* data, std::size_t size) noexcept : source_(data, size) {}

  /// Reads into the values in order. Throws UnpicklingError, ValueError for what is nested too
  /// deeply, and what the types throw; the values are then valid, whatever they hold.
  template <class... Ts>
  InArchive& operator()(Ts&&... values) {
    (detail::get_named(*this, values), ...);
    return *this;
  }
  template <class T>
  InArchive& operator&(T&& value) {
    return (*this)(value);
  }

  /// For the rules above.
  detail::ByteSource& source() noexcept { return source_; }

 private:
  detail::ByteSource source_;
};

}  // namespace hob
