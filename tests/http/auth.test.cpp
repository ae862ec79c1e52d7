// SPDX-License-Identifier: MIT
#include "http/digest.hpp"

#include <hob/core/error.hpp>
#include <hob/http/auth.hpp>
#include <hob/http/netrc.hpp>
#include <hob/http/proxy_environment.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <string>

using hob::http::Challenge;
using hob::http::DigestAuth;
using hob::http::Netrc;
using hob::http::ProxyEnvironment;
using hob::http::Url;

namespace auth_tests {

struct DigestRow {
  const char *challenge, *user, *password, *method, *target, *cnonce, *response;
};
// What requests' HTTPDigestAuth answers (urllib's for those without qop).
const DigestRow kDigests[] = {
#include "oracle/digests.inc"
};
struct NetrcRow {
  const char *text, *host, *user, *password;
};
const NetrcRow kNetrcs[] = {
#include "oracle/netrc.inc"
};
struct BypassRow {
  const char *no_proxy, *url;
  bool bypassed;
};
const BypassRow kBypasses[] = {
#include "oracle/no_proxy.inc"
};

std::string field(const std::string& header, const std::string& name) {
  const auto parsed = Challenge::parse(header);
  return parsed.empty() ? "" : std::string(parsed[0].parameters.get(name).value_or("none"));
}

TEST_CASE("lists of challenges") {
  const auto found = Challenge::parse(
      "Basic realm=\"a, b=c\", Digest realm=\"x\\\"y\" , nonce=abc,qop=\"auth,auth-int\", "
      "Negotiate, Bearer, NTLM TlRMTVNTUAAB==, Custom k=v");
  REQUIRE(found.size() == 6);
  CHECK(found[0].scheme == "basic");
  CHECK(found[0].parameters.get("realm") == "a, b=c");
  CHECK(found[1].scheme == "digest");
  CHECK(found[1].parameters.get("realm") == "x\"y");
  CHECK(found[1].parameters.get("nonce") == "abc");
  CHECK(found[1].parameters.get("qop") == "auth,auth-int");
  CHECK(found[2].scheme == "negotiate");
  CHECK(found[3].scheme == "bearer");
  CHECK(found[4].token == "TlRMTVNTUAAB==");
  CHECK(found[5].parameters.get("k") == "v");
  CHECK(Challenge::parse(" , ,").empty());
}

TEST_CASE("Basic and Bearer") {
  CHECK(hob::http::basic_authorization("Aladdin", "open sesame") ==
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617
  CHECK(hob::http::basic_authorization("test", "123\xc2\xa3") == "Basic dGVzdDoxMjPCow==");
  CHECK(hob::http::basic_authorization("", "") == "Basic Og==");
  CHECK_THROWS_AS(hob::http::basic_authorization("a:b", ""), hob::ValueError);
  CHECK(hob::http::bearer_authorization("abc") == "Bearer abc");
}

TEST_CASE("the examples of RFC 7616") {
  const std::string challenge =
      "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "
      "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
      "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
  for (const bool sha : {false, true}) {
    DigestAuth auth("Mufasa", "Circle of Life");
    auth.set_cnonce("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
    REQUIRE(
        auth.challenge("Digest algorithm=" + std::string(sha ? "SHA-256, " : "MD5, ") + challenge));
    const std::string answer = auth.authorization("GET", "/dir/index.html");
    CHECK(field(answer, "response") ==
          (sha ? "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
               : "8ca523f5e9506fed4657c9700eebdbec"));
    CHECK(field(answer, "nc") == "00000001");
    CHECK(field(answer, "qop") == "auth");
    CHECK(field(answer, "username") == "Mufasa");
    CHECK(field(answer, "opaque") == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS");
  }
  // Its SHA-512-256 example hashes the user's name. The response there does not follow from the
  // algorithm (erratum 4897); the user's hash is checked by its definition.
  DigestAuth auth("J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?");
  REQUIRE(
      auth.challenge("Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, "
                     "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
                     "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, "
                     "userhash=true"));
  const std::string answer = auth.authorization("GET", "/doe.json");
  CHECK(field(answer, "username") ==
        hob::http::hex_digest(hob::http::Hash::sha512_256,
                              "J\xc3\xa4s\xc3\xb8n Doe:api@example.org"));
  CHECK(field(answer, "userhash") == "true");
}

TEST_CASE("Digest answers as Python's libraries do") {
  for (const DigestRow& row : kDigests) {
    CAPTURE(std::string(row.challenge));
    DigestAuth auth(row.user, row.password);
    auth.set_cnonce(row.cnonce);
    REQUIRE(auth.challenge(row.challenge));
    CHECK(field(auth.authorization(row.method, row.target), "response") == row.response);
  }
}

TEST_CASE("a nonce is counted, replaced when old, and not tried again when refused") {
  DigestAuth auth("u", "p");
  CHECK_FALSE(auth.ready());
  CHECK_THROWS_AS(auth.authorization("GET", "/"), hob::RuntimeError);
  CHECK_FALSE(auth.challenge("Basic realm=x"));
  CHECK_FALSE(auth.challenge("Digest realm=x, nonce=1, algorithm=FOO"));
  CHECK_FALSE(auth.challenge("Digest realm=x, nonce=1, qop=other"));
  CHECK_FALSE(auth.challenge("Digest realm=x"));
  CHECK(
      auth.challenge("Digest realm=x, nonce=0, algorithm=FOO, Digest realm=x, nonce=1, qop=auth"));
  CHECK(field(auth.authorization("GET", "/"), "nc") == "00000001");
  for (int i = 0; i < 9; ++i) auth.authorization("GET", "/");
  CHECK(field(auth.authorization("GET", "/"), "nc") == "0000000b");
  CHECK_FALSE(auth.challenge("Digest realm=x, nonce=2, qop=auth", true));
  CHECK(auth.challenge("Digest realm=x, nonce=2, qop=auth, stale=TRUE", true));
  CHECK(field(auth.authorization("GET", "/"), "nonce") == "2");
  auth.info("nextnonce=\"n3\", qop=auth");
  const std::string answer = auth.authorization("GET", "/");
  CHECK(field(answer, "nonce") == "n3");
  CHECK(field(answer, "nc") == "00000001");
  const std::string one = field(answer, "cnonce");
  CHECK(one.size() == 32);
  CHECK(one != field(auth.authorization("GET", "/"), "cnonce"));
}

TEST_CASE("quotes in names and international names") {
  DigestAuth auth("a\"b\\c", "p");
  REQUIRE(auth.challenge("Digest realm=\"r\\\"s\", nonce=1"));
  CHECK(auth.authorization("GET", "/").find("username=\"a\\\"b\\\\c\", realm=\"r\\\"s\"") !=
        std::string::npos);
  DigestAuth other("\xc3\xa4", "p");
  REQUIRE(other.challenge("Digest realm=r, nonce=1"));
  CHECK(other.authorization("GET", "/").find("username*=UTF-8''%C3%A4") != std::string::npos);
}

TEST_CASE("netrc as CPython reads it") {
  for (const NetrcRow& row : kNetrcs) {
    CAPTURE(std::string(row.text));
    const auto found = Netrc::parse(row.text).find(row.host);
    CHECK(found.has_value() == (row.user != nullptr));
    if (found && row.user) {
      CHECK(found->user == row.user);
      CHECK(found->password == row.password);
    }
  }
  CHECK_THROWS_AS(Netrc::parse("machine"), hob::ValueError);
  CHECK_THROWS_AS(Netrc::parse("login a"), hob::ValueError);
  CHECK_THROWS_AS(Netrc::parse("machine h\nlogin a\nwhat b"), hob::ValueError);
}

TEST_CASE("no_proxy as urllib reads it") {
  static const char* no_proxy;
  for (const BypassRow& row : kBypasses) {
    CAPTURE(std::string(row.no_proxy));
    CAPTURE(std::string(row.url));
    no_proxy = row.no_proxy;
    const auto environment = ProxyEnvironment::read(
        [](const char* name) { return std::strcmp(name, "no_proxy") == 0 ? no_proxy : nullptr; });
    CHECK(environment.bypasses(Url(row.url)) == row.bypassed);
  }
  no_proxy = "10.0.0.0/8, 192.168.1.0/33,fd00::/8 , [::1]";
  const auto environment = ProxyEnvironment::read(
      [](const char* name) { return std::strcmp(name, "NO_PROXY") == 0 ? no_proxy : nullptr; });
  CHECK(environment.bypasses("ws://10.1.2.3:8080/"));
  CHECK(environment.bypasses("http://[fdab::1]/"));
  CHECK(environment.bypasses("http://[::1]/"));
  CHECK_FALSE(environment.bypasses("http://11.1.2.3/"));
  CHECK_FALSE(environment.bypasses("ws://192.168.1.1/"));
  CHECK_FALSE(environment.bypasses("http://[fe80::1]/"));
}

TEST_CASE("the variables of proxies") {
  const auto environment = ProxyEnvironment::read([](const char* name) -> const char* {
    if (std::strcmp(name, "http_proxy") == 0) return "proxy:3128";
    if (std::strcmp(name, "HTTPS_PROXY") == 0) return "http://user:pw@secure:3129";
    if (std::strcmp(name, "HTTP_PROXY") == 0) return "http://wrong";
    if (std::strcmp(name, "no_proxy") == 0) return "localhost";
    return nullptr;
  });
  CHECK(environment.find("http://a.com/")->text() == "http://proxy:3128/");
  CHECK(environment.find("https://a.com/")->text() == "http://user:pw@secure:3129/");
  CHECK_FALSE(environment.find("http://localhost/").has_value());
  const auto cgi = ProxyEnvironment::read([](const char* name) -> const char* {
    if (std::strcmp(name, "HTTP_PROXY") == 0) return "http://attacker";
    if (std::strcmp(name, "ALL_PROXY") == 0) return "socks5://s";
    if (std::strcmp(name, "REQUEST_METHOD") == 0) return "GET";
    return nullptr;
  });
  CHECK(cgi.find("http://a.com/")->text() == "socks5://s/");
  const auto off = ProxyEnvironment::read([](const char* name) -> const char* {
    if (std::strcmp(name, "http_proxy") == 0) return "";
    return std::strcmp(name, "HTTP_PROXY") == 0 ? "http://p" : nullptr;
  });
  CHECK_FALSE(off.find("http://a.com/").has_value());
}

}  // namespace auth_tests
