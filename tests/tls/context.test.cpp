// SPDX-License-Identifier: MIT
// What a TlsContext can be told: names, protocols, certificates of clients, sessions, files.

#include <doctest/doctest.h>

#include <hob/testing/run_virtual.hpp>

#include "tls/certificate_data.hpp"
#include "tls/tls_transport.hpp"
#include "tls/wire.hpp"

#include <openssl/pem.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace {

using namespace wire;  // NOLINT(google-build-using-namespace)
using hob::SecurityInfo;
using hob::testing::run_virtual;

SecurityInfo info_of(const TransportRef& transport) {
  return static_cast<const hob::detail::TlsTransport&>(*transport).info();
}

struct Infos {
  SecurityInfo client;
  SecurityInfo server;
};

/// A handshake, a byte each way, and a clean end.
Coro<Infos> talk(TlsContext client_side, TlsContext server_side, std::string hostname) {
  auto [client, server] = co_await handshake(client_side, server_side, std::move(hostname));
  co_await write_all(server, "x");
  co_await read_exactly(client, 1);
  Infos infos{info_of(client), info_of(server)};
  auto both = hob::gather(wire::close(client), wire::close(server));
  co_await std::move(both);
  co_return infos;
}

std::string encrypted_key(const hob::Certificate& certificate, const std::string& password) {
  const hob::detail::BioPtr out(BIO_new(BIO_s_mem()));
  REQUIRE(PEM_write_bio_PKCS8PrivateKey(out.get(), certificate.data().key(), EVP_aes_128_cbc(),
                                        password.data(), static_cast<int>(password.size()), nullptr,
                                        nullptr) == 1);
  return hob::detail::bio_text(out.get());
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "hob-tls-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = (path_ / name).string();
    std::ofstream(path) << text;
    return path;
  }
  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

TEST_CASE("what a connection knows about itself") {
  const Infos infos = run_virtual(talk(client_context(), server_context(), "example.org"));
  CHECK(infos.client.version == "TLSv1.3");
  CHECK(infos.client.cipher == "TLS_AES_256_GCM_SHA384");
  CHECK(infos.client.cipher_bits == 256);
  CHECK(infos.client.server_name == "example.org");
  CHECK(infos.server.server_name == "example.org");
  CHECK_FALSE(infos.client.session_reused);
  CHECK_FALSE(infos.server.has_peer_certificate);
  REQUIRE(infos.client.has_peer_certificate);
  const hob::PeerCertificate& peer = infos.client.peer_certificate;
  CHECK(peer.subject == "CN=example.org");
  CHECK(peer.issuer == "CN=Hob certificate authority");
  CHECK(peer.subject_alt_names ==
        std::vector<std::string>{"DNS:example.org", "DNS:*.wild.example.org",
                                 "IP Address:127.0.0.1", "IP Address:0:0:0:0:0:0:0:1"});
  CHECK(peer.serial_number.size() == 32);
  CHECK(peer.not_after - peer.not_before == 30 * 86400 + 3600);
  CHECK(peer.der.size() > 300);
}

TEST_CASE("ALPN chooses what the server likes best") {
  TlsContext client = client_context();
  TlsContext server = server_context();
  client.set_alpn_protocols({"http/1.1", "h2"});
  server.set_alpn_protocols({"h2", "http/1.1"});
  const Infos infos = run_virtual(talk(client, server, "example.org"));
  CHECK(infos.client.alpn_protocol == "h2");
  CHECK(infos.server.alpn_protocol == "h2");
  const Infos without = run_virtual(talk(client_context(), server, "example.org"));
  CHECK(without.server.alpn_protocol.empty());
  CHECK_THROWS_AS(client.set_alpn_protocols({""}), hob::ValueError);
  CHECK_THROWS_AS(client.set_alpn_protocols({std::string(256, 'x')}), hob::ValueError);
}

