// SPDX-License-Identifier: MIT
// TLS by hand: OpenSSL on non-blocking sockets under epoll.
#include "peer.hpp"

#include <fcntl.h>
#include <sys/epoll.h>

#include <cerrno>

namespace {

struct Connection {
  SSL* ssl;
  bool shaken = false;
  std::string unsent;
};

class Server {
 public:
  Server(bench::Run& run, const peer::Plan& plan) : run_(run), plan_(plan) {
    const peer::Identity identity = peer::make_identity();
    BIO* certificate = BIO_new_mem_buf(identity.certificate.data(), -1);
    BIO* key = BIO_new_mem_buf(identity.key.data(), -1);
    SSL_CTX_use_certificate(context_, PEM_read_bio_X509(certificate, nullptr, nullptr, nullptr));
    SSL_CTX_use_PrivateKey(context_, PEM_read_bio_PrivateKey(key, nullptr, nullptr, nullptr));
    SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context_, 1);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(listener_, 128) != 0)
      peer::fail("listen");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    watch(listener_, nullptr, EPOLL_CTL_ADD, EPOLLIN);
  }

  void serve() {
    const std::uint64_t total = plan_.size == 0 ? run_.count : plan_.connections;
    const peer::Clients clients(port_, plan_, run_.count);
    if (plan_.size == 0) run_.start();
    while (gone_ < total) {
      epoll_event events[64];
      const int n = epoll_wait(epoll_, events, 64, -1);
      for (int i = 0; i < n; ++i) {
        auto* connection = static_cast<Connection*>(events[i].data.ptr);
        connection ? step(*connection) : accept_one();
      }
    }
    run_.stop();
    clients.finish();
    if (plan_.size != 0) run_.expect(received_ == run_.count * plan_.size, "every byte");
    close(listener_);
    close(epoll_);
    SSL_CTX_free(context_);
  }

 private:
  void watch(int fd, Connection* connection, int operation, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.ptr = connection;
    epoll_ctl(epoll_, operation, fd, &event);
  }
  void accept_one() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto* connection = new Connection{SSL_new(context_), false, {}};
    SSL_set_fd(connection->ssl, fd);
    SSL_set_accept_state(connection->ssl);
    watch(fd, connection, EPOLL_CTL_ADD, EPOLLIN);
  }
  void step(Connection& connection) {
    if (!connection.shaken) {
      if (SSL_do_handshake(connection.ssl) != 1) return;
      connection.shaken = true;
      if (++shaken_ == plan_.connections && plan_.size != 0) run_.start();
    }
    if (!connection.unsent.empty() && !send_rest(connection)) return;
    for (;;) {
      const int n = SSL_read(connection.ssl, buffer_, sizeof buffer_);
      if (n <= 0) {
        if (SSL_get_error(connection.ssl, n) != SSL_ERROR_WANT_READ) end(connection);
        return;
      }
      received_ += static_cast<std::uint64_t>(n);
      if (!plan_.echo) continue;
      connection.unsent.assign(buffer_, static_cast<std::size_t>(n));
      if (!send_rest(connection)) return;
    }
  }
  bool send_rest(Connection& connection) const {
    std::string& rest = connection.unsent;
    while (!rest.empty()) {
      const int n = SSL_write(connection.ssl, rest.data(), static_cast<int>(rest.size()));
      if (n <= 0) {
        watch(SSL_get_fd(connection.ssl), &connection, EPOLL_CTL_MOD, EPOLLOUT);
        return false;
      }
      rest.erase(0, static_cast<std::size_t>(n));
    }
    return true;
  }
  void end(Connection& connection) {
    SSL_shutdown(connection.ssl);
    close(SSL_get_fd(connection.ssl));
    SSL_free(connection.ssl);
    delete &connection;
    ++gone_;
  }

  bench::Run& run_;
  const peer::Plan& plan_;
  SSL_CTX* context_ = SSL_CTX_new(TLS_server_method());
  int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::uint16_t port_ = 0;
  unsigned shaken_ = 0;
  std::uint64_t gone_ = 0;
  std::uint64_t received_ = 0;
  char buffer_[64 * 1024];
};

void serve(bench::Run& run, const peer::Plan& plan) { Server(run, plan).serve(); }

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  return bench::main(argc, argv, "tls", "bare", peer::kCases<serve>);
}
