// A crawler: a queue of pages that were seen and not read yet, a few workers that read them, and a
// limit on how many requests one host gets at the same time. The site that it crawls is in the same
// program.
#include <hob/hob.hpp>
#include <hob/http.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace http = hob::http;
using namespace std::chrono_literals;
using hob::Coro;

std::vector<std::string> links_of(const std::string& html) {
  std::vector<std::string> links;
  const std::string mark = "href=\"";
  for (std::size_t at = html.find(mark); at != std::string::npos; at = html.find(mark, at)) {
    at += mark.size();
    links.push_back(html.substr(at, html.find('"', at) - at));
  }
  return links;
}

// [crawler]
class Crawler {
 public:
  Crawler(http::ClientSession& session, const http::Url& start) : session_(session), start_(start) {
    see(start);
  }

  // All pages of the site that can be reached, and what became of them.
  Coro<std::map<std::string, std::string>> crawl(int workers) {
    std::vector<hob::Task<void>> tasks;
    for (int i = 0; i < workers; ++i) tasks.push_back(hob::create_task(work()));
    co_await queue_.join();  // until every page that was put in is done
    for (auto& task : tasks) task.cancel();
    for (auto& task : tasks) co_await hob::as_result(task);
    co_return results_;
  }

 private:
  void see(const http::Url& url) {
    const http::Url page = url.without_fragment();
    if (!page.same_origin(start_) || !seen_.insert(page.text()).second) return;
    queue_.put_nowait(page);
  }

  Coro<> work() {
    for (;;) {
      const http::Url url = co_await queue_.get();
      const auto outcome = co_await hob::as_result(visit(url));
      if (outcome.cancelled()) outcome.value();
      if (!outcome) results_[std::string(url.path())] = hob::type_name(outcome.exception());
      queue_.task_done();
    }
  }

  Coro<> visit(http::Url url) {
    auto response = co_await session_.get(url).timeout(5s).raise_for_status();
    if (response.content_type().type != "text/html") {
      results_[std::string(url.path())] = "not a page";
      co_return;
    }
    const std::string html = co_await response.text();
    const auto links = links_of(html);
    results_[std::string(url.path())] = std::to_string(links.size()) + " links";
    for (const std::string& link : links) see(response.url().join(link));
  }

  http::ClientSession& session_;
  http::Url start_;
  hob::Queue<http::Url> queue_;
  std::set<std::string> seen_;
  std::map<std::string, std::string> results_;
};
// [crawler]

// --- The site: page n links to 2n and 2n+1, and there are traps ---------------------------------

int under_way = 0, most = 0;

Coro<http::ServerResponse> page(http::ServerRequest& request) {
  most = std::max(most, ++under_way);
  co_await hob::sleep(5ms);
  --under_way;
  const int number = std::stoi(std::string(request.match_info("n")));
  const auto link = [](const std::string& to) { return "<a href=\"" + to + "\">x</a>"; };
  std::string html;
  if (number < 8) {
    html += link(std::to_string(2 * number)) + link("/page/" + std::to_string(2 * number + 1));
  } else if (number == 8) {
    html += link("../broken") + link("../picture") + link("http://elsewhere.test/");
  } else {
    html += link("1#top");
  }
  co_return http::html_response(std::move(html));
}

Coro<> run_all() {
  http::Server server;
  server.get("/page/{n}", &page);
  server.get("/picture", [](http::ServerRequest&) {
    return http::text_response("GIF89a").header("Content-Type", "image/gif");
  });
  co_await server.start("127.0.0.1", 0);
  http::ClientOptions options;
  options.limit_per_host = 3;
  {
    http::ClientSession session(options);
    Crawler crawler(session, "http://127.0.0.1:" + std::to_string(server.port()) + "/page/1");
    const auto results = co_await crawler.crawl(10);
    for (const auto& [path, result] : results) {
      std::printf("%-10s %s\n", path.c_str(), result.c_str());
    }
    std::printf("%zu pages, %d requests at a time, %d connections\n", results.size(), most,
                static_cast<int>(session.statistics().connections_created));
  }
  co_await server.shutdown();
}

int main() { hob::run(run_all()); }
