// SPDX-License-Identifier: MIT
// What TLS refuses, each with an error of its own. The texts are those of Python's ssl module (but
// for the source line that it appends); tests/tls/interop.test.cpp asks it.

#include <doctest/doctest.h>

#include <hob/task/sleep.hpp>
#include <hob/testing/run_virtual.hpp>

#include "tls/wire.hpp"

namespace {

using namespace wire;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using hob::CertificateOptions;
using hob::testing::run_virtual;

constexpr const char* kRefused =
    "SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: ";

struct Texts {
  std::string client;
  std::string server;
};

Coro<Texts> outcomes(TlsContext client, TlsContext server, std::string hostname) {
  const Both both = co_await try_handshake(client, server, std::move(hostname));
  Texts texts{error_text(both.client), error_text(both.server)};
  // With TLS 1.3 a client is done before the server has seen its certificate: the alert comes
  // later.
  if (both.client && !both.server) {
    const auto read = co_await hob::as_result(read_some(*both.client, 1));
    texts.client = hob::describe(read.exception());
  }
  co_return texts;
}

/// The client's error for a server with this certificate.
std::string refusal(const hob::Certificate& certificate, const std::string& hostname,
                    const TlsContext& client = client_context()) {
  TlsContext server = hob::create_default_context(hob::Purpose::client_auth);
  server.set_ciphers("DEFAULT:@SECLEVEL=0");  // it would refuse to show some of these
  server.load_cert_chain(certificate);
  return run_virtual(outcomes(client, server, hostname)).client;
}

CertificateOptions valid(hob::Duration from, hob::Duration until) {
  CertificateOptions options;
  options.valid_from = from;
  options.valid_until = until;
  return options;
}

TEST_CASE("a good certificate is accepted, by name, wildcard and address") {
  for (const char* name :
       {"example.org", "EXAMPLE.org", "x.wild.example.org", "127.0.0.1", "::1"}) {
    const Texts texts = run_virtual(outcomes(client_context(), server_context(), name));
    CHECK(texts.client == "");
    CHECK(texts.server == "");
  }
}

TEST_CASE("expired, not yet valid") {
  const auto past = make_certificate(authority(), {"example.org"}, valid(-48h, -24h));
  CHECK(refusal(past, "example.org") == std::string(kRefused) + "certificate has expired");
  const auto future = make_certificate(authority(), {"example.org"}, valid(24h, 48h));
  CHECK(refusal(future, "example.org") == std::string(kRefused) + "certificate is not yet valid");
}

TEST_CASE("wrong host") {
  const auto good = make_certificate(authority(), {"example.org", "127.0.0.1"});
  CHECK(refusal(good, "example.com") ==
        std::string(kRefused) + "Hostname mismatch, certificate is not valid for 'example.com'.");
  CHECK(refusal(good, "127.0.0.2") ==
        std::string(kRefused) + "IP address mismatch, certificate is not valid for '127.0.0.2'.");
  const auto wild = make_certificate(authority(), {"*.example.org"});
  CHECK(refusal(wild, "example.org") ==
        std::string(kRefused) + "Hostname mismatch, certificate is not valid for 'example.org'.");
  CHECK(refusal(wild, "a.b.example.org") ==
        std::string(kRefused) +
            "Hostname mismatch, certificate is not valid for 'a.b.example.org'.");
}

TEST_CASE("a common name is not a name: missing SAN") {
  CertificateOptions options;
  options.without_subject_alt_names = true;
  const auto bare = make_certificate(authority(), {"example.org"}, options);
  CHECK(refusal(bare, "example.org") ==
        std::string(kRefused) +
            "Hostname mismatch, certificate has no subjectAltName for 'example.org'.");
}

TEST_CASE("self-signed, unknown root, missing intermediate") {
  CHECK(refusal(hob::make_self_signed({"example.org"}), "example.org") ==
        std::string(kRefused) + "self-signed certificate");
  const auto stranger = hob::make_certificate_authority();
  CHECK(refusal(make_certificate(stranger, {"example.org"}), "example.org") ==
        std::string(kRefused) + "unable to get local issuer certificate");
}

TEST_CASE("an intermediate authority's certificate travels with the chain") {
  const auto intermediate = hob::make_certificate_authority(authority());
  CHECK(refusal(make_certificate(intermediate, {"example.org"}), "example.org") == "");
}

TEST_CASE("a self-signed certificate is good for whoever has loaded just it") {
  const auto own = hob::make_self_signed({"localhost"});
  CHECK(refusal(own, "localhost", client_context(own)) == "");
}

TEST_CASE("wrong usage, weak key") {
  CertificateOptions options;
  options.use = hob::CertificateUse::client;
  CHECK(refusal(make_certificate(authority(), {"example.org"}, options), "example.org") ==
        std::string(kRefused) + "unsuitable certificate purpose");
  CertificateOptions weak;
  weak.rsa_bits = 1024;
  CHECK(refusal(make_certificate(authority(), {"example.org"}, weak), "example.org") ==
        std::string(kRefused) + "EE certificate key too weak");
}

TEST_CASE("a server does not load a weak key either") {
  CertificateOptions weak;
  weak.rsa_bits = 1024;
  CHECK_THROWS_WITH_AS(server_context(make_certificate(authority(), {"example.org"}, weak)),
                       "[SSL: EE_KEY_TOO_SMALL] ee key too small", hob::SSLError);
}

TEST_CASE("verify_code and verify_message are there to be asked") {
  const auto main = []() -> Coro<> {
    const auto past = make_certificate(authority(), {"example.org"}, valid(-48h, -24h));
    co_await handshake(client_context(), server_context(past), "example.org");
  };
  try {
    run_virtual(main());
    FAIL("accepted");
  } catch (const hob::SSLCertVerificationError& error) {
    CHECK(error.verify_code() == 10);
    CHECK(std::string(error.verify_message()) == "certificate has expired");
    CHECK(std::string(error.reason()) == "CERTIFICATE_VERIFY_FAILED");
    CHECK(error.code() == EPROTO);
  }
}

TEST_CASE("the refused server learns why") {
  const auto past = make_certificate(authority(), {"example.org"}, valid(-48h, -24h));
  const Texts texts = run_virtual(outcomes(client_context(), server_context(past), "example.org"));
  CHECK(texts.server ==
        "SSLError: [SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired");
}

TEST_CASE("too old a protocol, from either side") {
  const auto old = [](TlsContext context) {
    context.set_minimum_version(hob::TlsVersion::tls1);
    context.set_maximum_version(hob::TlsVersion::tls1_1);
    context.set_ciphers("DEFAULT:@SECLEVEL=0");
    return context;
  };
  const Texts old_server =
      run_virtual(outcomes(client_context(), old(server_context()), "example.org"));
  CHECK(old_server.client ==
        "SSLError: [SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version");
  CHECK(old_server.server == "SSLError: [SSL: UNSUPPORTED_PROTOCOL] unsupported protocol");
  const Texts old_client =
      run_virtual(outcomes(old(client_context()), server_context(), "example.org"));
  CHECK(old_client.client ==
        "SSLError: [SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version");
  CHECK(old_client.server == "SSLError: [SSL: UNSUPPORTED_PROTOCOL] unsupported protocol");
}

TEST_CASE("nothing in common") {
  TlsContext client = client_context();
  TlsContext server = server_context();
  client.set_maximum_version(hob::TlsVersion::tls1_2);
  client.set_ciphers("ECDHE+CHACHA20");
  server.set_ciphers("ECDHE+AES256");
  const Texts ciphers = run_virtual(outcomes(client, server, "example.org"));
  CHECK(ciphers.client ==
        "SSLError: [SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure");
  CHECK(ciphers.server == "SSLError: [SSL: NO_SHARED_CIPHER] no shared cipher");
}

TEST_CASE("ALPN without a protocol in common") {
  TlsContext client = client_context();
  TlsContext server = server_context();
  client.set_alpn_protocols({"h2", "http/1.1"});
  server.set_alpn_protocols({"smtp"});
  const Texts texts = run_virtual(outcomes(client, server, "example.org"));
  CHECK(texts.client ==
        "SSLError: [SSL: TLSV1_ALERT_NO_APPLICATION_PROTOCOL] "
        "tlsv1 alert no application protocol");
  CHECK(texts.server == "SSLError: [SSL: NO_APPLICATION_PROTOCOL] no application protocol");
}

TEST_CASE("a client without the certificate that is required") {
  TlsContext server = server_context();
  server.load_verify_locations(authority());
  server.set_verify_mode(hob::VerifyMode::required);
  const Texts texts = run_virtual(outcomes(client_context(), server, "example.org"));
  CHECK(texts.server ==
        "SSLError: [SSL: PEER_DID_NOT_RETURN_A_CERTIFICATE] peer did not return a certificate");
  CHECK(texts.client ==
        "SSLError: [SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required");
}

// The other side of the line does `what` in place of a handshake.
std::string against(Coro<> (*what)(TransportRef), bool as_server) {
  const auto main = [](Coro<> (*deed)(TransportRef), bool server_side) -> Coro<std::string> {
    const Ends ends = make_ends();
    const TlsContext context = server_side ? server_context() : client_context();
    hob::Security* security = context;
    const auto other = hob::create_task(deed, server_side ? ends.client : ends.server);
    SecurityRequest request(std::string("example.org"));
    request.handshake_timeout = 5s;
    auto shaking = server_side ? security->accept(ends.server, std::move(request))
                               : security->connect(ends.client, std::move(request));
    const auto outcome = co_await hob::as_result(std::move(shaking));
    CHECK((server_side ? ends.server : ends.client)->closed());
    co_await hob::as_result(other);
    co_return error_text(outcome);
  };
  return run_virtual(main(what, as_server));
}

Coro<> say_nothing(TransportRef) { co_await hob::sleep(10s); }
Coro<> hang_up(TransportRef transport) {
  co_await read_some(transport, 100);
  transport->close();
}
Coro<> talk_http(TransportRef transport) {
  co_await write_all(transport, "HTTP/1.1 400 Bad Request\r\n\r\n");
}
Coro<> begin_and_hang_up(TransportRef transport) {
  // The first bytes of a record that never ends.
  co_await write_all(transport, std::string("\x16\x03\x01\x02\x00\x01", 6));
  transport->close();
}

TEST_CASE("the peer ends in the middle of the handshake") {
  const std::string eof =
      "SSLEOFError: [SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol";
  CHECK(against(&hang_up, false) == eof);
  CHECK(against(&begin_and_hang_up, true) == eof);
}

TEST_CASE("the peer says nothing") {
  const std::string late =
      "OSError: SSL handshake is taking longer than 5 seconds: aborting the connection: "
      "[Errno 103] Software caused connection abort";
  CHECK(against(&say_nothing, false) == late);
  CHECK(against(&say_nothing, true) == late);
}

TEST_CASE("the peer speaks something else") {
  CHECK(against(&talk_http, false) == "SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number");
}

TEST_CASE("requests that make no sense are ValueErrors") {
  const auto ask = [](TlsContext context, SecurityRequest request,
                      bool server_side) -> Coro<std::string> {
    const Ends ends = make_ends();
    hob::Security* security = context;
    auto shaking = server_side ? security->accept(ends.server, std::move(request))
                               : security->connect(ends.client, std::move(request));
    const auto outcome = co_await hob::as_result(std::move(shaking));
    co_return error_text(outcome);
  };
  const auto text = [&](const TlsContext& context, SecurityRequest request, bool server_side) {
    return run_virtual(ask(context, std::move(request), server_side));
  };
  CHECK(text(client_context(), SecurityRequest(), false) ==
        "ValueError: check_hostname requires server_hostname");
  CHECK(text(client_context(), SecurityRequest(std::string("a\0b", 3)), false) ==
        "ValueError: server_hostname cannot contain a NUL or start with a dot");
  CHECK(text(client_context(), SecurityRequest(), true) ==
        "ValueError: cannot accept with a context for clients");
  CHECK(text(server_context(), SecurityRequest(), false) ==
        "ValueError: cannot connect with a context for servers");
  SecurityRequest hasty("example.org");
  hasty.handshake_timeout = 0s;
  CHECK(text(client_context(), std::move(hasty), false) ==
        "ValueError: ssl_handshake_timeout should be positive");
}

}  // namespace
