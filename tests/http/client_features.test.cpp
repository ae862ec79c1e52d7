// SPDX-License-Identifier: MIT
// The smaller wishes: traces, status checks, cookies of one request, forms that are streamed,
// Expect, back-pressure, and reading by separators.
#include "http/memory_server.hpp"
#include "support/virtual.hpp"

#include <hob/file/file.hpp>
#include <hob/file/temporary.hpp>
#include <hob/http/client_error.hpp>
#include <hob/task/gather.hpp>
#include <hob/task/timeout.hpp>

#include <doctest/doctest.h>

#include <cstdlib>

using namespace http_tests;
using hob::Coro;
using hob::http::ClientOptions;
using hob::http::ClientSession;
using hob::http::Response;
using hob::http::TraceEvent;
using support::run_sim;

namespace client_features_tests {

Answer site(const Asked& request) {
  const std::string& path = request.target;
  if (path == "/moved") return redirect(302, "/there");
  if (path == "/away") return redirect(302, "http://other.test/there");
  if (path == "/bad") return {"HTTP/1.1 500 Broken\r\nContent-Length: 4\r\n\r\nwhy?"};
  if (path == "/jar") return ok("", "Set-Cookie: a=jar\r\nSet-Cookie: b=jar\r\n");
  if (path == "/file") {
    return ok("%PDF",
              "Content-Disposition: attachment; filename=\"../r.pdf\"\r\n"
              "Link: </page/2>; rel=next\r\n");
  }
  if (path == "/records") return ok("one--two--three");
  if (path == "/slow") {
    Answer answer(ok("slow"));
    answer.delay = 5s;
    return answer;
  }
  return ok("you asked for " + path);
}

const char* name_of(TraceEvent::What what) {
  static const char* const kNames[] = {
      "start",    "queued", "unqueued", "dns hit", "dns miss", "dns start",
      "dns end",  "create", "created",  "reused",  "headers",  "sent",
      "received", "chunk",  "redirect", "retry",   "end",      "failed",
  };
  return kNames[static_cast<int>(what)];
}

TEST_CASE("traces tell what happens to each request") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientOptions options = server.options();
    options.limit = 1;
    ClientSession session(options);
    std::vector<std::string> lines(10);
    std::exception_ptr error;
    session.set_trace([&](const TraceEvent& event) {
      std::string& line = lines.at(event.request);
      if (!line.empty()) line += ", ";
      line += name_of(event.what);
      if (event.status != 0) line += ' ' + std::to_string(event.status);
      if (event.bytes != 0) line += ' ' + std::to_string(event.bytes) + " bytes";
      if (event.what == TraceEvent::What::redirect) line += " to " + event.url->text();
      if (event.error) error = event.error;
    });
    const auto get = [&](const char* url) -> Coro<> {
      Response response = co_await session.get(url);
      co_await response.read();
    };
    co_await hob::gather(get("http://h/moved"), get("http://h/x"));
    CHECK(lines[1] ==
          "start, create, created, headers, received 302, redirect 302 to http://h/there, "
          "queued, unqueued, reused, headers, received 200, end 200, chunk 200 20 bytes");
    CHECK(lines[2].starts_with("start, queued, unqueued, reused, headers, received 200, end 200"));
    co_await session.post("http://h/x").data(std::string("12345"));
    CHECK(lines[3] == "start, reused, headers, sent 5 bytes, received 200, end 200");
    server.refuse_next = true;
    const auto refused = co_await hob::as_result(session.get("http://new/"));
    CHECK(lines[4] == "start, create, failed");
    CHECK(hob::type_name(error) == "ClientConnectorError");
    CHECK(session.statistics().requests == 4);
  };
  run_sim(main());
}

