// SPDX-License-Identifier: MIT
// Stream: both sides of a connection, and how one is made of a transport.
#pragma once

#include <hob/core/ref.hpp>
#include <hob/stream/reader.hpp>
#include <hob/stream/transport.hpp>
#include <hob/stream/writer.hpp>

#include <cstddef>
#include <utility>

namespace hob {

/// What `open_connection` gives: `auto [reader, writer] = co_await ...`.
struct Stream {
  Stream() noexcept = default;
  explicit Stream(const detail::StreamRef& stream) noexcept : reader(stream), writer(stream) {}
  Stream(StreamReader r, StreamWriter w) noexcept : reader(std::move(r)), writer(std::move(w)) {}

  StreamReader reader;
  StreamWriter writer;
};

/// A stream over a transport of your own, on the running loop. The stream owns the transport.
Stream make_stream(detail::Ref<Transport> transport, std::size_t limit = StreamReader::kLimit);

}  // namespace hob
