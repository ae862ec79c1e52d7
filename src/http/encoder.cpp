// SPDX-License-Identifier: MIT
#include "http/field_reader.hpp"

#include <hob/http/coding.hpp>

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <new>

namespace hob::http {
namespace {

constexpr std::size_t kRoom = 16 * 1024;

class ZlibEncoder final : public Encoder {
 public:
  ZlibEncoder(bool gzip, int level) {
    if (deflateInit2(&stream_, level, Z_DEFLATED, gzip ? 15 + 16 : 15, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~ZlibEncoder() override { deflateEnd(&stream_); }
  void encode(std::string_view in, std::string& out, Flush flush) override {
    const int mode = flush == Flush::none   ? Z_NO_FLUSH
                     : flush == Flush::sync ? Z_SYNC_FLUSH
                                            : Z_FINISH;
    do {  // avail_in has 32 bits
      const std::size_t part = std::min(in.size(), std::size_t{1} << 30);
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
      stream_.avail_in = static_cast<uInt>(part);
      in.remove_prefix(part);
      do {
        const std::size_t before = out.size();
        out.resize(before + kRoom);
        stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
        stream_.avail_out = kRoom;
        deflate(&stream_, in.empty() ? mode : Z_NO_FLUSH);
        out.resize(out.size() - stream_.avail_out);
      } while (stream_.avail_out == 0);
    } while (!in.empty());
  }

 private:
  z_stream stream_{};
};

class BrotliEncoder final : public Encoder {
 public:
  explicit BrotliEncoder(int level)
      : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (!state_) throw std::bad_alloc();
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, static_cast<std::uint32_t>(level));
  }
  ~BrotliEncoder() override { BrotliEncoderDestroyInstance(state_); }
  void encode(std::string_view in, std::string& out, Flush flush) override {
    const auto operation = flush == Flush::none   ? BROTLI_OPERATION_PROCESS
                           : flush == Flush::sync ? BROTLI_OPERATION_FLUSH
                                                  : BROTLI_OPERATION_FINISH;
    std::size_t left = in.size();
    auto from = reinterpret_cast<const std::uint8_t*>(in.data());
    do {
      const std::size_t before = out.size();
      out.resize(before + kRoom);
      std::size_t room = kRoom;
      auto to = reinterpret_cast<std::uint8_t*>(out.data() + before);
      if (!BrotliEncoderCompressStream(state_, operation, &left, &from, &room, &to, nullptr)) {
        throw std::bad_alloc();
      }
      out.resize(out.size() - room);
    } while (left != 0 || BrotliEncoderHasMoreOutput(state_));
  }

 private:
  BrotliEncoderState* state_;
};

class ZstdEncoder final : public Encoder {
 public:
  explicit ZstdEncoder(int level) : stream_(ZSTD_createCStream()) {
    if (!stream_) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(stream_, ZSTD_c_compressionLevel, level);
  }
  ~ZstdEncoder() override { ZSTD_freeCStream(stream_); }
  void encode(std::string_view in, std::string& out, Flush flush) override {
    const auto mode = flush == Flush::none   ? ZSTD_e_continue
                      : flush == Flush::sync ? ZSTD_e_flush
                                             : ZSTD_e_end;
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    for (;;) {
      const std::size_t before = out.size();
      out.resize(before + kRoom);
      ZSTD_outBuffer to{out.data() + before, kRoom, 0};
      const std::size_t status = ZSTD_compressStream2(stream_, &to, &from, mode);
      out.resize(before + to.pos);
      if (ZSTD_isError(status)) throw std::bad_alloc();
      if (mode == ZSTD_e_continue ? from.pos == from.size : status == 0) return;
    }
  }

 private:
  ZSTD_CStream* stream_;
};

// A weight of 0 to 1000; a malformed one counts as 0.
int parse_weight(std::string_view text) noexcept {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return 0;
  int weight = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return 0;
  int unit = 100;
  for (std::size_t i = 2; i < text.size() && i < 5; ++i, unit /= 10) {
    if (!ascii::is_digit(text[i])) return 0;
    weight += (text[i] - '0') * unit;
  }
  return weight > 1000 ? 1000 : weight;
}

}  // namespace

std::unique_ptr<Encoder> Encoder::make(std::string_view coding, int level) {
  if (ascii::equal(coding, "gzip")) return std::make_unique<ZlibEncoder>(true, level);
  if (ascii::equal(coding, "deflate")) return std::make_unique<ZlibEncoder>(false, level);
  // The libraries' own defaults are for files: as slow as they are good.
  if (ascii::equal(coding, "br")) return std::make_unique<BrotliEncoder>(level < 0 ? 4 : level);
  if (ascii::equal(coding, "zstd")) return std::make_unique<ZstdEncoder>(level < 0 ? 3 : level);
  return nullptr;
}

int Encoder::weight(std::string_view accept_encoding, std::string_view coding) noexcept {
  int others = 0;
  while (!accept_encoding.empty()) {
    std::string_view element = ascii::take_until(accept_encoding, ',');
    std::string_view name = ascii::trim(ascii::take_until(element, ';'));
    if (ascii::equal(name, "x-gzip")) name = "gzip";
    element = ascii::trim(element);
    const int weight = ascii::starts_with(element, "q=") ? parse_weight(element.substr(2)) : 1000;
    if (ascii::equal(name, coding)) return weight;
    if (name == "*") others = weight;
  }
  return others;
}

std::string_view Encoder::choose(std::string_view accept_encoding) noexcept {
  std::string_view best;
  int best_weight = 0;
  for (const std::string_view coding : {"zstd", "br", "gzip", "deflate"}) {
    const int weight = Encoder::weight(accept_encoding, coding);
    if (weight > best_weight) best = coding, best_weight = weight;
  }
  // `*` is also about identity, but that it is not named is no reason against compressing.
  const bool plain = accept_encoding.find("identity") != std::string_view::npos &&
                     weight(accept_encoding, "identity") > best_weight;
  return plain ? std::string_view() : best;
}

}  // namespace hob::http
