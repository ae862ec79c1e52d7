// SPDX-License-Identifier: MIT
// A worker process: receives calls, makes them, and sends back what came of them.
#include "executor/process_wire.hpp"
#include "executor/throw_stack.hpp"

#include <hob/core/error.hpp>
#include <hob/executor/detail/process_call.hpp>
#include <hob/executor/detail/throw_witness.hpp>

#include <exception>
#include <utility>

namespace hob::detail {
namespace {

class SocketReply final : public WorkerReply {
 public:
  explicit SocketReply(int socket, ReplyKind kind) : socket_(socket) {
    head_.kind = kind;
    head_.identity = program_identity();
  }

  void send() override {
    int error = sys::kMessageTooBig;
    if (archive.sink().size() <= kInlineMax)
      error = send_inline(socket_, &head_, sizeof head_, archive.sink(), true);
    if (error == sys::kMessageTooBig) {
      const sys::Fd file = seal_bytes(archive.sink());
      head_.in_file = 1;
      error = send_file(socket_, &head_, sizeof head_, file.get(), true);
    }
    if (error == sys::kBrokenPipe || error == sys::kConnectionReset) {
      sys::exit_process(0);  // the pool is gone
    }
    if (error < 0) throw OSError(-error, "sendmsg");
  }
  void send_error(const std::exception_ptr& thrown) {
    archive.sink().clear();
    archive.sink().depth = archive.sink().copies = 0;
    head_.kind = ReplyKind::error;
    head_.in_file = 0;
    put_exception(archive, thrown);
    send();
  }

 private:
  int socket_;
  ReplyHead head_;
};

void make_call(PacketReader& packets, const CallHead& head, SocketReply& reply) {
  if (head.invoke.module == 0) return reply.send();  // a set-up without initializer
  InArchive arguments = packets.payload(head.in_file != 0);
  const auto invoke = reinterpret_cast<Invoke>(find_function(head.invoke));
  AnyFunction function = nullptr;
  if (head.function.module != 0) function = find_function(head.function);
  invoke(arguments, function, reply);
}

void send_error(SocketReply& reply, const std::exception_ptr& thrown) noexcept {
  try {
    reply.send_error(thrown);
  } catch (...) {  // it cannot be written or sent as it is: say that instead
    try {
      reply.send_error(std::current_exception());
    } catch (...) {
      sys::exit_process(1);
    }
  }
}

}  // namespace

void run_worker(sys::Fd socket) noexcept {
  note_throws(reinterpret_cast<AnyFunction>(&run_worker));
  PacketReader packets;
  CallHead head;
  while (packets.receive(socket.get(), head, true) == 1) {
    forget_throws();
    SocketReply reply(socket.get(), head.is_setup ? ReplyKind::ready : ReplyKind::value);
    try {
      make_call(packets, head, reply);
    } catch (const ThrowWitness&) {
    } catch (...) {
      send_error(reply, std::current_exception());
    }
    sys::flush_output();
  }
  sys::exit_process(0);
}

}  // namespace hob::detail
