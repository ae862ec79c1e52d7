// SPDX-License-Identifier: MIT
#include "executor/process_wire.hpp"

#include <hob/core/error.hpp>
#include <hob/executor/detail/process_call.hpp>

#include <cstdio>
#include <vector>

namespace hob::detail {

sys::Fd seal_bytes(const ByteSink& sink) {
  std::vector<ByteSink::Piece> own(sink.piece_count());
  sink.pieces(own.data());
  std::vector<sys::Piece> pieces;
  pieces.reserve(own.size());
  for (const ByteSink::Piece& piece : own) pieces.push_back({piece.data, piece.size});
  sys::Fd file;
  const int error = sys::make_sealed_file(pieces.data(), pieces.size(), file);
  if (error < 0) throw OSError(-error, "memfd");
  return file;
}

// What is sent inline is smaller than a block that is referred to: it is one piece.
int send_inline(int socket, const void* head, std::size_t head_size, const ByteSink& sink,
                bool block) noexcept {
  ByteSink::Piece body;
  sink.pieces(&body);
  const sys::Piece pieces[2] = {{head, head_size}, {body.data, body.size}};
  return sys::send_packet(socket, pieces, 2, nullptr, 0, block);
}

int send_file(int socket, const void* head, std::size_t head_size, int file, bool block) noexcept {
  const sys::Piece piece = {head, head_size};
  return sys::send_packet(socket, &piece, 1, &file, 1, block);
}

PacketReader::PacketReader() : buffer_(new unsigned char[kInlineMax]) {}
PacketReader::~PacketReader() { unmap(); }

void PacketReader::unmap() noexcept {
  sys::unmap_file(mapped_, mapped_size_);
  mapped_ = nullptr;
}

int PacketReader::receive(int socket, void* head, std::size_t head_size, bool block) {
  unmap();
  for (sys::Fd& fd : passed_) fd = {};
  const long n =
      sys::receive_packet(socket, head, head_size, buffer_.get(), kInlineMax, passed_, block);
  if (n < 0) return static_cast<int>(n);
  if (static_cast<std::size_t>(n) < head_size) return 0;
  size_ = static_cast<std::size_t>(n) - head_size;
  return 1;
}

InArchive PacketReader::payload(bool in_file) {
  if (!in_file) return InArchive(buffer_.get(), size_);
  if (passed_[0].get() < 0) throw OSError(-sys::kTooManyFiles, "recvmsg");
  const int error = sys::map_sealed_file(passed_[0].get(), &mapped_, &mapped_size_);
  if (error < 0) throw OSError(-error, "mmap");
  passed_[0] = {};
  return InArchive(mapped_, mapped_size_);
}

ProcessCall::~ProcessCall() { const sys::Fd closing(file); }

void ProcessCall::detach() {
  if (arguments.sink().size() <= kInlineMax) return;
  try {
    file = seal_bytes(arguments.sink()).release();
    arguments.sink().clear();
  } catch (const OSError&) {  // too many files wait: it becomes one when a worker takes it
    arguments.sink().own();
  }
}

const char* describe_exit(int returncode, char (&text)[64]) noexcept {
  if (returncode < 0) {
    std::snprintf(text, sizeof text, "was killed by %s (signal %d)", sys::signal_name(-returncode),
                  -returncode);
  } else {
    std::snprintf(text, sizeof text, "ended with exit code %d", returncode);
  }
  return text;
}

}  // namespace hob::detail
