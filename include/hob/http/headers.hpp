// SPDX-License-Identifier: MIT
// Headers: the fields of an HTTP message in their order - names without regard to case, any number
// of lines for one name. One pointer; one allocation while the fields are few, none while there are
// none. What is in it can be sent as it is: names and values are checked on their way in.
#pragma once

#include <hob/core/text.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hob::http {

namespace detail {

/// One field line: where its parts stand in a text, and a hash of the name.
struct FieldEntry {
  std::uint32_t name_at;
  std::uint32_t value_at;
  std::uint32_t value_size;
  std::uint16_t name_size;
  std::uint16_t hash;
};

/// Equal up to the case of ASCII letters, as names of fields and most of their tokens are.
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace detail

/// The header (or trailer) fields of a message; aiohttp's CIMultiDict. A value type for one thread
/// at a time. Views that it gives are valid until it is changed, moved from or destroyed.
class Headers {
 public:
  /// One field line.
  struct Field {
    std::string_view name;
    std::string_view value;
  };
  class Iterator;

  Headers() noexcept = default;
  /// Headers{{"Accept", "text/html"}, {"X-Trace", "1"}}. Throws as `add`.
  Headers(std::initializer_list<Field> fields);
  Headers(const Headers& other);
  Headers(Headers&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Headers& operator=(Headers other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Headers();

  /// Field lines, not names.
  std::size_t size() const noexcept { return block_ ? block_->count : 0; }
  bool empty() const noexcept { return size() == 0; }
  /// The lines in their order. `at` needs index < size().
  Iterator begin() const noexcept;
  Iterator end() const noexcept;
  Field at(std::size_t index) const noexcept;

  bool contains(Text name) const noexcept;
  /// The value of the first line of that name; `fallback` when there is none (dict.get).
  std::string_view get(Text name, std::string_view fallback = {}) const noexcept;
  /// The same; throws LookupError when there is none.
  std::string_view operator[](Text name) const;
  /// The values of all lines of that name, in their order (getall).
  std::vector<std::string_view> get_all(Text name) const;
  /// The same as one value, joined by ", ": what several lines of a list mean (RFC 9110, 5.3).
  std::string combined(Text name) const;

  /// Appends a line. Blanks around the value are dropped. Throws ValueError when the name is not a
  /// token, or the value holds a control character other than the tab: CR, LF and NUL would let a
  /// value write fields and messages of its own (RFC 9110, 5.5).
  void add(Text name, Text value);
  /// Replaces all lines of that name by one, at the place of the first. Throws as `add`.
  void set(Text name, Text value);
  /// Removes all lines of that name; gives how many there were.
  std::size_t remove(Text name) noexcept;
  void clear() noexcept { *this = Headers(); }

  /// A copy of checked lines whose entries point into `text`: what a parser has found.
  static Headers copy_of(const char* text, std::size_t size, const detail::FieldEntry* entries,
                         std::size_t count);

  /// The same lines in the same order; the case of names does not count.
  friend bool operator==(const Headers& a, const Headers& b) noexcept;

 private:
  using Entry = detail::FieldEntry;
  // Entries grow behind this, the text behind the place for all entries.
  struct Block {
    std::uint32_t bytes;
    std::uint32_t count;
    std::uint32_t capacity;
    std::uint32_t text_size;

    Entry* entries() noexcept { return reinterpret_cast<Entry*>(this + 1); }
    char* text() noexcept { return reinterpret_cast<char*>(entries() + capacity); }
    std::size_t text_capacity() const noexcept {
      return bytes - sizeof(Block) - capacity * sizeof(Entry);
    }
  };

  static Block* make_block(std::size_t entries, std::size_t text);
  static void free_block(Block* block) noexcept;
  static std::uint32_t write(Block& block, std::string_view text) noexcept;
  static Field field(Block& block, const Entry& entry) noexcept;
  Block* grown(std::size_t entries, std::size_t text) const;
  std::size_t find(std::string_view name, std::uint16_t hash, std::size_t from) const noexcept;

  Block* block_ = nullptr;
};

/// Goes over the lines of a Headers and gives a `Field` each.
class Headers::Iterator {
 public:
  using value_type = Field;
  using difference_type = std::ptrdiff_t;

  Iterator() noexcept = default;
  Iterator(const Headers& headers, std::size_t index) noexcept
      : headers_(&headers), index_(index) {}
  Field operator*() const noexcept { return headers_->at(index_); }
  Iterator& operator++() noexcept {
    ++index_;
    return *this;
  }
  Iterator operator++(int) noexcept { return {*headers_, index_++}; }
  friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
    return a.index_ == b.index_;
  }

 private:
  const Headers* headers_ = nullptr;
  std::size_t index_ = 0;
};

inline Headers::Iterator Headers::begin() const noexcept { return {*this, 0}; }
inline Headers::Iterator Headers::end() const noexcept { return {*this, size()}; }

}  // namespace hob::http
