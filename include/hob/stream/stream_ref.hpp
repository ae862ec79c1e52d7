// SPDX-License-Identifier: MIT
// StreamRef: what StreamReader and StreamWriter share, a counted pointer to one stream's state.
#pragma once

#include <utility>

namespace hob::detail {

class StreamState;

/// Counted without atomics: belongs to its loop's thread. When the last one goes the stream is
/// closed, as by `StreamWriter::close`.
class StreamRef {
 public:
  StreamRef() noexcept = default;
  explicit StreamRef(StreamState* adopted) noexcept : state_(adopted) {}
  StreamRef(const StreamRef& other) noexcept : state_(other.state_) {
    if (state_) retain();
  }
  StreamRef(StreamRef&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  StreamRef& operator=(StreamRef other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~StreamRef() {
    if (state_) release();
  }

  StreamState& operator*() const noexcept { return *state_; }
  StreamState* operator->() const noexcept { return state_; }
  explicit operator bool() const noexcept { return state_ != nullptr; }
  friend bool operator==(const StreamRef&, const StreamRef&) noexcept = default;

 private:
  void retain() const noexcept;
  void release() noexcept;

  StreamState* state_ = nullptr;
};

}  // namespace hob::detail
