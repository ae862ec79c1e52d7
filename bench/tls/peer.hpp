// SPDX-License-Identifier: MIT
// What the subjects of the TLS benchmark share: the cases, a certificate, and the clients, blocking
// ones by hand, in a process of their own. What is measured is the CPU time of the server.
#pragma once

#include "../support/measure.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace peer {

[[noreturn]] inline void fail(const char* what) {
  std::fprintf(stderr, "benchmark broken: %s\n", what);
  std::_Exit(3);
}

/// A self-signed certificate for localhost with its key, PEM.
struct Identity {
  std::string certificate;
  std::string key;
};

inline std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

inline Identity make_identity() {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  X509* x509 = X509_new();
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(x509, X509_get_subject_name(x509));
  X509_set_pubkey(x509, key);
  if (X509_sign(x509, key, EVP_sha256()) <= 0) fail("a certificate");
  BIO* certificate = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate, x509);
  BIO* secret = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(secret, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(x509);
  EVP_PKEY_free(key);
  return {text_of(certificate), text_of(secret)};
}

/// What the clients do: `count` messages of `size` bytes, over all `connections` in turn. With
/// `echo` each is read back before the next; without, only the last byte's arrival is waited for.
/// A size of 0: `count` connections, one after the other, that only shake hands.
struct Plan {
  unsigned connections;
  std::size_t size;
  bool echo;
};

inline SSL* connect_to(SSL_CTX* context, std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("connect");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  if (SSL_connect(ssl) != 1) fail("handshake");
  return ssl;
}

/// Says good-bye and waits for the server's, so that nothing is reset.
inline void part(SSL* ssl) {
  char rest[64];
  SSL_shutdown(ssl);
  while (SSL_read(ssl, rest, sizeof rest) > 0) {
  }
  close(SSL_get_fd(ssl));
  SSL_free(ssl);
}

inline void write_whole(SSL* ssl, const std::string& data) {
  if (SSL_write(ssl, data.data(), static_cast<int>(data.size())) <= 0) fail("write");
}

inline void read_whole(SSL* ssl, std::string& data) {
  for (std::size_t done = 0; done < data.size();) {
    const int n = SSL_read(ssl, data.data() + done, static_cast<int>(data.size() - done));
    if (n <= 0) fail("read");
    done += static_cast<std::size_t>(n);
  }
}

inline void run_clients(std::uint16_t port, const Plan& plan, std::uint64_t count) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (plan.size == 0) {
    for (std::uint64_t i = 0; i < count; ++i) part(connect_to(context, port));
    return;
  }
  std::vector<SSL*> all;
  for (unsigned i = 0; i < plan.connections; ++i) all.push_back(connect_to(context, port));
  const std::string message(plan.size, 'x');
  std::string back(plan.size, '\0');
  for (std::uint64_t done = 0; done < count;) {
    std::uint64_t now = 0;
    for (SSL* ssl : all) {
      if (done + now == count) break;
      write_whole(ssl, message);
      ++now;
    }
    for (std::uint64_t i = 0; plan.echo && i < now; ++i) read_whole(all[i], back);
    done += now;
  }
  for (SSL* ssl : all) part(ssl);
}

/// Starts the clients in a process of their own; `finish` waits for its good end.
class Clients {
 public:
  Clients(std::uint16_t port, const Plan& plan, std::uint64_t count) : child_(fork()) {
    if (child_ < 0) fail("fork");
    if (child_ != 0) return;
    signal(SIGPIPE, SIG_DFL);
    run_clients(port, plan, count);
    std::_Exit(0);
  }
  void finish() const {
    int status = 0;
    if (waitpid(child_, &status, 0) != child_ || status != 0) fail("the clients");
  }

 private:
  pid_t child_;
};

/// How the subjects see a case: serve until all clients are gone, measuring from when all
/// `plan.connections` have shaken hands (with size 0: from the beginning).
using Serve = void (*)(bench::Run& run, const Plan& plan);

template <Serve kServe, unsigned Connections, std::size_t Size, bool Echo>
void body(bench::Run& run) {
  kServe(run, Plan{Connections, Size, Echo});
}

template <Serve kServe>
inline constexpr bench::Case kCases[] = {
    {"echo_1k_1", 20'000, body<kServe, 1, 1024, true>, true},
    {"echo_1k_100", 20'000, body<kServe, 100, 1024, true>, true},
    {"echo_10k_10", 10'000, body<kServe, 10, 10 * 1024, true>, true},
    {"echo_100k_1", 2'000, body<kServe, 1, 100 * 1024, true>, true},
    {"upload_16k", 20'000, body<kServe, 1, 16 * 1024, false>, true},
    {"handshake", 300, body<kServe, 1, 0, false>, true},
};

}  // namespace peer
