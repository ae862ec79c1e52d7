// SPDX-License-Identifier: MIT
// Pipes and terminals as streams; the process's standard streams.
#pragma once

#include <hob/stream/reader.hpp>
#include <hob/stream/writer.hpp>
#include <hob/task/coro.hpp>

#include <cstddef>

namespace hob {

/// Reads from a pipe, a terminal, a socket or a file. Takes `fd` over, also when it throws: it is
/// made non-blocking, and closed with the stream or at its end. Throws OSError.
Coro<StreamReader> connect_read_pipe(int fd, std::size_t limit = StreamReader::kLimit);
/// Writes to one. An end that nobody reads any more is an error of the next `drain`, not a signal.
Coro<StreamWriter> connect_write_pipe(int fd);

/// The standard streams, as streams of the running loop. Closing one does not close the process's:
/// a pipe or a terminal is opened anew, so that other processes that share it do not find it
/// non-blocking. A file is as fast as it is. Throws OSError.
StreamReader standard_input(std::size_t limit = StreamReader::kLimit);
StreamWriter standard_output();
StreamWriter standard_error();

}  // namespace hob