TEST_CASE("what a bad status does: nothing, an error, or what a function says") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientOptions options = server.options();
    options.raise_for_status = true;
    ClientSession strict(options);
    auto raised = co_await hob::as_result(strict.get("http://h/bad"));
    CHECK(support::error_name(raised) == "ClientStatusError");
    const Response quiet = co_await strict.get("http://h/bad").raise_for_status(false);
    CHECK(quiet.status() == 500);

    ClientSession session(server.options());
    session.set_status_check([](Response response) -> Coro<> {
      if (response.ok()) co_return;
      const std::string why = co_await response.text();  // the body is there to be read
      throw hob::LookupError("refused: " + why);
    });
    const auto checked = co_await hob::as_result(session.get("http://h/bad"));
    CHECK(hob::describe(checked.exception()) == "LookupError: refused: why?");
    raised = co_await hob::as_result(session.get("http://h/bad").raise_for_status());
    CHECK(support::error_name(raised) == "ClientStatusError");
    const Response unchecked = co_await session.get("http://h/bad").raise_for_status(false);
    CHECK(unchecked.status() == 500);
    const auto own = [](Response response) -> Coro<> {
      if (response.status() == 200) throw hob::ValueError("too good");
      co_return;
    };
    const Response fine = co_await session.get("http://h/bad").check_status(own);
    CHECK(fine.status() == 500);
    const auto good = co_await hob::as_result(session.get("http://h/x").check_status(own));
    CHECK(support::error_name(good) == "ValueError");
    CHECK(session.statistics().active == 0);
  };
  run_sim(main());
}

TEST_CASE("cookies of one request go before those of the jar, and stay at home") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientSession session(server.options());
    co_await session.get("http://h/jar");
    co_await session.get("http://h/x").cookie("a", "mine").cookie("c", "1").cookie("c", "2");
    CHECK(server.asked.back().has("Cookie: a=mine; c=2; b=jar"));
    co_await session.get("http://h/x");
    CHECK(server.asked.back().has("Cookie: a=jar; b=jar"));
    co_await session.get("http://h/moved").cookie("c", "1");
    CHECK(server.asked.back().has("Cookie: c=1; a=jar; b=jar"));
    co_await session.get("http://h/away").cookie("c", "1");
    CHECK(server.asked.back().head.find("Cookie") == std::string::npos);
    CHECK_THROWS_AS(session.get("http://h/").cookie("a", "x\r\ny"), hob::ValueError);
    CHECK_THROWS_AS(session.get("http://h/").cookie("a", "x; y=z"), hob::ValueError);

    ClientSession other(server.options());
    other.cookies().load(session.cookies().save());
    co_await other.get("http://h/x");
    CHECK(server.asked.back().has("Cookie: a=jar; b=jar"));
    ClientOptions options = server.options();
    options.cookies = false;
    ClientSession forgetful(options);
    co_await forgetful.get("http://h/jar");
    co_await forgetful.get("http://h/x").cookie("c", "1");
    CHECK(server.asked.back().has("Cookie: c=1"));
  };
  run_sim(main());
}

