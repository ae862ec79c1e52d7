// A JSON API: users that can be listed, read, made and removed, over real sockets. The client here
// is a few lines on a plain stream, so that what travels can be seen.
#include <hob/hob.hpp>

#include <hob/http.hpp>

#include <nlohmann/json.hpp>

#include <iostream>
#include <map>
#include <string>

namespace http = hob::http;
using nlohmann::json;

struct User {
  std::string name;
  int age = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(User, name, age)
};

std::map<int, User> users{{1, {"Ann", 31}}, {2, {"Ben", 28}}};

// [handlers]
int id_of(const http::ServerRequest& request) {
  const int id = std::atoi(std::string(request.match_info("id")).c_str());
  if (!users.contains(id)) throw http::HTTPNotFound("no such user");
  return id;
}

http::ServerResponse show_user(http::ServerRequest& request) {
  return http::json_response(users[id_of(request)]);
}

hob::Coro<http::ServerResponse> add_user(http::ServerRequest& request) {
  const User user = co_await request.json<User>();
  const int id = users.rbegin()->first + 1;
  users[id] = user;
  co_return http::json_response(user, 201).header("Location", "/users/" + std::to_string(id));
}
// [handlers]

http::ServerResponse list_users(http::ServerRequest&) {
  json all = json::array();
  for (const auto& [id, user] : users) all.push_back({{"id", id}, {"name", user.name}});
  return http::json_response(all);
}

http::ServerResponse remove_user(http::ServerRequest& request) {
  users.erase(id_of(request));
  return http::ServerResponse(http::Status::no_content);
}

hob::Coro<> ask(std::uint16_t port, std::string method, std::string path, std::string body = "") {
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", port);
  writer.write(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  const std::string answer = co_await reader.read();
  std::cout << method << " " << path << "\n  " << answer.substr(9, answer.find("\r\n") - 9) << " "
            << answer.substr(answer.find("\r\n\r\n") + 4) << "\n";
}

// [server]
hob::Coro<> serve_users() {
  http::Server server;
  server.get("/users", list_users).post("/users", add_user);
  server.get("/users/{id}", show_user).delete_("/users/{id}", remove_user);
  co_await server.start("127.0.0.1", 0);
  // [server]
  co_await ask(server.port(), "GET", "/users");
  co_await ask(server.port(), "GET", "/users/2");
  co_await ask(server.port(), "POST", "/users", R"({"name": "Cleo", "age": 40})");
  co_await ask(server.port(), "POST", "/users", R"({"name": "Dan")");
  co_await ask(server.port(), "DELETE", "/users/1");
  co_await ask(server.port(), "GET", "/users/1");
  co_await ask(server.port(), "PUT", "/users/1");
  co_await ask(server.port(), "GET", "/users");
  co_await server.shutdown();
}

int main() { hob::run(serve_users()); }
