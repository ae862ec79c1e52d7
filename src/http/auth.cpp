// SPDX-License-Identifier: MIT
#include <hob/http/auth.hpp>

#include "http/digest.hpp"
#include "http/field_reader.hpp"
#include "http/percent.hpp"

#include <hob/core/raise.hpp>

#include <algorithm>
#include <optional>

namespace hob::http {
namespace {

std::optional<Hash> hash_of(std::string_view algorithm) {
  if (algorithm.size() > 5 && ascii::equal(algorithm.substr(algorithm.size() - 5), "-sess")) {
    algorithm.remove_suffix(5);
  }
  if (algorithm.empty() || ascii::equal(algorithm, "MD5")) return Hash::md5;
  if (ascii::equal(algorithm, "SHA")) return Hash::sha1;  // never registered, yet in use
  if (ascii::equal(algorithm, "SHA-256")) return Hash::sha256;
  if (ascii::equal(algorithm, "SHA-512-256")) return Hash::sha512_256;
  return std::nullopt;
}

bool is_session(std::string_view algorithm) {
  return algorithm.size() > 5 && ascii::equal(algorithm.substr(algorithm.size() - 5), "-sess");
}

// The protection to use of those offered: auth needs no body; nothing when none is known.
std::optional<std::string> choose_qop(std::string_view offered) {
  if (ascii::trim(offered).empty()) return "";
  bool auth = false, auth_int = false;
  detail::for_each_element(offered, [&](std::string_view qop) {
    auth = auth || ascii::equal(qop, "auth");
    auth_int = auth_int || ascii::equal(qop, "auth-int");
  });
  if (auth) return "auth";
  if (auth_int) return "auth-int";
  return std::nullopt;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

}  // namespace

std::vector<Challenge> Challenge::parse(std::string_view value) {
  std::vector<Challenge> challenges;
  detail::FieldReader reader(value);
  while (!reader.done()) {
    if (reader.take(',')) continue;
    const std::string_view name = reader.token();
    if (name.empty()) {
      reader.take_until(",");
      continue;
    }
    const std::string_view rest = reader.rest();
    if (!challenges.empty() && reader.take('=')) {  // a parameter of the last one
      challenges.back().parameters.add(ascii::lower(name), reader.value(","));
      reader.take_until(",");
      continue;
    }
    Challenge challenge;
    challenge.scheme = ascii::lower(name);
    // A token of base64 may end in `=`; a parameter has something behind it.
    if (rest.starts_with(' ')) {
      const std::string_view first = ascii::trim(rest.substr(0, rest.find(',')));
      const std::size_t equals = first.find('=');
      const bool token = !first.empty() && first.find('"') == std::string_view::npos &&
                         first.find(' ') == std::string_view::npos &&
                         (equals == std::string_view::npos ||
                          first.find_first_not_of('=', equals) == std::string_view::npos);
      if (token) {
        challenge.token = first;
        reader.take_until(",");
      }
    }
    challenges.push_back(std::move(challenge));
  }
  return challenges;
}

std::string basic_authorization(std::string_view user, std::string_view password) {
  if (user.find(':') != std::string_view::npos) {
    hob::detail::raise_value_error("a user of Basic authentication has no colon");
  }
  std::string plain(user);
  (plain += ':') += password;
  return "Basic " + base64(plain);
}

std::string bearer_authorization(std::string_view token) { return "Bearer " + std::string(token); }

bool DigestAuth::challenge(std::string_view www_authenticate, bool answered) {
  for (const Challenge& challenge : Challenge::parse(www_authenticate)) {
    if (challenge.scheme != "digest") continue;
    const Params& given = challenge.parameters;
    const std::string_view algorithm = given.get("algorithm").value_or("");
    const std::string_view nonce = given.get("nonce").value_or("");
    auto qop = choose_qop(given.get("qop").value_or(""));
    if (nonce.empty() || !hash_of(algorithm) || !qop) continue;
    if (answered && !ascii::equal(given.get("stale").value_or(""), "true")) return false;
    realm_ = given.get("realm").value_or("");
    nonce_ = nonce;
    algorithm_ = algorithm;
    qop_ = std::move(*qop);
    has_opaque_ = given.contains("opaque");
    opaque_ = given.get("opaque").value_or("");
    hash_user_ = ascii::equal(given.get("userhash").value_or(""), "true");
    count_ = 0;
    return true;
  }
  return false;
}

std::string DigestAuth::authorization(std::string_view method, std::string_view target,
                                      std::string_view body) {
  if (!ready()) hob::detail::raise_runtime_error("there was no Digest challenge yet");
  const Hash hash = *hash_of(algorithm_);
  const auto joined = [hash](std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const std::string_view part : parts) (text += text.empty() ? "" : ":") += part;
    return hex_digest(hash, text);
  };
  const std::string cnonce = cnonce_.empty() ? random_hex(16) : cnonce_;
  std::string count = "00000000";
  ++count_;
  for (unsigned i = 0; i < 8; ++i) count[7 - i] = "0123456789abcdef"[count_ >> 4 * i & 15];

  std::string secret = hex_digest(hash, user_ + ':' + realm_ + ':' + password_);
  if (is_session(algorithm_)) secret = joined({secret, nonce_, cnonce});
  std::string action(method);
  (action += ':') += target;
  if (qop_ == "auth-int") action += ':' + hex_digest(hash, body);
  action = hex_digest(hash, action);
  const std::string response = qop_.empty() ? joined({secret, nonce_, action})
                                            : joined({secret, nonce_, count, cnonce, qop_, action});

  std::string out = "Digest ";
  if (hash_user_) {
    out += "username=" + detail::quoted(hex_digest(hash, user_ + ':' + realm_));
  } else if (is_ascii(user_)) {
    out += "username=" + detail::quoted(user_);
  } else {
    out += "username*=UTF-8''";
    percent::encode(out, user_, percent::kUnreserved);
  }
  out += ", realm=" + detail::quoted(realm_) + ", nonce=" + detail::quoted(nonce_) +
         ", uri=" + detail::quoted(target) + ", response=\"" + response + '"';
  if (!algorithm_.empty()) out += ", algorithm=" + algorithm_;
  if (has_opaque_) out += ", opaque=" + detail::quoted(opaque_);
  if (!qop_.empty() || is_session(algorithm_)) out += ", cnonce=" + detail::quoted(cnonce);
  if (!qop_.empty()) out += ", qop=" + qop_ + ", nc=" + count;
  if (hash_user_) out += ", userhash=true";
  return out;
}

void DigestAuth::info(std::string_view authentication_info) {
  // The same grammar as the parameters of a challenge.
  const auto parsed = Challenge::parse("digest " + std::string(authentication_info));
  if (parsed.empty()) return;
  const auto next = parsed[0].parameters.get("nextnonce");
  if (!next || next->empty()) return;
  nonce_ = *next;
  count_ = 0;
}

}  // namespace hob::http