TEST_CASE("forms whose files come while they are sent") {
  const auto main = []() -> Coro<> {
    auto folder = co_await hob::temporary_directory();
    const std::string path = folder.name() + "/notes.txt";
    const std::string content(200'000, 'n');
    co_await hob::write_file(path, content);
    MemoryServer server(&site);
    ClientSession session(server.options());
    hob::http::FormData form;
    form.add("who", "me").add_path("notes", path);
    CHECK(form.is_streamed());
    CHECK_THROWS_AS(form.encode(), hob::ValueError);
    co_await session.post("http://h/x").data(form);
    const Asked sent = server.asked.back();
    const std::int64_t length = co_await form.length();
    CHECK(sent.has("Content-Length: " + std::to_string(length)));
    const std::string type = form.content_type();
    CHECK(sent.has("Content-Type: " + type));
    auto parser = hob::http::MultipartParser::for_type(type);
    parser.feed(sent.body);
    parser.finish();
    std::string seen;
    for (auto event = parser.next(); event != hob::http::MultipartParser::Event::end;
         event = parser.next()) {
      if (event == hob::http::MultipartParser::Event::part) {
        seen += std::string(parser.disposition().name().value_or("")) + ' ' +
                parser.disposition().filename().value_or("-") + ' ' +
                std::string(parser.headers().get("Content-Type")) + '=';
      } else if (event == hob::http::MultipartParser::Event::data) {
        seen += parser.data().size() > 100 ? "" : std::string(parser.data());
      }
    }
    CHECK(seen == "who - =menotes notes.txt text/plain=");
    CHECK(sent.body.find(content) != std::string::npos);

    const auto pieces = []() -> hob::AsyncGenerator<std::string> {
      co_yield "first ";
      co_await hob::sleep(1ms);
      co_yield "second";
    };
    hob::http::FormData generated;
    generated.add_stream("log", pieces(), "a.log", "text/plain");
    CHECK_FALSE(generated.can_repeat());
    co_await session.post("http://h/x").data(generated);
    CHECK(server.asked.back().has("Transfer-Encoding: chunked"));
    CHECK(server.asked.back().body.find("\r\n6\r\nfirst \r\n6\r\nsecond\r\n") != std::string::npos);
    hob::http::FormData measured;
    measured.add_stream("log", pieces(), "a.log", "text/plain", 12);
    co_await session.post("http://h/x").data(measured);
    CHECK(server.asked.back().body.find("\r\n\r\nfirst second\r\n--") != std::string::npos);

    co_await session.put("http://h/x").file(path);
    CHECK(server.asked.back().has("Content-Type: text/plain"));
    CHECK(server.asked.back().has("Content-Length: 200000"));
    CHECK(server.asked.back().body == content);
    const auto missing = co_await hob::as_result(session.put("http://h/x").file("/no/such/file"));
    CHECK(support::error_name(missing) == "OSError");
    CHECK(session.statistics().active == 0);
    co_await folder.cleanup();
  };
  run_sim(main());
}

TEST_CASE("what the response says about itself") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientSession session(server.options());
    const Response response = co_await session.get("http://h/file");
    CHECK(response.content_disposition().type == "attachment");
    CHECK(response.content_disposition().filename() == "r.pdf");
    REQUIRE(response.links().size() == 1);
    CHECK(response.links()[0].url.text() == "http://h/page/2");
    CHECK(response.links()[0].rel == "next");
  };
  run_sim(main());
}

TEST_CASE("reading by separators and by number") {
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{4}, SIZE_MAX}) {
    const auto main = [chunk]() -> Coro<> {
      MemoryServer server(&site);
      server.chunk = chunk;
      ClientSession session(server.options());
      const Response response = co_await session.get("http://h/records");
      const auto content = response.content();
      std::string piece = co_await content.readuntil("--");
      CHECK(piece == "one--");
      piece = co_await content.readexactly(2);
      CHECK(piece == "tw");
      piece = co_await content.readuntil("--");
      CHECK(piece == "o--");
      piece = co_await content.readuntil("--");
      CHECK(piece == "three");
      piece = co_await content.readuntil("--");
      CHECK(piece == "");
      const Response again = co_await session.get("http://h/records");
      const auto more = co_await hob::as_result(again.content().readexactly(100));
      CHECK(support::error_name(more) == "IncompleteReadError");
      const auto none = co_await hob::as_result(again.content().readuntil(""));
      CHECK(support::error_name(none) == "ValueError");
    };
    run_sim(main());
  }
}

// --- Servers of their own ---------------------------------------------------------------------

// A session whose connections are all served by `fn(Stream)`.
template <class F>
struct Served {
  explicit Served(F fn)
      : connector(hob::http::make_connector(
            [fn](std::string, std::uint16_t) -> Coro<hob::Stream> { return connect(fn); })) {}
  static Coro<hob::Stream> connect(F fn) {
    hob::testing::MemoryStreamOptions pipe;
    pipe.capacity = 8 << 10;
    const hob::testing::StreamPair pair = hob::testing::memory_stream_pair(pipe);
    hob::create_task(fn(pair.second));
    co_return pair.first;
  }
  hob::detail::Ref<hob::http::Connector> connector;
  ClientOptions options() const {
    ClientOptions options;
    options.connector = connector.get();
    return options;
  }
};

int received = 0;  // bytes that servers below have sent or got

