// SPDX-License-Identifier: MIT
// The client of the HTTP benchmark on Boost.Beast: 64 connections, callbacks, one thread.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <deque>

#include "bare.hpp"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

class Connection {
 public:
  Connection(asio::io_context& context, std::uint16_t port, unsigned& left)
      : socket_(context.get_executor()), left_(left) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    socket_.set_option(asio::ip::tcp::no_delay(true));
  }

  void get() {
    if (left_ == 0) return;
    --left_;
    request_ = {http::verb::get, "/user", 11};
    request_.set(http::field::host, "127.0.0.1");
    request_.set(http::field::accept, "*/*");
    request_.set(http::field::user_agent, "beast");
    http::async_write(socket_, request_, [this](error_code error, std::size_t) {
      if (error) bare::fail("write");
      read();
    });
  }

 private:
  void read() {
    response_ = {};
    http::async_read(socket_, buffer_, response_, [this](error_code error, std::size_t) {
      if (error || response_.body().size() != bare::kBodySize) bare::fail("another body");
      get();
    });
  }

  Socket socket_;
  unsigned& left_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  http::response<http::string_body> response_;
};

}  // namespace

int main(int argc, char** argv) {
  const bare::ClientArguments arguments(argc, argv);
  asio::io_context context(1);
  unsigned left = 0;
  std::deque<Connection> connections;
  for (unsigned i = 0; i < bare::kConcurrency; ++i)
    connections.emplace_back(context, arguments.port, left);
  for (unsigned run = 0; run < arguments.runs; ++run) {
    const std::uint64_t started = bare::cpu_ns();
    left = arguments.count;
    for (Connection& connection : connections) connection.get();
    context.restart();
    context.run();
    bare::print_run(started, arguments.count);
  }
}
