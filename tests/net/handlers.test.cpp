// SPDX-License-Identifier: MIT
// What a server's handler may be, and how each kind of it may end.
#include <hob/hob.hpp>

#include <hob/testing/run_virtual.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::StreamReader;
using hob::StreamWriter;
using hob::testing::run_virtual;

namespace handlers_test {
namespace {

using Texts = std::vector<std::string>;

/// Connects, and reads to the end of what the handler says; gives that, and what was reported.
template <class H>
Texts visit(H handler) {
  Texts texts(1);
  const auto main = [&]() -> Coro<> {
    hob::get_running_loop().set_exception_handler(
        [&texts](hob::EventLoop&, const hob::ExceptionContext& context) {
          texts.push_back(context.message + ": " + hob::describe(context.exception));
        });
    auto server = co_await hob::start_server(std::move(handler), "127.0.0.1", 0);
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
    texts[0] = co_await hob::wait_for(reader.read(), 10s);
    server.close();
    co_await server.wait_closed();
  };
  run_virtual(main());
  return texts;
}

const char* const kOops = "Unhandled exception in client_connected_cb: ValueError: oops";

}  // namespace

TEST_CASE("a handler may give a result, which nobody asks for") {
  const auto counts = [](StreamReader, StreamWriter writer) -> Coro<int> {
    writer.write("one");
    co_return 1;
  };
  CHECK(visit(counts) == Texts{"one"});
  const auto fails = [](StreamReader, StreamWriter) -> Coro<int> {
    co_await hob::sleep(1s);
    throw hob::ValueError("oops");
  };
  CHECK(visit(fails) == Texts{"", kOops});
}

TEST_CASE("a handler may give a task") {
  const auto starts = [](StreamReader, StreamWriter writer) {
    const auto say = [](StreamWriter to) -> Coro<int> {
      co_await hob::sleep(1s);
      to.write("later");
      co_return 1;
    };
    return hob::create_task(say, std::move(writer));
  };
  CHECK(visit(starts) == Texts{"later"});
}

TEST_CASE("a plain function may fail") {
  const auto fails = [](StreamReader, StreamWriter writer) {
    writer.write("before");
    throw hob::ValueError("oops");
  };
  CHECK(visit(fails) == Texts{"before", kOops});
}

TEST_CASE("a handler that is cancelled is no news") {
  const auto cancelled = [](StreamReader, StreamWriter) -> Coro<> {
    hob::current_task()->cancel();
    co_await hob::sleep(1s);
  };
  CHECK(visit(cancelled) == Texts{""});
}

TEST_CASE("a handler is its own task, and its captures live as long as it") {
  auto word = std::make_shared<std::string>("kept");
  const std::weak_ptr<std::string> watch = word;
  std::string coroutine;
  const auto keeps = [word = std::move(word), &coroutine](StreamReader,
                                                          StreamWriter writer) -> Coro<> {
    coroutine = hob::current_task()->get_coro()->name;
    co_await hob::sleep(1s);  // the server may be gone by now
    writer.write(*word);
  };
  std::string heard;
  const auto main = [&](auto handler) -> Coro<> {
    auto server = co_await hob::start_server(std::move(handler), "127.0.0.1", 0);
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
    while (coroutine.empty()) co_await hob::sleep(10ms);
    std::exchange(server, hob::Server()).close();
    heard = co_await reader.read();
  };
  {
    auto handler = keeps;
    run_virtual(main(std::move(handler)));
  }
  CHECK(heard == "kept");
  CHECK(coroutine == "<lambda>");
  CHECK(!watch.expired());  // only by `keeps` itself
}

TEST_CASE("a task factory makes the handlers' tasks, too") {
  std::string log;
  const auto main = [&log]() -> Coro<> {
    const auto says = [&log](StreamReader, StreamWriter writer) -> Coro<> {
      log += hob::current_task()->get_name();
      writer.write("x");
      co_return;
    };
    auto server = co_await hob::start_server(says, "127.0.0.1", 0);
    hob::get_running_loop().set_task_factory(
        [](hob::EventLoop&, hob::TaskOptions& options) { options.name = "named"; });
    auto [reader, writer] = co_await hob::open_connection("127.0.0.1", server.port());
    const std::string all = co_await reader.read();
    CHECK(all == "x");
    hob::get_running_loop().set_task_factory({});
    server.close();
  };
  run_virtual(main());
  CHECK(log == "named");
}

}  // namespace handlers_test
