// The main job: many HTTPS requests at once. Without an argument the program is its own server: it
// makes a certificate on the spot, serves a few hundred users as JSON, each after a delay, and
// fetches them first one after the other, then all at once. With a URL it fetches that.
#include <hob/hob.hpp>
#include <hob/http.hpp>
#include <hob/tls.hpp>

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

namespace http = hob::http;
using namespace std::chrono_literals;
using hob::Coro;
using hob::Task;
using http::ClientSession;
using http::Response;
using Json = nlohmann::json;

constexpr int kUsers = 200;

// --- The server -------------------------------------------------------------------------------

Json make_user(int id) {
  static const char* const kNames[] = {"Ada", "Barbara", "Edsger", "Grace", "Ken", "Margaret"};
  static const char* const kCities[] = {"London", "Boston", "Eindhoven", "New York", "Berlin"};
  return {{"id", id},
          {"name", std::string(kNames[id % 6]) + ' ' + std::to_string(id)},
          {"city", kCities[id % 5]},
          {"delay_ms", 10 + id * 7 % 21}};
}

// [serve_user]
Coro<http::ServerResponse> serve_user(http::ServerRequest& request) {
  const Json user = make_user(std::stoi(std::string(request.match_info("id"))));
  co_await hob::sleep(std::chrono::milliseconds(user["delay_ms"].get<int>()));
  co_return http::json_response(user);
}
// [serve_user]

// --- The client -------------------------------------------------------------------------------

// [fetch_user]
Coro<Json> fetch_user(ClientSession& session, int id) {
  Response response = co_await session.get("/users/" + std::to_string(id)).raise_for_status();
  co_return co_await response.json();
}
// [fetch_user]

// [all_at_once]
Coro<std::vector<Json>> all_at_once(ClientSession& session) {
  std::vector<Task<Json>> tasks;
  for (int id = 0; id < kUsers; ++id) tasks.push_back(hob::create_task(fetch_user(session, id)));
  std::vector<Json> users;
  for (auto& task : tasks) users.push_back(co_await task);
  co_return users;
}
// [all_at_once]

Coro<std::vector<Json>> one_after_the_other(ClientSession& session) {
  std::vector<Json> users;
  for (int id = 0; id < kUsers; ++id) users.push_back(co_await fetch_user(session, id));
  co_return users;
}

// --- What people see ----------------------------------------------------------------------------

// Says how far the session is, on a terminal, until it is cancelled.
Coro<> show_progress(ClientSession& session, const char* what) {
  if (::isatty(STDOUT_FILENO) == 0) co_return;
  const std::uint64_t before = session.statistics().requests;
  for (;;) {
    const auto done = static_cast<int>(session.statistics().requests - before);
    std::printf("\r  %-20s %3d of %d", what, done, kUsers);
    std::fflush(stdout);
    co_await hob::sleep(50ms);
  }
}

struct Timed {
  std::vector<Json> users;
  double seconds = 0;
};

Coro<Timed> measure(ClientSession& session, const char* what,
                    Coro<std::vector<Json>> (*fetch)(ClientSession&)) {
  auto progress = hob::create_task(show_progress(session, what));
  const hob::Duration start = hob::get_running_loop().time();
  Timed timed;
  timed.users = co_await fetch(session);
  timed.seconds = (hob::get_running_loop().time() - start).seconds();
  progress.cancel();
  co_await hob::as_result(progress);
  co_return timed;
}

void print_time(const char* what, double seconds, double longest, const std::string& remark) {
  const auto size = static_cast<std::size_t>(30 * seconds / longest + 0.5);
  const std::string bar(std::max<std::size_t>(size, 1), '=');
  const char* const begin = ::isatty(STDOUT_FILENO) != 0 ? "\r" : "";
  std::printf("%s  %-20s %-30s %5.2f s%s\n", begin, what, bar.c_str(), seconds, remark.c_str());
}

