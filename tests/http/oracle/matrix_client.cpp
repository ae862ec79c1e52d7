// SPDX-License-Identifier: MIT
// Performs requests for run.py: reads them as JSON lines, writes what came back as JSON lines. It
// knows nothing about servers. What a request can say is in matrix.py. Requests of the same
// "session" share a ClientSession: its connections and cookies.
#include <hob/hob.hpp>
#include <hob/http.hpp>
#include <hob/tls.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "digest.hpp"

namespace http = hob::http;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

hob::AsyncGenerator<std::string> in_pieces(std::string bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += 1000) {
    co_yield bytes.substr(at, 1000);
    if (at % 8000 == 0) co_await hob::sleep(0s);
  }
}

void add_body(http::RequestBuilder& builder, const Json& body) {
  const std::string kind = body.at("kind");
  if (kind == "bytes") {
    builder.data(matrix::pattern(body.at("size")));
  } else if (kind == "chunked") {
    builder.data(matrix::pattern(body.at("size"))).chunked();
  } else if (kind == "stream") {
    builder.data(in_pieces(matrix::pattern(body.at("size"))));
  } else if (kind == "json") {
    builder.json(body.at("value"));
  } else if (kind == "form") {
    http::Params form;
    for (const Json& item : body.at("fields")) {
      form.add(item[0].get<std::string>(), item[1].get<std::string>());
    }
    builder.data(form);
  } else {
    http::FormData form;
    for (const Json& item : body.at("fields")) {
      form.add(item[0].get<std::string>(), item[1].get<std::string>());
    }
    for (const Json& file : body.at("files")) {
      form.add_file(file.at("name").get<std::string>(), matrix::pattern(file.at("size")),
                    file.at("filename").get<std::string>(), file.at("type").get<std::string>());
    }
    builder.data(form.force_multipart());
  }
}

void add_auth(http::RequestBuilder& builder, const Json& auth) {
  const std::string user = auth.at("user"), password = auth.at("password");
  if (auth.at("kind") == "basic") {
    builder.basic_auth(user, password);
  } else if (auth.at("kind") == "bearer") {
    builder.bearer(password);
  } else {
    builder.digest_auth(std::make_shared<http::DigestAuth>(user, password));
  }
}

http::RequestBuilder build(http::ClientSession& session, const Json& request) {
  auto builder = session.request(request.at("method").get<std::string>(),
                                 request.at("url").get<std::string>());
  for (const Json& field : request.at("headers")) {
    builder.header(field[0].get<std::string>(), field[1].get<std::string>());
  }
  if (request.contains("body")) add_body(builder, request["body"]);
  if (request.contains("auth")) add_auth(builder, request["auth"]);
  if (request.contains("proxy")) builder.proxy(request["proxy"].get<std::string>());
  if (request.value("expect", false)) builder.expect_continue();
  builder.allow_redirects(request.value("redirects", true));
  builder.timeout(10s);
  return builder;
}

Json fields_of(const http::Headers& headers) {
  Json fields = Json::array();
  for (const auto [name, value] : headers)
    fields.push_back({std::string(name), std::string(value)});
  return fields;
}

hob::Coro<Json> perform(http::ClientSession& session, Json request) {
  const auto response = co_await build(session, request);
  const std::string body = co_await response.read();
  Json history = Json::array();
  for (const auto& earlier : response.history()) history.push_back(earlier.status());
  Json result;
  result["status"] = response.status();
  result["reason"] = response.reason();
  result["url"] = response.url().text();
  result["history"] = history;
  result["headers"] = fields_of(response.headers());
  result["trailers"] = fields_of(response.trailers());
  result["length"] = body.size();
  result["crc"] = matrix::crc_of(body);
  if (body.size() < 8192) result["text"] = body;
  co_return result;
}

std::string what_failed(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  }
}

class Sessions {
 public:
  explicit Sessions(const char* authority) {
    if (!authority) return;
    context_.emplace(hob::TlsContext(hob::TlsRole::client));
    hob::VerifyLocations locations;
    locations.cafile = authority;
    context_->load_verify_locations(locations);
    options_.ssl = *context_;
  }
  http::ClientSession& operator[](const std::string& name) {
    auto& session = sessions_[name];
    if (!session) session = std::make_unique<http::ClientSession>(options_);
    return *session;
  }
  void tell() const {
    for (const auto& [name, session] : sessions_) {
      const http::ClientStatistics s = session->statistics();
      const Json line = {{"session", name},
                         {"requests", s.requests},
                         {"connections", s.connections_created},
                         {"active", s.active}};
      std::cout << line.dump() << '\n';
    }
  }

 private:
  std::optional<hob::TlsContext> context_;
  http::ClientOptions options_;
  std::map<std::string, std::unique_ptr<http::ClientSession>> sessions_;
};

hob::Coro<> perform_all(const char* authority) {
  Sessions sessions(authority);
  for (std::string line; std::getline(std::cin, line);) {
    const Json request = Json::parse(line);
    const auto done = co_await hob::as_result(perform(sessions[request.at("session")], request));
    Json result;
    if (done) {
      result = *done;
    } else {
      result["error"] = what_failed(done.exception());
    }
    result["id"] = request.at("id");
    // Bodies are bytes: what is not UTF-8 in them is replaced.
    std::cout << result.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  }
  sessions.tell();
}

}  // namespace

int main(int argc, char** argv) { hob::run(perform_all(argc > 1 ? argv[1] : nullptr)); }