TEST_CASE("SNI chooses the certificate") {
  TlsContext server = server_context();
  const TlsContext other = server_context(make_certificate(authority(), {"other.org"}));
  std::vector<std::string> asked;
  server.set_sni_callback([&](TlsContext, const std::string& name) -> hob::SniChoice {
    asked.push_back(name);
    if (name == "other.org") return other;
    if (name == "secret.org") return hob::SniChoice::refuse();
    if (name == "broken.org") throw std::runtime_error("what a name");
    return hob::SniChoice::keep();
  });
  CHECK(run_virtual(talk(client_context(), server, "other.org")).client.peer_certificate.subject ==
        "CN=other.org");
  CHECK(
      run_virtual(talk(client_context(), server, "example.org")).client.peer_certificate.subject ==
      "CN=example.org");
  run_virtual(talk(client_context(), server, "127.0.0.1"));
  const Both secret = run_virtual(try_handshake(client_context(), server, "secret.org"));
  CHECK(error_text(secret.client) ==
        "SSLError: [SSL: TLSV1_UNRECOGNIZED_NAME] tlsv1 unrecognized name");
  const Both broken = run_virtual(try_handshake(client_context(), server, "broken.org"));
  CHECK(error_text(broken.server) == "runtime_error: what a name");
  CHECK(error_text(broken.client) ==
        "SSLError: [SSL: TLSV1_ALERT_INTERNAL_ERROR] tlsv1 alert internal error");
  CHECK(asked ==
        std::vector<std::string>{"other.org", "example.org", "", "secret.org", "broken.org"});
}

TEST_CASE("client certificates") {
  TlsContext server = server_context();
  server.load_verify_locations(authority());
  server.set_verify_mode(hob::VerifyMode::required);
  TlsContext client = client_context();
  hob::CertificateOptions options;
  options.use = hob::CertificateUse::client;
  client.load_cert_chain(make_certificate(authority(), {"ada"}, options));
  const Infos infos = run_virtual(talk(client, server, "example.org"));
  REQUIRE(infos.server.has_peer_certificate);
  CHECK(infos.server.peer_certificate.subject == "CN=ada");

  TlsContext stranger = client_context();
  stranger.load_cert_chain(hob::make_self_signed({"eve"}));
  const Both refused = run_virtual(try_handshake(stranger, server, "example.org"));
  CHECK(error_text(refused.server).find("self-signed certificate") != std::string::npos);

  server.set_verify_mode(hob::VerifyMode::optional);
  CHECK_FALSE(
      run_virtual(talk(client_context(), server, "example.org")).server.has_peer_certificate);
}

TEST_CASE("a second connection resumes the session") {
  for (const auto version : {hob::TlsVersion::tls1_3, hob::TlsVersion::tls1_2}) {
    TlsContext client = client_context();
    client.set_maximum_version(version);
    const TlsContext server = server_context();
    CHECK_FALSE(run_virtual(talk(client, server, "example.org")).client.session_reused);
    const Infos second = run_virtual(talk(client, server, "example.org"));
    CHECK(second.client.session_reused);
    CHECK(second.server.session_reused);
    CHECK(second.client.peer_certificate.subject == "CN=example.org");
    CHECK(run_virtual(talk(client, server, "example.org")).client.session_reused);
    // Not with another name, whose certificate nobody has checked yet.
    CHECK_FALSE(run_virtual(talk(client, server, "a.wild.example.org")).client.session_reused);
    client.set_session_cache_size(0);
    run_virtual(talk(client, server, "example.org"));
    CHECK_FALSE(run_virtual(talk(client, server, "example.org")).client.session_reused);
  }
}

