// SPDX-License-Identifier: MIT
// sendfile: a file into a stream.
#pragma once

#include <hob/stream/writer.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>
#include <cstdint>

namespace hob {

/// Sends `count` bytes of a file, or what there is of them, from `offset` on, behind what was
/// written before; gives how many. Meanwhile `write` and another sendfile throw RuntimeError,
/// `write_eof` takes effect behind the file, and reads of the stream wait. The kernel copies the
/// bytes where it can; over TLS they are read in a thread. `file` is a descriptor, borrowed; its
/// own position does not move. Cancelled, a part may have been sent. Throws OSError. Behaviour of
/// asyncio's loop.sendfile.
Coro<std::size_t> sendfile(StreamWriter writer, int file, std::int64_t offset = 0,
                           std::size_t count = static_cast<std::size_t>(-1));

}  // namespace hob
