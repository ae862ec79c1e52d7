// SPDX-License-Identifier: MIT
// Content codings: gzip, deflate, br and zstd, as streams of bytes (RFC 9110, 8.4.1).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace hob::http {

/// What came out of one step of a Decoder.
struct Decoded {
  std::size_t consumed;  // bytes of the input
  std::size_t produced;  // bytes written
  bool done;             // the coding has ended; more input is not looked at
};

/// Undoes the codings of a body. It writes into the room that it is given and no more, so that a
/// small body that expands to gigabytes costs no memory. Not thread-safe.
class Decoder {
 public:
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  virtual ~Decoder() = default;

  /// For the value of a Content-Encoding field: several codings are undone in turn, at most 5. Null
  /// for identity. Throws ClientPayloadError for a coding that is not known.
  static std::unique_ptr<Decoder> make(std::string_view content_encoding);
  /// Whether `make` knows all codings of the value.
  static bool knows(std::string_view content_encoding) noexcept;
  /// The value of an Accept-Encoding field that asks for all of them.
  static const char* accept_encoding() noexcept { return "gzip, deflate, br, zstd"; }

  /// Decodes from the beginning of `in` into `out`; to be called until it consumes and produces
  /// nothing. Throws ClientPayloadError for what is not of that coding.
  virtual Decoded decode(std::string_view in, char* out, std::size_t room) = 0;
  /// Whether the body may end here: a truncated one may not, an empty one may.
  virtual bool may_end() const noexcept = 0;

 protected:
  Decoder() = default;
};

/// All of `body` at once. Throws ClientPayloadError, also when it is truncated or gives more than
/// `limit` bytes.
std::string decode_body(std::string_view body, std::string_view content_encoding,
                        std::size_t limit = SIZE_MAX);

/// Encodes a body. Not thread-safe.
class Encoder {
 public:
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  virtual ~Encoder() = default;

  enum class Flush : unsigned char {
    none,    // keep what compresses better later
    sync,    // everything so far can be decoded
    finish,  // the end
  };

  /// For `gzip`, `deflate`, `br` or `zstd`; null for another coding. `level` is the library's, -1
  /// its default for things made on the fly.
  static std::unique_ptr<Encoder> make(std::string_view coding, int level = -1);
  /// The coding to answer with to a request of this Accept-Encoding (RFC 9110, 12.5.3): the best of
  /// those above with the highest weight; empty for identity, also when the client likes that
  /// better.
  static std::string_view choose(std::string_view accept_encoding) noexcept;

  /// How much the client wants that coding, 0 to 1000.
  static int weight(std::string_view accept_encoding, std::string_view coding) noexcept;

  /// Encodes `in` and appends what comes out.
  virtual void encode(std::string_view in, std::string& out, Flush flush) = 0;

 protected:
  Encoder() = default;
};

}  // namespace hob::http
