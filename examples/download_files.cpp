// Downloads several files at once, each to a file of its own as it comes, with progress bars. The
// server is in the same program, and slow. On a terminal the bars move; elsewhere the last state is
// printed.
#include <hob/hob.hpp>
#include <hob/http.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace http = hob::http;
using namespace std::chrono_literals;
using hob::Coro;

struct Download {
  std::string name;
  std::size_t size = 0, done = 0;
};

// [download]
Coro<> download(http::ClientSession& session, std::string folder, Download& state) {
  auto response = co_await session.get("/files/" + state.name).raise_for_status();
  state.size = std::stoul(std::string(response.headers().get("Content-Length", "0")));
  const std::string path = folder + '/' + state.name;
  hob::File file = co_await hob::open(path, "w");
  while (auto piece = co_await response.content().next_chunk(16 << 10)) {
    co_await file.write(*piece);
    state.done += piece->size();
  }
  co_await file.close();
}
// [download]

void draw(const std::vector<Download>& downloads) {
  for (const Download& each : downloads) {
    const std::size_t parts = each.size == 0 ? 0 : each.done * 30 / each.size;
    std::printf("  %-12s [%-30s] %4zu of %4zu KiB\n", each.name.c_str(),
                std::string(parts, '=').c_str(), each.done >> 10, each.size >> 10);
  }
}

Coro<> show_progress(std::vector<Download>& downloads) {
  for (;;) {
    draw(downloads);
    co_await hob::sleep(50ms);
    std::printf("\x1b[%zuA", downloads.size());  // back to the first bar
    std::fflush(stdout);
  }
}

Coro<> download_all(http::ClientSession& session, std::string folder) {
  std::vector<Download> downloads(3);
  downloads[0].name = "map.bin";
  downloads[1].name = "poem.txt";
  downloads[2].name = "photo.raw";
  const bool is_terminal = ::isatty(STDOUT_FILENO) != 0;
  auto body = [&](hob::TaskGroup& group) -> Coro<> {
    for (Download& each : downloads) group.create_task(download(session, folder, each));
    co_return;
  };
  if (is_terminal) {
    auto bars = hob::create_task(show_progress(downloads));
    co_await hob::task_group(body);
    bars.cancel();
    co_await hob::as_result(bars);
  } else {
    co_await hob::task_group(body);
  }
  draw(downloads);
  for (const Download& each : downloads) {
    const std::string content = co_await hob::read_file(folder + '/' + each.name);
    std::printf("%s: %zu bytes on the disk\n", each.name.c_str(), content.size());
  }
}

// --- The server: a piece, a pause, a piece ------------------------------------------------------

http::ServerResponse serve_file(http::ServerRequest& request) {
  const std::string name(request.match_info("name"));
  const std::size_t size = name.size() * 50'000;
  auto write = [size](http::BodyWriter& body) -> Coro<> {
    for (std::size_t sent = 0; sent < size; sent += 10'000) {
      co_await body.write(std::string(std::min<std::size_t>(10'000, size - sent), '.'));
      co_await hob::sleep(::isatty(STDOUT_FILENO) != 0 ? 40ms : 1ms);
    }
  };
  http::ServerResponse response = http::stream_response(std::move(write));
  response.content_length = static_cast<std::int64_t>(size);
  return response;
}

Coro<> run_all() {
  http::Server server;
  server.get("/files/{name}", &serve_file);
  co_await server.start("127.0.0.1", 0);
  auto folder = co_await hob::temporary_directory();
  http::ClientOptions options;
  options.base_url = "http://127.0.0.1:" + std::to_string(server.port());
  {
    http::ClientSession session(options);
    co_await download_all(session, folder.name());
  }
  co_await folder.cleanup();
  co_await server.shutdown();
}

int main() { hob::run(run_all()); }
