// SPDX-License-Identifier: MIT
// memory_stream_pair: two streams that are connected in memory, for tests of protocols.
#pragma once

#include <hob/core/ref.hpp>
#include <hob/stream/stream.hpp>
#include <hob/stream/transport.hpp>

#include <cstddef>

namespace hob::testing {

struct MemoryStreamOptions {
  /// How many bytes are on their way before a writer has to wait.
  std::size_t capacity = 64 << 10;
  /// The most that one read or write moves; 1 finds every place where a message was taken for
  /// whole.
  std::size_t chunk = static_cast<std::size_t>(-1);
  std::size_t limit = StreamReader::kLimit;
};

struct TransportPair {
  detail::Ref<Transport> first;
  detail::Ref<Transport> second;
};
struct StreamPair {
  Stream first;
  Stream second;
};

/// What one end writes the other reads, without delay and without the kernel. Both belong to the
/// running loop.
StreamPair memory_stream_pair(MemoryStreamOptions options = {});
/// The same without streams.
TransportPair memory_transport_pair(MemoryStreamOptions options = {});

}  // namespace hob::testing
