// SPDX-License-Identifier: MIT
#include <hob/core/context.hpp>
#include <hob/core/error.hpp>

#include <algorithm>
#include <atomic>
#include <vector>

namespace hob {
namespace detail {

constinit thread_local ContextSlot* current_context_slot = nullptr;

// A sorted vector that is copied on every set: programs have a handful of variables, and get is
// what is hot.
class ContextMap {
 public:
  struct Entry {
    std::uint64_t id;
    Ref<ContextValue> value;
  };

  void retain() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  const ContextValue* find(std::uint64_t id) const noexcept {
    const auto at = position(id);
    return at != entries.end() && at->id == id ? at->value.get() : nullptr;
  }
  std::vector<Entry>::const_iterator position(std::uint64_t id) const noexcept {
    return std::lower_bound(entries.begin(), entries.end(), id,
                            [](const Entry& e, std::uint64_t key) { return e.id < key; });
  }

  std::vector<Entry> entries;

 private:
  std::atomic<std::size_t> refs_{1};
};

ContextState::~ContextState() {
  if (map_) map_->release();
}

void ContextState::destroy() noexcept { delete this; }

const ContextValue* ContextState::find(std::uint64_t id) const noexcept {
  return map_ ? map_->find(id) : nullptr;
}

void ContextState::assign(std::uint64_t id, Ref<ContextValue> value) {
  auto fresh = Ref<ContextMap>::adopt(new ContextMap);
  if (map_) fresh->entries = map_->entries;
  const auto at = fresh->entries.begin() + (fresh->position(id) - fresh->entries.begin());
  const bool there = at != fresh->entries.end() && at->id == id;
  if (!value) {
    if (there) fresh->entries.erase(at);
  } else if (there) {
    at->value = std::move(value);
  } else {
    fresh->entries.insert(at, {id, std::move(value)});
  }
  if (map_) map_->release();
  map_ = fresh->entries.empty() ? nullptr : fresh.detach();
}

ContextSlot& thread_context_slot() noexcept {
  static thread_local ContextSlot slot;
  return slot;
}

ContextSlot copy_context_state(const ContextState& state) {
  auto* copy = new ContextState(state.map());
  if (state.map()) state.map()->retain();
  copy->deadline_ns = state.deadline_ns;
  return ContextSlot::adopt(copy);
}

ContextState& current_context_state() {
  ContextSlot& slot = current_context();
  if (!slot) slot = ContextSlot::adopt(new ContextState(nullptr));
  return *slot;
}

std::uint64_t new_context_var_id() noexcept {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

void raise_lookup_error(const char* variable) { throw LookupError(variable); }

}  // namespace detail

Context Context::copy() const { return Context(detail::copy_context_state(*state_)); }

Context copy_context() {
  detail::ContextSlot copy = detail::copy_current_context();
  return copy ? Context(std::move(copy)) : Context();
}

}  // namespace hob
