// SPDX-License-Identifier: MIT
//
// The echo server on Boost.Asio: coroutines, a buffer for each connection, as its examples have it.
#include <boost/asio.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>

#include "load.hpp"

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

asio::awaitable<void> echo(tcp::socket socket, std::uint64_t& left, std::uint64_t& echoed,
                           asio::io_context& context) {
  std::vector<char> buffer(64 << 10);
  bool first = true;
  while (true) {
    boost::system::error_code error;
    const std::size_t n = co_await socket.async_read_some(
        asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    co_await asio::async_write(socket, asio::buffer(buffer.data(), n), asio::use_awaitable);
    if (std::exchange(first, false)) ++echoed;
  }
  if (--left == 0) context.stop();
}

asio::awaitable<void> leave(tcp::socket socket, std::uint64_t& left, asio::io_context& context) {
  socket.close();
  if (--left == 0) context.stop();
  co_return;
}

enum class What : std::uint8_t { echo, idle, leave };

asio::awaitable<void> accept_all(tcp::acceptor& acceptor, std::uint64_t& left,
                                 std::uint64_t& echoed, asio::io_context& context, What what) {
  while (true) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    if (what == What::leave)
      asio::co_spawn(context, leave(std::move(socket), left, context), asio::detached);
    else
      asio::co_spawn(context, echo(std::move(socket), left, echoed, context), asio::detached);
  }
}

struct Echo {
  static void serve(bench::Run& run, load::Shape shape) {
    load::Clients clients(shape, run.count);
    serve_with(run, clients, shape.connections, What::echo);
  }
  static void accept_close(bench::Run& run) {
    load::Clients clients(load::kAcceptClose, run.count);
    serve_with(run, clients, run.count, What::leave);
  }
  static void idle(bench::Run& run) {
    load::Clients clients({unsigned(run.count), load::kIdle.size}, run.count, true);
    serve_with(run, clients, run.count, What::idle);
  }
  static void serve_with(bench::Run& run, load::Clients& clients, std::uint64_t left, What what) {
    asio::io_context context(1);
    tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    acceptor.listen(4096);
    std::uint64_t echoed = 0;
    const bool idle = what == What::idle;
    asio::co_spawn(context, accept_all(acceptor, left, echoed, context, what), asio::detached);
    idle ? run.memory_start() : run.start();
    clients.go(acceptor.local_endpoint().port());
    if (idle) {
      while (echoed < run.count) context.run_one();
      run.memory_stop();
      clients.release();
    }
    context.run();
    if (!idle) run.stop();
  }
};

}  // namespace

int main(int argc, char** argv) {
  return bench::main(argc, argv, "stream", "asio", load::Cases<Echo>::kAll);
}
