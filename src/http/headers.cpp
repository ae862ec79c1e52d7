// SPDX-License-Identifier: MIT
#include <hob/core/error.hpp>
#include <hob/core/memory.hpp>
#include <hob/http/headers.hpp>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "http/scan.hpp"

namespace hob::http {

namespace {

constexpr std::size_t kNameMax = 65'535;
constexpr std::size_t kTextMax = 1u << 30;
// The first allocation by `add`: a few short lines fit, and it is a size class of the frame pool.
constexpr std::size_t kFirstEntries = 8;
constexpr std::size_t kFirstText = 240;

std::string_view view(Text text) noexcept { return {text.data(), text.size()}; }

void check(std::string_view name, std::string_view value) {
  if (!detail::is_token(name) || name.size() > kNameMax)
    throw ValueError("the name of a header field must be a token: \"" + std::string(name) + '"');
  if (detail::has_control(value))
    throw ValueError("the value of header field " + std::string(name) +
                     " holds a control character");
  if (value.size() > kTextMax) throw ValueError("the value of a header field is too long");
}

}  // namespace

bool detail::equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) {
           return x == y || lower(x) == lower(y);
         });
}

Headers::Headers(std::initializer_list<Field> fields) {
  for (const Field& field : fields) add(field.name, field.value);
}

Headers::Headers(const Headers& other) : block_(other.empty() ? nullptr : other.grown(0, 0)) {}

Headers::~Headers() {
  if (block_) free_block(block_);
}

Headers Headers::copy_of(const char* text, std::size_t size, const detail::FieldEntry* entries,
                         std::size_t count) {
  Headers headers;
  if (count == 0) return headers;
  Block* block = headers.block_ = make_block(count, size);
  std::memcpy(block->entries(), entries, count * sizeof(Entry));
  std::memcpy(block->text(), text, size);
  block->count = static_cast<std::uint32_t>(count);
  block->text_size = static_cast<std::uint32_t>(size);
  return headers;
}

Headers::Field Headers::at(std::size_t index) const noexcept {
  assert(index < size());
  return field(*block_, block_->entries()[index]);
}

bool Headers::contains(Text name) const noexcept {
  return !name.empty() && find(view(name), detail::name_hash(view(name)), 0) != size();
}

std::string_view Headers::get(Text name, std::string_view fallback) const noexcept {
  if (name.empty()) return fallback;
  const std::size_t index = find(view(name), detail::name_hash(view(name)), 0);
  return index == size() ? fallback : at(index).value;
}

std::string_view Headers::operator[](Text name) const {
  if (!contains(name)) throw LookupError("no header field " + std::string(view(name)));
  return get(name);
}

std::vector<std::string_view> Headers::get_all(Text name) const {
  std::vector<std::string_view> values;
  if (name.empty()) return values;
  const std::uint16_t hash = detail::name_hash(view(name));
  for (std::size_t i = 0; (i = find(view(name), hash, i)) != size(); ++i)
    values.push_back(at(i).value);
  return values;
}

std::string Headers::combined(Text name) const {
  std::string all;
  bool first = true;
  for (const std::string_view value : get_all(name)) {
    if (!std::exchange(first, false)) all += ", ";
    all += value;
  }
  return all;
}

void Headers::add(Text name, Text value) {
  const std::string_view key = view(name), content = detail::trimmed(view(value));
  check(key, content);
  const std::size_t need = key.size() + content.size();
  Block* old = nullptr;
  if (!block_) {
    block_ = make_block(kFirstEntries, std::max(need, kFirstText));
  } else if (block_->count == block_->capacity ||
             block_->text_capacity() - block_->text_size < need) {
    // The arguments may be views of the old text, so it goes last.
    const std::size_t more = std::max<std::size_t>(block_->count, kFirstEntries);
    old = std::exchange(block_, grown(more, need + block_->text_size));
  }
  Entry& entry = block_->entries()[block_->count];
  entry.name_at = write(*block_, key);
  entry.value_at = write(*block_, content);
  entry.value_size = static_cast<std::uint32_t>(content.size());
  entry.name_size = static_cast<std::uint16_t>(key.size());
  entry.hash = detail::name_hash(key);
  ++block_->count;
  if (old) free_block(old);
}

