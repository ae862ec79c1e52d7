// SPDX-License-Identifier: MIT
// ServerConnection: the server's side of one connection, from its first byte to its last. One task
// parses a request in place, awaits its handler, writes the answer, and goes on with the next.
// Answers to requests that came together leave together.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/node.hpp>
#include <hob/http/coding.hpp>
#include <hob/http/request_parser.hpp>
#include <hob/http/server.hpp>
#include <hob/loop/handle.hpp>
#include <hob/stream/extra_info.hpp>
#include <hob/task/task_base.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/client_watch.hpp"
#include "http/server_app.hpp"

namespace hob::http::detail {

class ServerConnection : public hob::detail::Link {
 public:
  /// Serves a connection until it ends.
  static Coro<> run(hob::detail::Ref<ServerApp> app, Stream stream);

  // For ServerRequest and BodyWriter.

  /// Appends the next piece of the body to `into`; false at its end.
  Coro<bool> read_piece(ServerRequest& request, std::string& into);
  hob::detail::WriterAwaiter write_piece(Text bytes);
  Coro<> write_file(int file, std::int64_t offset, std::uint64_t count);
  /// Made when it is first needed.
  ClientWatch& watch();
  bool client_gone() const noexcept;
  const ExtraInfo& info();
  const HttpServerOptions& options() const noexcept { return app_->options; }

  // For ServerApp.

  void begin_shutdown() noexcept;
  void abort() noexcept;

 private:
  /// What is waited for; decides what happens when it takes too long.
  enum class Phase : unsigned char { idle, head, body, answer, linger };

  ServerConnection(hob::detail::Ref<ServerApp> app, Stream stream,
                   hob::detail::TaskBase& task) noexcept;
  ~ServerConnection();

  Coro<> serve();
  bool was_our_cancel(const std::exception_ptr& error) noexcept;
  Coro<bool> read_head(std::size_t& consumed);
  Coro<> serve_one(ServerRequest& request);
  void fill(ServerRequest& request);
  Coro<> skip_body();
  bool skip_buffered();
  Coro<> linger();
  void refuse(int status, const char* reason);

  void write_head(const ServerRequest& request, ServerResponse& response, bool bodiless);
  void write_whole(const ServerRequest& request, ServerResponse& response);
  Coro<> write_stream(const ServerRequest& request, ServerResponse& response);
  Coro<> encode_body(ServerResponse& response);
  void count_piece(std::uint64_t size);
  void compress(const ServerRequest& request, ServerResponse& response);
  void flush();
  void flush_soon();

  void arm(Phase phase, Duration limit);
  void disarm(Phase phase) noexcept;
  void set_timer();
  void on_timer();
  void on_timeout();

  hob::detail::Ref<ServerApp> app_;
  StreamReader reader_;
  StreamWriter writer_;
  hob::detail::TaskBase& task_;
  RequestParser parser_;
  std::string out_;
  Duration deadline_ = Duration::forever();
  TimerHandle timer_;
  Handle flush_;
  Phase phase_ = Phase::head;
  bool flush_scheduled_ = false;
  bool keep_ = true;
  bool timed_out_ = false;
  bool continue_due_ = false;
  bool chunked_ = false;
  std::int64_t left_ = -1;  // of a body of known length that is being written
  std::uint64_t sent_ = 0;
  std::size_t requests_ = 0;
  std::unique_ptr<Encoder> encoder_;
  std::optional<ExtraInfo> info_;
  std::unique_ptr<ClientWatch> watch_;
  unsigned cancels_ = 0;            // of the task, by us
  unsigned cancelling_before_ = 0;  // by others, before
};

}  // namespace hob::http::detail