void print_table(const std::vector<Json>& users) {
  std::printf("  %4s  %-14s %-12s %s\n", "id", "name", "city", "answered after");
  for (std::size_t i = 0; i < users.size(); i += 28) {
    const Json& user = users[i];
    std::printf("  %4d  %-14s %-12s %2d ms\n", user["id"].get<int>(),
                user.at("name").get<std::string>().c_str(),
                user.at("city").get<std::string>().c_str(), user["delay_ms"].get<int>());
  }
  std::printf("   ...  %zu users in all\n\n", users.size());
}

Coro<> demo() {
  const hob::Certificate certificate = hob::make_self_signed({"localhost"});
  hob::TlsContext server_side(hob::TlsRole::server), client_side(hob::TlsRole::client);
  server_side.load_cert_chain(certificate);
  client_side.load_verify_locations(certificate);
  hob::ServerOptions listening;
  listening.ssl = server_side;
  http::Server server;
  server.get("/users/{id}", &serve_user);
  co_await server.start("localhost", 0, listening);

  http::ClientOptions options;
  options.base_url = "https://localhost:" + std::to_string(server.port());
  options.ssl = client_side;
  options.limit = 50;  // requests at a time; the others wait for their turn
  ClientSession session(options);
  std::printf("\nFetching %d users as JSON from %s; each answer takes 10 to 30 ms.\n\n", kUsers,
              std::string(options.base_url.authority()).c_str());

  const Timed slow = co_await measure(session, "one after the other", &one_after_the_other);
  print_time("one after the other", slow.seconds, slow.seconds, "");
  const Timed fast = co_await measure(session, "all at once", &all_at_once);
  const auto factor = static_cast<int>(slow.seconds / fast.seconds + 0.5);
  print_time("all at once", fast.seconds, slow.seconds,
             "  " + std::to_string(factor) + " times as fast");
  if (fast.users != slow.users) throw std::runtime_error("the answers differ");

  std::printf("\n");
  print_table(fast.users);
  std::printf("One thread, %d connections. The code: examples/many_requests.cpp\n",
              static_cast<int>(session.statistics().connections_created));
  std::printf("A URL of your own: make run URL=https://...\n\n");
  session.close();
  co_await server.shutdown(1s);
}

// A failure of the network is no bug of the program: say what it was.
std::string explain(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const http::ClientConnectorDNSError& failed) {
    return std::string(failed.what()) + "\nIs the name right, and is there a network?";
  } catch (const http::ClientConnectorCertificateError& failed) {
    return std::string(failed.what()) +
           "\nThe server is not who it says it is, or the system "
           "does not know who vouches for it.";
  } catch (const http::ClientProxyConnectionError& failed) {
    return std::string(failed.what()) + "\nThe environment names this proxy (https_proxy).";
  } catch (const http::ClientError& failed) {
    return failed.what();
  } catch (const hob::TimeoutError&) {
    return "no answer within 20 seconds";
  } catch (...) {
    return hob::describe(error);
  }
}

Coro<std::string> get_text(ClientSession& session, std::string url) {
  Response response = co_await session.get(url).timeout(20s);
  std::string text = co_await response.text();
  std::fprintf(stderr, "%d %s, %zu bytes of %s from %s\n", response.status(),
               response.reason().c_str(), text.size(),
               std::string(response.headers().get("Content-Type", "unknown type")).c_str(),
               response.url().c_str());
  if (response.content_type().is_json()) co_return http::parse_json(text).dump(2);
  co_return text;
}

Coro<int> show(std::string url) {
  if (url.find("://") == std::string::npos) url = "https://" + url;
  http::ClientOptions options;
  options.trust_env = true;
  ClientSession session(options);
  const auto text = co_await hob::as_result(get_text(session, url));
  if (!text) {
    std::fprintf(stderr, "%s\n", explain(text.exception()).c_str());
    co_return 1;
  }
  std::cout << *text << '\n';
  co_return 0;
}

int main(int argc, char** argv) {
  if (argc > 1) return hob::run(show(argv[1]));
  hob::run(demo());
}
