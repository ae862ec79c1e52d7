// SPDX-License-Identifier: MIT
// Test support: the way to servers through a proxy, all in memory. The host `proxy` is a proxy for
// HTTP and CONNECT, `tlsproxy` the same behind TLS, `socks` speaks SOCKS 5; everything else is an
// origin, which answers with what it saw, and speaks TLS on port 443.
#pragma once

#include "http/memory_server.hpp"

#include <hob/tls.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace http_tests {

class MemoryProxy {
 public:
  MemoryProxy() : state_(std::make_shared<State>()) {
    const hob::Certificate certificate =
        hob::make_self_signed({"secure.example", "tlsproxy", "192.0.2.1"});
    state_->server_tls.load_cert_chain(certificate);
    state_->client_tls.load_verify_locations(certificate);
  }
  MemoryProxy(const MemoryProxy&) = delete;
  MemoryProxy& operator=(const MemoryProxy&) = delete;

  hob::http::ClientOptions options(const char* proxy) {
    hob::http::ClientOptions options;
    options.connector = connector_.get();
    options.ssl = state_->client_tls;
    options.proxy = proxy;
    return options;
  }

 private:
  struct State {
    std::vector<std::string> dialed;  // `host:port` of the connections
    std::vector<std::string> heads;   // what proxies were asked, in the clear
    std::vector<std::string> at_origin;
    std::string answer;        // of the proxy, instead of doing what it should
    bool then_close = true;    // after that answer
    std::string user = "u:p";  // whom the SOCKS proxy lets in; "" everybody
    hob::TlsContext server_tls{hob::TlsRole::server};
    hob::TlsContext client_tls{hob::TlsRole::client};
  };
  std::shared_ptr<State> state_;

 public:
  std::vector<std::string>& dialed = state_->dialed;
  std::vector<std::string>& heads = state_->heads;
  std::vector<std::string>& at_origin = state_->at_origin;
  std::string& answer = state_->answer;
  bool& then_close = state_->then_close;
  std::string& user = state_->user;
  bool refuse = false;  // connections

 private:
  static Coro<> secure(std::shared_ptr<State> state, hob::StreamWriter writer) {
    hob::StartTlsOptions tls;
    tls.server_side = true;
    co_await writer.start_tls(state->server_tls, std::move(tls));
  }

  static Coro<> origin(std::shared_ptr<State> state, hob::Stream stream, std::string name,
                       std::string first) {
    if (name.ends_with(":443")) co_await secure(state, stream.writer);
    for (;;) {
      std::string head = std::exchange(first, {});
      if (head.empty()) head = co_await stream.reader.readuntil("\r\n\r\n");
      state->at_origin.push_back(head);
      stream.writer.write(ok(name + " sees " + head.substr(0, head.find("\r\n"))));
    }
  }

  // Whether the proxy does what it is asked.
  static bool speaks(State& state, hob::StreamWriter writer) {
    if (state.answer.empty()) return true;
    writer.write(state.answer == "close" ? "" : state.answer);
    if (state.then_close) writer.close();
    return false;
  }

  static Coro<> http_proxy(std::shared_ptr<State> state, hob::Stream stream, bool tls) {
    if (tls) co_await secure(state, stream.writer);
    const std::string_view first = co_await stream.reader.peek(1);
    if (first.starts_with("\x16")) co_return;  // TLS, to one who does not speak it
    const std::string head = co_await stream.reader.readuntil("\r\n\r\n");
    state->heads.push_back(head);
    if (!speaks(*state, stream.writer)) {
      co_await stream.reader.read();  // until the client gives up
      co_return;
    }
    if (!head.starts_with("CONNECT ")) {
      co_await origin(state, stream, "forwarded", head);
      co_return;
    }
    const std::string target = head.substr(8, head.find(' ', 8) - 8);
    stream.writer.write("HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n");
    co_await origin(state, stream, target, {});
  }

  static Coro<> socks_proxy(std::shared_ptr<State> state, hob::Stream stream) {
    std::string greeting = co_await stream.reader.readexactly(2);
    greeting += co_await stream.reader.readexactly(static_cast<std::size_t>(greeting[1]));
    if (!speaks(*state, stream.writer)) co_return;
    if (state->user.empty()) {
      stream.writer.write(std::string("\x05\x00", 2));
    } else {
      const bool can = greeting.find('\x02', 2) != std::string::npos;
      stream.writer.write(can ? std::string("\x05\x02") : std::string("\x05\xff"));
      if (!can) co_return stream.writer.close();
      std::string login = co_await stream.reader.readexactly(2);
      std::string user = co_await stream.reader.readexactly(static_cast<std::size_t>(login[1]) + 1);
      const auto size = static_cast<std::size_t>(user.back());
      user.back() = ':';
      user += co_await stream.reader.readexactly(size);
      const bool right = user == state->user;
      stream.writer.write(right ? std::string("\x01\x00", 2) : std::string("\x01\x01"));
      if (!right) co_return stream.writer.close();
    }
    co_await socks_connect(state, stream);
  }

  static Coro<> socks_connect(std::shared_ptr<State> state, hob::Stream stream) {
    std::string ask = co_await stream.reader.readexactly(5);
    const std::size_t size = ask[3] == 1   ? 4
                             : ask[3] == 4 ? 16
                                           : static_cast<std::size_t>(ask[4]) + 1;
    ask += co_await stream.reader.readexactly(size - 1 + 2);
    state->heads.push_back(ask);
    const std::string name = ask.substr(5, size - 1);
    if (name == "forbidden") {
      stream.writer.write(std::string("\x05\x02\x00\x01\0\0\0\0\0\0", 10));
      co_return stream.writer.close();
    }
    // The bound address comes as a name now and then.
    stream.writer.write(name == "named" ? std::string("\x05\x00\x00\x03\x02me\0\0", 9)
                                        : std::string("\x05\x00\x00\x01\0\0\0\0\0\0", 10));
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(ask[ask.size() - i]); };
    co_await origin(state, stream, name + ':' + std::to_string(at(2) * 256 + at(1)), {});
  }

  Coro<hob::Stream> connect(std::string host, std::uint16_t port) {
    dialed.push_back(host + ':' + std::to_string(port));
    if (refuse) throw hob::OSError(111, "connect");
    hob::testing::StreamPair pair = hob::testing::memory_stream_pair();
    hob::create_task(accept(state_, pair.second, dialed.back()));
    co_return pair.first;
  }

  static Coro<> accept(std::shared_ptr<State> state, hob::Stream stream, std::string name) {
    const bool tls = name.starts_with("tlsproxy");
    hob::Result<> done;
    if (tls || name.starts_with("proxy")) {
      done = co_await hob::as_result(http_proxy(state, stream, tls));
    } else if (name.starts_with("socks")) {
      done = co_await hob::as_result(socks_proxy(state, stream));
    } else {
      done = co_await hob::as_result(origin(state, stream, name, {}));
    }
    stream.writer.close();  // however it ended: the client is gone
  }

  hob::detail::Ref<hob::http::Connector> connector_ = hob::http::make_connector(
      [this](std::string host, std::uint16_t port) { return connect(std::move(host), port); });
};

}  // namespace http_tests