TEST_CASE("sessions with client certificates are resumed, too; no tickets, no resumption") {
  TlsContext server = server_context();
  server.load_verify_locations(authority());
  server.set_verify_mode(hob::VerifyMode::required);
  TlsContext client = client_context();
  client.load_cert_chain(make_certificate(authority(), {"ada"}));
  run_virtual(talk(client, server, "example.org"));
  const Infos second = run_virtual(talk(client, server, "example.org"));
  CHECK(second.server.session_reused);
  CHECK(second.server.peer_certificate.subject == "CN=ada");

  TlsContext stingy = server_context();
  stingy.set_num_tickets(0);
  TlsContext fresh = client_context();
  run_virtual(talk(fresh, stingy, "example.org"));
  CHECK_FALSE(run_virtual(talk(fresh, stingy, "example.org")).client.session_reused);
  CHECK_THROWS_AS(client.set_num_tickets(1), hob::ValueError);
}

TEST_CASE("a server that forgot the session gets a whole handshake") {
  const TlsContext client = client_context();
  run_virtual(talk(client, server_context(), "example.org"));
  CHECK_FALSE(run_virtual(talk(client, server_context(), "example.org")).client.session_reused);
}

TEST_CASE("verify_mode and check_hostname hang together as in Python") {
  TlsContext context(hob::TlsRole::client);
  CHECK(context.verify_mode() == hob::VerifyMode::required);
  CHECK(context.check_hostname());
  CHECK_THROWS_AS(context.set_verify_mode(hob::VerifyMode::none), hob::ValueError);
  context.set_check_hostname(false);
  context.set_verify_mode(hob::VerifyMode::none);
  const auto own = hob::make_self_signed({"whoever"});
  CHECK(run_virtual(talk(context, server_context(own), "example.org")).client.has_peer_certificate);
  context.set_check_hostname(true);
  CHECK(context.verify_mode() == hob::VerifyMode::required);
  const TlsContext server(hob::TlsRole::server);
  CHECK(server.verify_mode() == hob::VerifyMode::none);
  CHECK_FALSE(server.check_hostname());
}

TEST_CASE("versions") {
  TlsContext client = client_context();
  CHECK(client.minimum_version() == hob::TlsVersion::tls1_2);
  CHECK(client.maximum_version() == hob::TlsVersion::maximum_supported);
  client.set_maximum_version(hob::TlsVersion::tls1_2);
  CHECK(run_virtual(talk(client, server_context(), "example.org")).client.version == "TLSv1.2");
  CHECK_THROWS_WITH_AS(client.set_ciphers("NONSENSE"), "[SSL: NO_CIPHER_MATCH] no cipher match",
                       hob::SSLError);
}

TEST_CASE("certificates from files") {
  const TemporaryDirectory directory;
  const auto ca = hob::make_certificate_authority();
  const auto certificate = make_certificate(ca, {"example.org"});
  const std::string cert = directory.write("cert.pem", certificate.pem());
  const std::string key = directory.write("key.pem", certificate.private_key_pem());
  const std::string both =
      directory.write("both.pem", certificate.private_key_pem() + certificate.pem());
  const std::string ca_file = directory.write("ca.pem", ca.pem());

  TlsContext server(hob::TlsRole::server);
  server.load_cert_chain(cert, key);
  server.load_cert_chain(both);
  TlsContext client(hob::TlsRole::client);
  hob::VerifyLocations locations;
  locations.cafile = ca_file;
  client.load_verify_locations(locations);
  CHECK(run_virtual(talk(client, server, "example.org")).client.has_peer_certificate);

  CHECK_THROWS_WITH_AS(server.load_cert_chain(directory.path("none.pem")),
                       doctest::Contains("[Errno 2] No such file or directory"), hob::OSError);
  CHECK_THROWS_WITH_AS(server.load_cert_chain(key), "no certificate in the file (PEM)",
                       hob::SSLError);
  CHECK_THROWS_WITH_AS(server.load_cert_chain(cert), "no private key in the file (PEM)",
                       hob::SSLError);
  const std::string secret = directory.write("secret.pem", encrypted_key(certificate, "open"));
  server.load_cert_chain(cert, secret, "open");
  CHECK_THROWS_WITH_AS(server.load_cert_chain(cert, secret, "shut"),
                       "the private key cannot be decrypted: wrong password", hob::SSLError);
  CHECK_THROWS_WITH_AS(server.load_cert_chain(cert, secret),
                       "the private key is encrypted, and there is no password", hob::SSLError);
  const auto stranger = make_certificate(ca, {"example.com"});
  const std::string foreign_key = directory.write("foreign.pem", stranger.private_key_pem());
  CHECK_THROWS_WITH_AS(server.load_cert_chain(cert, foreign_key),
                       doctest::Contains("KEY_VALUES_MISMATCH"), hob::SSLError);
  CHECK_THROWS_AS(client.load_verify_locations({}), hob::ValueError);
  const std::string garbage = directory.write("garbage.pem", "-----BEGIN CERTIFICATE-----\nxx\n");
  locations.cafile = garbage;
  CHECK_THROWS_AS(client.load_verify_locations(locations), hob::SSLError);
  locations.cafile = key;
  CHECK_THROWS_WITH_AS(client.load_verify_locations(locations), "no certificate in cafile",
                       hob::SSLError);
}

