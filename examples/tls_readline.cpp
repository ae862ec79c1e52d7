// SPDX-License-Identifier: MIT
// readline over TLS: a server with a certificate that is made on the spot, a client that trusts
// just this certificate, and one that does not.
#include <hob/hob.hpp>
#include <hob/tls.hpp>

#include <cstdio>
#include <string>

// [server]
hob::Coro<> echo_lines(hob::StreamReader reader, hob::StreamWriter writer) {
  while (auto line = co_await reader.anext()) {
    writer.write("you said: " + *line);
    co_await writer.drain();
  }
  writer.close();
  co_await writer.wait_closed();
}

hob::Coro<hob::Server> serve(hob::Certificate certificate) {
  hob::TlsContext context = hob::create_default_context(hob::Purpose::client_auth);
  context.load_cert_chain(certificate);
  hob::ServerOptions options;
  options.ssl = context;
  co_return co_await hob::start_server(&echo_lines, "127.0.0.1", 0, options);
}
// [server]

// [client]
hob::Coro<> talk(std::uint16_t port, hob::TlsContext context) {
  hob::ConnectionOptions options;
  options.ssl = context;
  options.server_hostname = "localhost";
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", port, options);
  const hob::ExtraInfo info = writer.get_extra_info();
  std::printf("%s with %s\n", info.security->version.c_str(),
              info.security->peer_certificate.subject.c_str());
  writer.write("hello\nworld\n");
  for (int i = 0; i < 2; ++i) {
    const std::string line = co_await reader.readline();
    std::printf("%s", line.c_str());
  }
  writer.close();
  co_await writer.wait_closed();
}
// [client]

hob::Coro<> run_both() {
  const hob::Certificate certificate = hob::make_self_signed({"localhost"});
  const hob::Server server = co_await serve(certificate);
  hob::TlsContext trusting(hob::TlsRole::client);
  trusting.load_verify_locations(certificate);
  co_await talk(server.port(), trusting);
  const auto refused = co_await hob::as_result(talk(server.port(), hob::create_default_context()));
  std::printf("%s\n", hob::describe(refused.exception()).c_str());
  server.close();
  co_await server.wait_closed();
}

int main() { hob::run(run_both()); }