TEST_CASE("while nobody reads, the server has to wait") {
  const auto main = []() -> Coro<> {
    received = 0;
    const Served served([](hob::Stream stream) -> Coro<> {
      co_await stream.reader.readuntil("\r\n\r\n");
      stream.writer.write("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n");
      for (int i = 0; i < 10'000; ++i) {
        stream.writer.write(std::string(1000, 'x'));
        const auto drained = co_await hob::as_result(stream.writer.drain());
        if (!drained) co_return;
        received += 1000;
      }
    });
    ClientSession session(served.options());
    const Response response = co_await session.get("http://h/");
    co_await hob::sleep(10s);
    const int before = received;
    CHECK(before < 500'000);
    std::size_t total = 0;
    while (total < 2'000'000) {
      const std::string piece = co_await response.content().read(50'000);
      total += piece.size();
    }
    co_await hob::sleep(10s);
    CHECK(received < 2'600'000);
    response.close();
    CHECK(session.statistics().active == 0);
  };
  run_sim(main());
}

int made = 0;  // bytes of the generator below

TEST_CASE("while the server takes nothing, the generator has to wait") {
  const auto main = []() -> Coro<> {
    made = 0;
    const Served served([](hob::Stream stream) -> Coro<> {
      co_await stream.reader.readuntil("\r\n\r\n");
      co_await hob::sleep(10s);
      received = made;
      for (std::string end; !end.ends_with("\r\n0\r\n\r\n");) {
        end = end.substr(end.size() - std::min<std::size_t>(end.size(), 7));
        end += co_await stream.reader.read(4096);
      }
      stream.writer.write(ok("all"));
    });
    const auto pieces = []() -> hob::AsyncGenerator<std::string> {
      for (int i = 0; i < 2000; ++i) {
        made += 1000;
        co_yield std::string(1000, 'x');
      }
    };
    ClientSession session(served.options());
    const auto sent = co_await hob::as_result(session.post("http://h/").data(pieces()));
    CHECK(support::error_name(sent) == "");
    CHECK(made == 2'000'000);
    CHECK(received < 500'000);
  };
  run_sim(main());
}

TEST_CASE("passwords of ~/.netrc, for those who trust the environment") {
  const auto main = []() -> Coro<> {
    auto folder = co_await hob::temporary_directory();
    const std::string path = folder.name() + "/netrc";
    co_await hob::write_file(path, "machine h login ada password s3cret\n");
    MemoryServer server(&site);
    ::setenv("NETRC", path.c_str(), 1);
    ClientOptions options = server.options();
    options.trust_env = true;
    ClientSession session(options);
    ::unsetenv("NETRC");
    co_await session.get("http://h/x");
    CHECK(server.asked.back().has("Authorization: Basic YWRhOnMzY3JldA=="));
    co_await session.get("http://h/x").bearer("own");
    CHECK(server.asked.back().has("Authorization: Bearer own"));
    co_await session.get("http://u:p@h/x");
    CHECK(server.asked.back().has("Authorization: Basic dTpw"));
    co_await session.get("http://h/away");  // leads to another host
    CHECK(server.asked.back().has("Host: other.test"));
    CHECK(server.asked.back().head.find("Authorization") == std::string::npos);
    ClientSession careful(server.options());
    co_await careful.get("http://h/x");
    CHECK(server.asked.back().head.find("Authorization") == std::string::npos);
    co_await folder.cleanup();
  };
  run_sim(main());
}

TEST_CASE("Expect: 100-continue") {
  const auto main = []() -> Coro<> {
    const Served served([](hob::Stream stream) -> Coro<> {
      const std::string head = co_await stream.reader.readuntil("\r\n\r\n");
      CHECK(head.find("Expect: 100-continue\r\n") != std::string::npos);
      if (head.starts_with("POST /refused")) {
        stream.writer.write("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
        const auto rest = co_await hob::as_result(stream.reader.read(1));
        received = rest.has_value() && !rest.value().empty() ? 1 : 0;
        co_return;
      }
      if (head.starts_with("POST /now")) stream.writer.write("HTTP/1.1 100 Continue\r\n\r\n");
      const std::string body = co_await stream.reader.readexactly(5);
      stream.writer.write(ok(body + " at " + std::to_string(support::now())));
    });
    ClientSession session(served.options());
    const auto post = [&](const char* url) {
      return session.post(url).data(std::string("12345")).expect_continue();
    };
    const int begin = support::now();
    const Response now = co_await post("http://h/now");
    std::string text = co_await now.text();
    CHECK(text == "12345 at " + std::to_string(begin));
    session.close();
    ClientSession second(served.options());
    const Response late = co_await second.post("http://h/late")
                              .data(std::string("12345"))
                              .expect_continue();  // nobody answers for a second
    text = co_await late.text();
    CHECK(text == "12345 at " + std::to_string(begin + 1));
    received = -1;
    ClientSession third(served.options());
    const Response refused =
        co_await third.post("http://h/refused").data(std::string("12345")).expect_continue();
    CHECK(refused.status() == 417);
    co_await hob::sleep(5s);
    CHECK(received == 0);  // the body was never sent, and the connection is closed
    CHECK(third.statistics().idle == 0);
  };
  run_sim(main());
}

TEST_CASE("an answer before the body was sent: the rest of it is not sent") {
  const auto main = []() -> Coro<> {
    const Served served([](hob::Stream stream) -> Coro<> {
      co_await stream.reader.readuntil("\r\n\r\n");
      stream.writer.write("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
      co_await hob::sleep(100s);
    });
    ClientSession session(served.options());
    const Response response = co_await session.post("http://h/").data(std::string(1'000'000, 'x'));
    CHECK(response.status() == 413);
    const std::string text = co_await response.text();
    CHECK(text == "no");
    CHECK(session.statistics().active == 0);
    CHECK(session.statistics().idle == 0);
    CHECK(support::now() < 1);
  };
  run_sim(main());
}

TEST_CASE("each limit of time has its error") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientOptions options = server.options();
    options.limit = 1;
    ClientSession session(options);
    const auto fails = [&](hob::http::ClientTimeout limits, const char* url) -> Coro<std::string> {
      const int begin = support::now();
      const auto failed = co_await hob::as_result(session.get(url).timeout(limits));
      co_return support::error_name(failed) + " after " + std::to_string(support::now() - begin);
    };
    hob::http::ClientTimeout limits;
    limits.total = 1s;
    std::string got = co_await fails(limits, "http://h/slow");
    CHECK(got == "TimeoutError after 1");
    limits = {};
    limits.sock_read = 2s;
    got = co_await fails(limits, "http://h/slow");
    CHECK(got == "SocketTimeoutError after 2");
    // Waiting for one's turn counts for `connect`, and not for `sock_connect`.
    auto slow = hob::create_task(fails({}, "http://h/slow"));
    co_await hob::sleep(0s);
    limits = {};
    limits.connect = 3s;
    got = co_await fails(limits, "http://h/x");
    CHECK(got == "ConnectionTimeoutError after 3");
    limits = {};
    limits.sock_connect = 1s;
    got = co_await fails(limits, "http://h/x");
    CHECK(got == " after 2");
    co_await slow;
    server.connect_delay = 60s;
    got = co_await fails({}, "http://new/");
    CHECK(got == "ConnectionTimeoutError after 30");
    limits = {};
    limits.sock_connect = hob::Duration::forever();
    got = co_await fails(limits, "http://new/");
    CHECK(got == " after 60");
    limits.total = 10s;
    got = co_await fails(limits, "http://newer/");
    CHECK(got == "TimeoutError after 10");
    CHECK(session.statistics().active == 0);
  };
  run_sim(main());
}

TEST_CASE("who waits for the same host, and who may overtake") {
  const auto main = []() -> Coro<> {
    MemoryServer server(&site);
    ClientOptions options = server.options();
    options.limit_per_host = 1;
    ClientSession session(options);
    support::Log log;
    const auto get = [&](std::string name, std::string url) -> Coro<> {
      Response response = co_await session.get(url);
      co_await response.read();
      log(name);
    };
    co_await hob::gather(get("a", "http://one/slow"), get("b", "http://one/slow"),
                         get("c", "http://two/slow"), get("d", "http://one/slow"),
                         get("e", "http://two/slow"));
    CHECK(log.text() == "5: a, 5: c, 10: b, 10: e, 15: d");
    CHECK(server.connections.size() == 2);
    // Nothing is kept when that is not wanted (aiohttp's force_close).
    options.keepalive_timeout = 0s;
    ClientSession closing(options);
    co_await closing.get("http://one/x");
    co_await closing.get("http://one/x");
    CHECK(closing.statistics().connections_created == 2);
    CHECK(closing.statistics().idle == 0);
  };
  run_sim(main());
}

}  // namespace client_features_tests