TEST_CASE("cadata as PEM and as DER") {
  const auto ca = hob::make_certificate_authority();
  const TlsContext server = server_context(make_certificate(ca, {"example.org"}));
  const Infos infos = run_virtual(talk(client_context(ca), server, "example.org"));
  CHECK(infos.client.has_peer_certificate);
  const TlsContext own = server_context(hob::make_self_signed({"example.org"}));
  TlsContext careless(hob::TlsRole::client);
  careless.set_check_hostname(false);
  careless.set_verify_mode(hob::VerifyMode::none);
  const std::string der =
      run_virtual(talk(careless, own, "example.org")).client.peer_certificate.der;
  TlsContext client(hob::TlsRole::client);
  hob::VerifyLocations locations;
  locations.cadata = der;
  client.load_verify_locations(locations);
  CHECK(run_virtual(talk(client, own, "example.org")).client.has_peer_certificate);
  locations.cadata = "0not a certificate";
  CHECK_THROWS_AS(client.load_verify_locations(locations), hob::SSLError);
}

TEST_CASE("the system's authorities are loaded at the first handshake, and refuse ours") {
  const TlsContext client = hob::create_default_context();
  const Both both = run_virtual(try_handshake(client, server_context(), "example.org"));
  CHECK(error_text(both.client).find("unable to get local issuer certificate") !=
        std::string::npos);
  // And beside our own.
  TlsContext two = hob::create_default_context();
  two.load_verify_locations(authority());
  CHECK(run_virtual(talk(two, server_context(), "example.org")).client.has_peer_certificate);
}

TEST_CASE("one context in many threads") {
  TlsContext client = hob::create_default_context();
  client.load_verify_locations(authority());
  const TlsContext server = server_context();
  const TlsContext other = server_context(make_certificate(authority(), {"other.org"}));
  TlsContext choosing = server_context();
  choosing.set_sni_callback([&other](TlsContext, const std::string& name) {
    return name == "other.org" ? hob::SniChoice(other) : hob::SniChoice::keep();
  });
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 5; ++turn) {
        const bool first =
            run_virtual(talk(client, server, "example.org")).server.version == "TLSv1.3";
        const bool second =
            run_virtual(talk(client, choosing, "other.org")).client.peer_certificate.subject ==
            "CN=other.org";
        if (first && second) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 15);
}

TEST_CASE("the key log has the secrets of each connection") {
  const TemporaryDirectory directory;
  const std::string file = directory.path("keys.log");
  TlsContext client = client_context();
  client.set_keylog_filename(file);
  run_virtual(talk(client, server_context(), "example.org"));
  client.set_keylog_filename("");
  std::ifstream in(file);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  CHECK(text.find("CLIENT_TRAFFIC_SECRET_0 ") != std::string::npos);
  CHECK_THROWS_AS(client.set_keylog_filename(directory.path("no/such/directory")), hob::OSError);
}

TEST_CASE("certificates need a name") {
  CHECK_THROWS_AS(hob::make_self_signed({}), hob::ValueError);
}

}  // namespace
