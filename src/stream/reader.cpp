// SPDX-License-Identifier: MIT
#include <hob/stream/reader.hpp>

#include "stream/stream_state.hpp"

#include <hob/stream/stream.hpp>

namespace hob {

StreamReader StreamReader::detached(std::size_t limit) { return make_stream({}, limit).reader; }

void StreamReader::consume(std::size_t n) const noexcept {
  stream_->unread();
  stream_->lend(n);
}
std::string_view StreamReader::buffered() const noexcept { return stream_->unread(); }
bool StreamReader::at_eof() const noexcept { return stream_->at_eof(); }
std::exception_ptr StreamReader::exception() const noexcept { return stream_->error(); }
std::size_t StreamReader::limit() const noexcept { return stream_->limit(); }
void StreamReader::feed_data(Text bytes) const { stream_->feed(bytes); }
void StreamReader::feed_eof() const noexcept { stream_->feed_eof(); }
void StreamReader::set_exception(std::exception_ptr error) const noexcept {
  stream_->set_error(std::move(error));
}

}  // namespace hob
