// fetch, in the words of JavaScript: what stands in the comments, and what it is here.
#include <hob/hob.hpp>
#include <hob/http.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <string>

using namespace std::chrono_literals;
using hob::Coro;
using hob::http::fetch;
using Json = nlohmann::json;

// [fetch]
Coro<> in_the_words_of_javascript(std::string base) {
  // const response = await fetch(base + "/user");
  auto response = co_await fetch(base + "/user");
  // console.log(response.ok, response.status, response.headers.get("content-type"));
  std::printf("%d %d %s\n", response.status() < 300, response.status(),
              std::string(response.headers().get("content-type")).c_str());
  // const user = await response.json();
  const Json user = co_await response.json();
  std::printf("%s\n", user.at("name").get<std::string>().c_str());

  // await fetch(url, {method: "POST", headers: {...}, body: JSON.stringify({answer: 42})})
  Json answer;
  answer["answer"] = 42;
  auto posted = co_await fetch(base + "/echo").method("POST").json(answer);
  std::printf("%s\n", (co_await posted.text()).c_str());

  // body: new FormData(...)
  hob::http::FormData form;
  form.add("who", "Ada").add_file("notes", "a, b, c", "notes.txt");
  auto sent = co_await fetch(base + "/echo").method("POST").data(form);
  std::printf("%d\n", (co_await sent.text()).find("a, b, c") != std::string::npos);

  // {redirect: "manual"}, response.redirected, response.url
  auto moved = co_await fetch(base + "/moved");
  std::printf("%d %s\n", moved.redirected(), std::string(moved.url().path()).c_str());
  auto manual = co_await fetch(base + "/moved").allow_redirects(false);
  std::printf("%d %s\n", manual.status(), std::string(manual.headers().get("location")).c_str());

  // {signal: AbortSignal.timeout(20)}: a TimeoutError
  auto late = co_await hob::as_result(fetch(base + "/slow").timeout(20ms));
  std::printf("%s\n", hob::type_name(late.exception()).c_str());

  // for await (const chunk of response.body) ...
  auto body = co_await fetch(base + "/user");
  std::size_t bytes = 0;
  while (auto chunk = co_await body.content().next_chunk(8)) bytes += chunk->size();
  std::printf("%zu bytes\n", bytes);

  // const [a, b] = await Promise.all([fetch(x), fetch(y)]);
  auto [a, b] = co_await hob::gather(fetch(base + "/user"), fetch(base + "/moved"));
  std::printf("%d %d\n", a.status(), b.status());

  // A status is no error: fetch rejects only when there is no response.
  auto missing = co_await fetch(base + "/nobody");
  std::printf("%d %d\n", missing.ok(), missing.status());
  auto nobody = co_await hob::as_result(fetch("http://127.0.0.1:1/"));
  std::printf("%s\n", hob::type_name(nobody.exception()).c_str());
}
// [fetch]

Coro<hob::http::ServerResponse> echo(hob::http::ServerRequest& request) {
  std::string body = co_await request.text();
  co_return hob::http::text_response(std::move(body));
}

Coro<hob::http::ServerResponse> slow(hob::http::ServerRequest&) {
  co_await hob::sleep(10s);
  co_return hob::http::text_response("late");
}

Coro<> run_all() {
  hob::http::Server server;
  server.get("/user", [](hob::http::ServerRequest&) {
    return hob::http::json_text_response(R"({"name": "Grace"})");
  });
  server.get("/moved", [](hob::http::ServerRequest&) {
    return hob::http::ServerResponse(302).header("Location", "/user");
  });
  server.post("/echo", &echo).get("/slow", &slow);
  co_await server.start("127.0.0.1", 0);
  co_await in_the_words_of_javascript("http://127.0.0.1:" + std::to_string(server.port()));
  co_await server.shutdown(0s);
}

int main() { hob::run(run_all()); }
