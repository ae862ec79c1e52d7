// SPDX-License-Identifier: MIT
#include "http/ascii.hpp"
#include "http/scan.hpp"

#include <hob/http/client_error.hpp>
#include <hob/http/coding.hpp>

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

namespace hob::http {
namespace {

constexpr int kCodingsMax = 5;
constexpr int kZstdWindowMax = 23;  // 8 MiB, RFC 9659

[[noreturn]] void fail(const char* coding, const char* why) {
  throw ClientPayloadError(std::string("the ") + coding + " body is malformed: " + why);
}

// gzip (also of several members) and deflate, which some servers send without its wrapper.
class ZlibDecoder final : public Decoder {
 public:
  explicit ZlibDecoder(bool gzip) noexcept : gzip_(gzip) {}
  ~ZlibDecoder() override {
    if (open_) inflateEnd(&stream_);
  }
  Decoded decode(std::string_view in, char* out, std::size_t room) override {
    Decoded result{0, 0, done_};
    if (done_ || in.empty()) {
      if (done_ || !open_) return result;
    } else if (!begin(in, result.consumed)) {
      return result;
    }
    if (done_) return result.done = true, result;
    in.remove_prefix(result.consumed);
    constexpr std::size_t kMax = 1 << 30;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(std::min(in.size(), kMax));
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(std::min(room, kMax));
    const uInt given = stream_.avail_in, space = stream_.avail_out;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    result.consumed += given - stream_.avail_in;
    result.produced = space - stream_.avail_out;
    if (status == Z_STREAM_END) {
      inflateEnd(&stream_);
      open_ = false;
      between_ = gzip_;
      done_ = !gzip_;
      result.done = done_;
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      fail(gzip_ ? "gzip" : "deflate", stream_.msg ? stream_.msg : "not of this coding");
    }
    return result;
  }
  bool may_end() const noexcept override { return !open_ && !pending_; }

 private:
  // Begins a stream when none is open; false when more input is needed to know what it is.
  bool begin(std::string_view in, std::size_t& consumed) {
    if (open_) return true;
    int bits = 15 + 16;
    if (gzip_) {
      // After a member: another one, or padding and whatever servers append, which nobody reads.
      if (between_ && in[0] != '\x1f') {
        done_ = true;
        consumed = in.size();
        return true;
      }
    } else {
      if (!pending_ && in.size() == 1) {
        // The second byte decides; remember that there was one.
        pending_ = true;
        first_ = in[0];
        consumed = 1;
        return false;
      }
      const auto a = static_cast<unsigned char>(pending_ ? first_ : in[0]);
      const auto b = static_cast<unsigned char>(pending_ ? in[0] : in[1]);
      bits = (a & 15) == 8 && (a * 256 + b) % 31 == 0 ? 15 : -15;
    }
    stream_ = {};
    if (inflateInit2(&stream_, bits) != Z_OK) throw std::bad_alloc();
    open_ = true;
    if (pending_) {
      pending_ = false;
      char none;
      stream_.next_in = reinterpret_cast<Bytef*>(&first_);
      stream_.avail_in = 1;
      stream_.next_out = reinterpret_cast<Bytef*>(&none);
      stream_.avail_out = 0;
      const int status = inflate(&stream_, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_BUF_ERROR) fail("deflate", "not of this coding");
    }
    return true;
  }

  z_stream stream_{};
  bool gzip_, open_ = false, done_ = false;
  bool between_ = false;  // after a member of gzip
  bool pending_ = false;  // `first_` is all that came
  char first_ = 0;
};

class BrotliDecoder final : public Decoder {
 public:
  BrotliDecoder() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (!state_) throw std::bad_alloc();
  }
  ~BrotliDecoder() override { BrotliDecoderDestroyInstance(state_); }
  Decoded decode(std::string_view in, char* out, std::size_t room) override {
    if (done_ || (in.empty() && !begun_)) return {0, 0, done_};
    begun_ = true;
    std::size_t left = in.size(), space = room;
    auto from = reinterpret_cast<const std::uint8_t*>(in.data());
    auto to = reinterpret_cast<std::uint8_t*>(out);
    const auto status = BrotliDecoderDecompressStream(state_, &left, &from, &space, &to, nullptr);
    if (status == BROTLI_DECODER_RESULT_ERROR) {
      fail("br", BrotliDecoderErrorString(BrotliDecoderGetErrorCode(state_)));
    }
    done_ = status == BROTLI_DECODER_RESULT_SUCCESS;
    return {in.size() - left, room - space, done_};
  }
  bool may_end() const noexcept override { return done_ || !begun_; }

