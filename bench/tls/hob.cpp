// SPDX-License-Identifier: MIT
// TLS through Hob's streams.
#include "peer.hpp"

#include <hob/hob.hpp>
#include <hob/tls.hpp>

namespace {

struct State {
  bench::Run& run;
  const peer::Plan& plan;
  hob::Event done;
  unsigned shaken = 0;
  std::uint64_t gone = 0;
  std::uint64_t received = 0;
};

hob::Coro<> handle(State* state, hob::StreamReader reader, hob::StreamWriter writer) {
  const bool only_handshake = state->plan.size == 0;
  if (++state->shaken == state->plan.connections && !only_handshake) state->run.start();
  for (;;) {
    const std::string_view some = co_await reader.read_some();
    if (some.empty()) break;
    state->received += some.size();
    if (!state->plan.echo) continue;
    writer.write(some);
    co_await writer.drain();
  }
  writer.close();
  co_await writer.wait_closed();
  const std::uint64_t total = only_handshake ? state->run.count : state->plan.connections;
  if (++state->gone == total) state->done.set();
}

hob::Coro<> serve_all(bench::Run* run, const peer::Plan* plan, hob::TlsContext context) {
  State state{*run, *plan, {}};
  hob::ServerOptions options;
  options.ssl = context;
  const auto handler = [&state](hob::StreamReader reader, hob::StreamWriter writer) {
    return handle(&state, std::move(reader), std::move(writer));
  };
  const hob::Server server = co_await hob::start_server(handler, "127.0.0.1", 0, options);
  const peer::Clients clients(server.port(), *plan, run->count);
  if (plan->size == 0) run->start();
  co_await state.done.wait();
  run->stop();
  clients.finish();
  if (plan->size != 0) run->expect(state.received == run->count * plan->size, "every byte");
  server.close();
  co_await server.wait_closed();
}

void serve(bench::Run& run, const peer::Plan& plan) {
  hob::TlsContext context = hob::create_default_context(hob::Purpose::client_auth);
  context.load_cert_chain(hob::make_self_signed({"localhost"}));
  hob::run(serve_all(&run, &plan, context));
}

}  // namespace

int main(int argc, char** argv) {
  return bench::main(argc, argv, "tls", "hob", peer::kCases<serve>);
}
