// The main job: many HTTPS requests at once. Without an argument the program is its own server: it
// makes a certificate on the spot, serves a few hundred users as JSON, each after a delay, and
// fetches them first one after the other, then all at once. With a URL it fetches that.
#include <hob/hob.hpp>
#include <hob/http.hpp>
#include <hob/tls.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using hob::Coro;
using hob::Task;
using hob::http::ClientOptions;
using hob::http::ClientSession;
using hob::http::Response;
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

// One connection: GET /users/7 is answered after the user's delay.
Coro<> serve_users(hob::StreamReader reader, hob::StreamWriter writer) {
  for (;;) {
    auto head = co_await hob::as_result(reader.readuntil("\r\n\r\n"));
    if (!head) break;
    const Json user = make_user(std::atoi(head->c_str() + std::string("GET /users/").size()));
    co_await hob::sleep(std::chrono::milliseconds(user["delay_ms"].get<int>()));
    const std::string body = user.dump();
    writer.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n\r\n" + body);
    co_await writer.drain();
  }
  writer.close();
}

// --- The client -------------------------------------------------------------------------------

// [fetch_user]
Coro<Json> fetch_user(ClientSession& session, int id) {
  Response response = co_await session.get("/users/" + std::to_string(id));
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

void print_table(const std::vector<Json>& users) {
  std::printf("  %4s  %-14s %-12s %s\n", "id", "name", "city", "delay");
  for (std::size_t i = 0; i < users.size(); i += 27) {
    const Json& user = users[i];
    std::printf("  %4d  %-14s %-12s %2d ms\n", user["id"].get<int>(),
                user["name"].get<std::string>().c_str(), user["city"].get<std::string>().c_str(),
                user["delay_ms"].get<int>());
  }
  std::printf("  ... %zu users\n\n", users.size());
}

double seconds_since(hob::Duration start) {
  return (hob::get_running_loop().time() - start).seconds();
}

Coro<> demo() {
  const hob::Certificate certificate = hob::make_self_signed({"localhost"});
  hob::TlsContext server_side(hob::TlsRole::server), client_side(hob::TlsRole::client);
  server_side.load_cert_chain(certificate);
  client_side.load_verify_locations(certificate);
  hob::ServerOptions listening;
  listening.ssl = server_side;
  hob::Server server = co_await hob::start_server(&serve_users, "localhost", 0, listening);

  ClientOptions options;
  options.base_url = "https://localhost:" + std::to_string(server.port());
  options.ssl = client_side;
  options.limit = 50;
  ClientSession session(options);
  std::printf("%d users from %s, each after 10 to 30 ms\n\n", kUsers,
              options.base_url.text().c_str());

  hob::Duration start = hob::get_running_loop().time();
  const std::vector<Json> users = co_await one_after_the_other(session);
  const double slow = seconds_since(start);
  print_table(users);

  start = hob::get_running_loop().time();
  const std::vector<Json> again = co_await all_at_once(session);
  const double fast = seconds_since(start);
  if (again != users) throw std::runtime_error("the answers differ");

  std::printf("one after the other  %6.2f s\n", slow);
  std::printf("all at once          %6.2f s   %.0f times as fast\n", fast, slow / fast);
  session.close();
  server.close();
}

Coro<> show(std::string url) {
  ClientSession session;
  // A failure of the network is no bug of the program: say what it was.
  auto outcome = co_await hob::as_result(session.get(url).timeout(20s));
  if (!outcome) {
    std::printf("%s\n", hob::describe(outcome.exception()).c_str());
    co_return;
  }
  Response response = *outcome;
  std::printf("%d %s  %s\n", response.status(), response.reason().c_str(), response.url().c_str());
  if (response.content_type().is_json()) {
    const Json value = co_await response.json();
    std::cout << value.dump(2) << '\n';
  } else {
    std::cout << co_await response.text() << '\n';
  }
}

int main(int argc, char** argv) {
  try {
    hob::run(argc > 1 ? show(argv[1]) : demo());
  } catch (const hob::http::InvalidURL& error) {
    std::printf("%s\n", error.what());
    return 2;
  }
}