 private:
  BrotliDecoderState* state_;
  bool begun_ = false, done_ = false;
};

// Any number of frames.
class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDStream()) {
    if (!stream_) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kZstdWindowMax);
  }
  ~ZstdDecoder() override { ZSTD_freeDStream(stream_); }
  Decoded decode(std::string_view in, char* out, std::size_t room) override {
    if (in.empty() && between_) return {0, 0, false};
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out, room, 0};
    const std::size_t status = ZSTD_decompressStream(stream_, &to, &from);
    if (ZSTD_isError(status)) fail("zstd", ZSTD_getErrorName(status));
    if (from.pos != 0 || to.pos != 0) between_ = status == 0;
    return {from.pos, to.pos, false};
  }
  bool may_end() const noexcept override { return between_; }

 private:
  ZSTD_DStream* stream_;
  bool between_ = true;
};

// The coding that was applied last is undone first.
class Chain final : public Decoder {
 public:
  Chain(std::unique_ptr<Decoder> first, std::unique_ptr<Decoder> second)
      : first_(std::move(first)), second_(std::move(second)), buffer_(8192) {}
  Decoded decode(std::string_view in, char* out, std::size_t room) override {
    Decoded result{0, 0, false};
    for (;;) {
      if (begin_ == end_) {
        const Decoded step =
            first_->decode(in.substr(result.consumed), buffer_.data(), buffer_.size());
        result.consumed += step.consumed;
        begin_ = 0;
        end_ = step.produced;
        first_done_ = step.done;
        if (step.consumed == 0 && step.produced == 0) in = {};
      }
      const Decoded step = second_->decode({buffer_.data() + begin_, end_ - begin_},
                                           out + result.produced, room - result.produced);
      begin_ += step.consumed;
      result.produced += step.produced;
      if (step.done) begin_ = end_;  // garbage behind the end
      result.done = step.done && first_done_;
      const bool more = result.consumed < in.size() || begin_ != end_;
      if (result.done || result.produced == room || !more) return result;
    }
  }
  bool may_end() const noexcept override {
    return begin_ == end_ && first_->may_end() && second_->may_end();
  }

 private:
  std::unique_ptr<Decoder> first_, second_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  bool first_done_ = false;
};

enum class Coding : unsigned char { identity, gzip, deflate, brotli, zstd, unknown };

Coding coding_of(std::string_view name) noexcept {
  if (ascii::equal(name, "identity")) return Coding::identity;
  if (ascii::equal(name, "gzip") || ascii::equal(name, "x-gzip")) return Coding::gzip;
  if (ascii::equal(name, "deflate")) return Coding::deflate;
  if (ascii::equal(name, "br")) return Coding::brotli;
  if (ascii::equal(name, "zstd")) return Coding::zstd;
  return Coding::unknown;
}

std::unique_ptr<Decoder> make_one(Coding coding, std::string_view name) {
  switch (coding) {
    case Coding::gzip:
    case Coding::deflate:
      return std::make_unique<ZlibDecoder>(coding == Coding::gzip);
    case Coding::brotli:
      return std::make_unique<BrotliDecoder>();
    case Coding::zstd:
      return std::make_unique<ZstdDecoder>();
    case Coding::identity:
    case Coding::unknown:
      break;
  }
  throw ClientPayloadError("the content coding is not known: " + std::string(name));
}

}  // namespace

std::unique_ptr<Decoder> Decoder::make(std::string_view content_encoding) {
  std::unique_ptr<Decoder> decoder;
  int count = 0;
  detail::for_each_element(content_encoding, [&](std::string_view name) {
    const Coding coding = coding_of(name);
    if (coding == Coding::identity) return;
    if (++count > kCodingsMax) throw ClientPayloadError("too many content codings");
    auto one = make_one(coding, name);
    decoder =
        decoder ? std::make_unique<Chain>(std::move(one), std::move(decoder)) : std::move(one);
  });
  return decoder;
}

bool Decoder::knows(std::string_view content_encoding) noexcept {
  bool known = true;
  detail::for_each_element(content_encoding, [&](std::string_view name) {
    known = known && coding_of(name) != Coding::unknown;
  });
  return known;
}

std::string decode_body(std::string_view body, std::string_view content_encoding,
                        std::size_t limit) {
  const auto decoder = Decoder::make(content_encoding);
  if (!decoder) {
    if (body.size() > limit) throw ClientPayloadError("the body is larger than the limit");
    return std::string(body);
  }
  std::string out;
  char buffer[16 * 1024];
  for (;;) {
    const Decoded step = decoder->decode(body, buffer, sizeof buffer);
    if (step.produced > limit - out.size()) {
      throw ClientPayloadError("the body is larger than the limit");
    }
    out.append(buffer, step.produced);
    body.remove_prefix(step.consumed);
    if (step.done || (step.consumed == 0 && step.produced == 0)) break;
  }
  if (!decoder->may_end()) throw ClientPayloadError("the encoded body is truncated");
  return out;
}

}  // namespace hob::http
