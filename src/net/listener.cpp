// SPDX-License-Identifier: MIT
#include "loop/loop_impl.hpp"
#include "net/server_state.hpp"

#include <hob/core/error.hpp>
#include <hob/loop/exception_context.hpp>

#include <cerrno>

namespace hob::detail {
namespace {

constexpr int kBatch = 16;                        // connections accepted per turn
constexpr std::int64_t kPauseNs = 1'000'000'000;  // asyncio's ACCEPT_RETRY_DELAY

// Of a connection that was gone before it was accepted, or of the network: accept(2) passes them
// on.
bool concerns_one_connection(int error) noexcept {
  switch (-error) {
    case ECONNABORTED:
    case EINTR:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM:
      return true;
    default:
      return false;
  }
}

}  // namespace

Listener::Listener(ServerState& server, EventLoop& loop, sys::Fd fd) noexcept
    : server_(server), descriptor_(loop, std::move(fd), Descriptor::Kind::listener) {
  node_.run = &on_ready;
  node_.listener = this;
}

Listener::~Listener() {
  descriptor_.forget(Descriptor::kRead);
  if (node_.linked() && descriptor_.core().loop) cancel_timer(*descriptor_.core().loop, node_);
}

void Listener::start() noexcept { descriptor_.core().ready.push_back(node_); }

void Listener::on_ready(Node* node) {
  auto& self = *static_cast<AcceptNode*>(static_cast<TimerNode*>(node))->listener;
  const Ref<ServerState> alive(&self.server_);
  if (self.descriptor_.core().closed) return self.server_.close();
  self.accept_batch();
}

void Listener::accept_batch() {
  ServerState& server = server_;  // a handler may close it, and this Listener is gone
  for (int i = 0; i < kBatch; ++i) {
    sys::Address peer;
    int fd = descriptor_.take_connection();
    if (fd == Descriptor::kTryDirectly) fd = sys::accept(descriptor_.fd(), peer);
    if (fd == -EAGAIN) {
      descriptor_.not_ready(Descriptor::kRead);
      return descriptor_.wait(Descriptor::kRead, node_);
    }
    if (fd == -EBADF) return server.close();  // of a testing::Network that is gone
    if (fd >= 0) {
      server.accepted(sys::Fd(fd), peer);
      if (server.closed) return;
    } else if (!concerns_one_connection(fd)) {
      return pause(fd);
    }
  }
  start();  // the others first
}

// The descriptor stays readable and would be reported again and again: wait until somebody has
// closed something.
void Listener::pause(int error) noexcept {
  EventLoop& loop = *descriptor_.core().loop;
  start_timer(loop, node_, loop.time().count_ns() + kPauseNs);
  try {
    ExceptionContext context;
    context.message = "socket.accept() out of system resource";
    context.exception = std::make_exception_ptr(OSError(-error, "accept"));
    loop.call_exception_handler(context);
  } catch (...) {  // no memory for the report
  }
}

}  // namespace hob::detail
