// SPDX-License-Identifier: MIT
// The server of the HTTP benchmark on Boost.Beast: callbacks, one thread, the concrete executor
// type.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <memory>

#include "bare.hpp"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  explicit Connection(Socket socket) : socket_(std::move(socket)) {
    socket_.set_option(asio::ip::tcp::no_delay(true));
  }

  void read() {
    request_ = {};
    auto self = shared_from_this();
    http::async_read(socket_, buffer_, request_, [self](error_code error, std::size_t) {
      if (!error) self->answer();
    });
  }

 private:
  void answer() {
    response_ = {http::status::ok, request_.version()};
    response_.set(http::field::server, "beast");
    response_.set(http::field::date, "Sat, 28 Nov 2026 12:00:00 GMT");
    response_.set(http::field::content_type, "text/plain; charset=utf-8");
    response_.keep_alive(request_.keep_alive());
    response_.body() = "Hello, World!";
    response_.prepare_payload();
    auto self = shared_from_this();
    http::async_write(socket_, response_, [self](error_code error, std::size_t) {
      if (!error && self->response_.keep_alive()) self->read();
    });
  }

  Socket socket_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  http::response<http::string_body> response_;
};

void accept(Acceptor& acceptor) {
  acceptor.async_accept([&acceptor](error_code error, Socket socket) {
    if (!error) std::make_shared<Connection>(std::move(socket))->read();
    accept(acceptor);
  });
}

}  // namespace

int main() {
  asio::io_context context(1);
  Acceptor acceptor(context.get_executor(), {asio::ip::address_v4::loopback(), 0});
  bare::print_port(acceptor.local_endpoint().port());
  accept(acceptor);
  context.run();
}