void Headers::set(Text name, Text value) {
  const std::size_t before = size();
  add(name, value);
  // Now the last line is the new one; it moves to the place of the first of its name.
  Entry* const entries = block_->entries();
  const Entry added = entries[before];
  const std::string_view key = field(*block_, added).name;
  std::size_t kept = 0;
  bool placed = false;
  for (std::size_t i = 0; i <= before; ++i) {
    const Entry entry = entries[i];
    if (!detail::equal_ignoring_case(field(*block_, entry).name, key)) {
      entries[kept++] = entry;
    } else if (!std::exchange(placed, true)) {
      entries[kept++] = added;
    }
  }
  block_->count = static_cast<std::uint32_t>(kept);
}

std::size_t Headers::remove(Text name) noexcept {
  if (empty() || name.empty()) return 0;
  Entry* const entries = block_->entries();
  Entry* const end = entries + block_->count;
  Entry* const rest = std::remove_if(entries, end, [&](const Entry& entry) {
    return detail::equal_ignoring_case(field(*block_, entry).name, view(name));
  });
  block_->count = static_cast<std::uint32_t>(rest - entries);
  return static_cast<std::size_t>(end - rest);
}

bool operator==(const Headers& a, const Headers& b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Headers::Field x = a.at(i), y = b.at(i);
    if (x.value != y.value || !detail::equal_ignoring_case(x.name, y.name)) return false;
  }
  return true;
}

Headers::Block* Headers::make_block(std::size_t entries, std::size_t text) {
  if (text > kTextMax) throw ValueError("too many header fields");
  // Rounded to what the pool gives anyway, so the rest is room for one more line.
  const std::size_t bytes =
      (sizeof(Block) + entries * sizeof(Entry) + text + 15) & ~std::size_t{15};
  void* place = hob::detail::allocate(bytes);
  return ::new (place)
      Block{static_cast<std::uint32_t>(bytes), 0, static_cast<std::uint32_t>(entries), 0};
}

void Headers::free_block(Block* block) noexcept { hob::detail::deallocate(block, block->bytes); }

std::uint32_t Headers::write(Block& block, std::string_view text) noexcept {
  assert(block.text_capacity() - block.text_size >= text.size());
  const std::uint32_t at = block.text_size;
  if (!text.empty()) std::memcpy(block.text() + at, text.data(), text.size());
  block.text_size += static_cast<std::uint32_t>(text.size());
  return at;
}

Headers::Field Headers::field(Block& block, const Entry& entry) noexcept {
  const char* text = block.text();
  return {{text + entry.name_at, entry.name_size}, {text + entry.value_at, entry.value_size}};
}

/// A copy with room for that many more; text that no line uses any more is left behind.
Headers::Block* Headers::grown(std::size_t entries, std::size_t text) const {
  std::size_t used = 0;
  for (std::size_t i = 0; i < block_->count; ++i)
    used += block_->entries()[i].name_size + block_->entries()[i].value_size;
  Block* block = make_block(block_->count + entries, used + text);
  for (std::size_t i = 0; i < block_->count; ++i) {
    Entry entry = block_->entries()[i];
    const Field line = field(*block_, entry);
    entry.name_at = write(*block, line.name);
    entry.value_at = write(*block, line.value);
    block->entries()[block->count++] = entry;
  }
  return block;
}

std::size_t Headers::find(std::string_view name, std::uint16_t hash,
                          std::size_t from) const noexcept {
  const std::size_t count = size();
  for (std::size_t i = from; i < count; ++i) {
    const Entry& entry = block_->entries()[i];
    if (entry.hash == hash && entry.name_size == name.size() &&
        detail::equal_ignoring_case(field(*block_, entry).name, name))
      return i;
  }
  return count;
}

}  // namespace hob::http
