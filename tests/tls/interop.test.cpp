// SPDX-License-Identifier: MIT
// Others at the other end, over real sockets: Python's ssl module, which is also asked for its
// errors, and the openssl command. They run in threads and processes of their own.

#include <doctest/doctest.h>

#include <hob/executor/run_in_executor.hpp>
#include <hob/net/open_connection.hpp>
#include <hob/net/server.hpp>
#include <hob/task/run.hpp>
#include <hob/testing/run_virtual.hpp>

#include "tls/wire.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace {

using namespace wire;  // NOLINT(google-build-using-namespace)
using hob::Certificate;

class Pipe {
 public:
  explicit Pipe(const std::string& command) : file_(popen(command.c_str(), "r")) {
    if (!file_) throw std::runtime_error("popen");
  }
  Pipe(const Pipe&) = delete;
  ~Pipe() { close(); }
  std::string line() {
    char text[1000];
    return std::fgets(text, sizeof text, file_) ? text : "";
  }
  std::string rest() {
    std::string all;
    for (std::string next = line(); !next.empty(); next = line()) all += next;
    return all;
  }
  int close() { return file_ ? pclose(std::exchange(file_, nullptr)) : 0; }

 private:
  std::FILE* file_;
};

std::string output_of(const std::string& command) { return Pipe(command).rest(); }

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "hob-tls-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
  }
  void write(const std::string& name, const Certificate& certificate) const {
    write(name + ".pem", certificate.pem());
    write(name + ".key", certificate.private_key_pem());
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string text() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

// The same cases by us and by Python.

struct Case {
  const char* name;
  const char* hostname;
  const char* certificate;
  const char* client;
  const char* server;
};

constexpr Case kCases[] = {
    {"good", "example.org", "good", "-", "-"},
    {"address", "127.0.0.1", "good", "-", "-"},
    {"expired", "example.org", "expired", "-", "-"},
    {"expired_1_2", "example.org", "expired", "tls1_2", "-"},
    {"early", "example.org", "early", "-", "-"},
    {"wrong_host", "example.com", "good", "-", "-"},
    {"wrong_address", "127.0.0.2", "good", "-", "-"},
    {"self_signed", "example.org", "self", "-", "-"},
    {"unknown_root", "example.org", "foreign", "-", "-"},
    {"wrong_usage", "example.org", "usage", "-", "-"},
    {"weak_key", "example.org", "weak", "-", "-"},
    {"old_server", "example.org", "good", "-", "old"},
    {"old_client", "example.org", "good", "old", "-"},
    {"no_cipher", "example.org", "good", "tls1_2,ciphers=ECDHE+CHACHA20", "ciphers=ECDHE+AES256"},
    {"no_client_certificate", "example.org", "good", "-", "need_client"},
    {"no_client_certificate_1_2", "example.org", "good", "tls1_2", "need_client"},
};

struct Authorities {
  Certificate ca = hob::make_certificate_authority();
  Certificate stranger = hob::make_certificate_authority();
};

Certificate certificate_for(const Authorities& from, const std::string& kind) {
  using namespace std::chrono_literals;
  hob::CertificateOptions options;
  const std::vector<std::string> names{"example.org", "127.0.0.1"};
  if (kind == "self") return hob::make_self_signed(names);
  if (kind == "foreign") return make_certificate(from.stranger, names);
  if (kind == "expired") {
    options.valid_from = -48h;
    options.valid_until = -24h;
  } else if (kind == "early") {
    options.valid_from = 24h;
  } else if (kind == "usage") {
    options.use = hob::CertificateUse::client;
  } else if (kind == "weak") {
    options.rsa_bits = 1024;
  }
  return make_certificate(from.ca, names, options);
}

void configure(TlsContext& context, const std::string& options, const Certificate& ca) {
  std::istringstream all(options);
  for (std::string option; std::getline(all, option, ',');) {
    if (option == "old") {
      context.set_ciphers("DEFAULT:@SECLEVEL=0");
      context.set_minimum_version(hob::TlsVersion::tls1);
      context.set_maximum_version(hob::TlsVersion::tls1_1);
    } else if (option == "tls1_2") {
      context.set_maximum_version(hob::TlsVersion::tls1_2);
    } else if (option.starts_with("ciphers=")) {
      context.set_ciphers(option.substr(8));
    } else if (option == "need_client") {
      context.load_verify_locations(ca);
      context.set_verify_mode(hob::VerifyMode::required);
    }
  }
}

std::string or_dash(const std::exception_ptr& error) { return error ? hob::describe(error) : "-"; }

Coro<std::string> late_error(const Result<TransportRef>& outcome) {
  if (!outcome) co_return or_dash(outcome.exception());
  const TransportRef transport = *outcome;
  char byte = 0;
  const long count = transport->try_read(&byte, 1);
  co_return count >= 0 || count == -EAGAIN
      ? "-"
      : or_dash(transport->error(static_cast<int>(count), "read"));
}

Coro<std::string> ours(const Case* wanted, const Certificate* certificate, const Certificate* ca) {
  TlsContext client = client_context(*ca);
  TlsContext server = hob::create_default_context(hob::Purpose::client_auth);
  server.set_ciphers("DEFAULT:@SECLEVEL=0");
  server.load_cert_chain(*certificate);
  configure(client, wanted->client, *ca);
  configure(server, wanted->server, *ca);
  const Both both = co_await try_handshake(client, server, wanted->hostname);
  std::string line = wanted->name;
  line += "\t" + co_await late_error(both.client);
  line += "\t" + co_await late_error(both.server);
  co_return line;
}

TEST_CASE("our errors are Python's") {
  const Directory directory;
  const Authorities authorities;
  directory.write("ca", authorities.ca);
  std::string cases;
  std::string mine;
  for (const Case& one : kCases) {
    const Certificate certificate = certificate_for(authorities, one.certificate);
    directory.write(one.certificate, certificate);
    for (const char* part : {one.name, one.hostname, one.certificate, one.client})
      cases += std::string(part) + ' ';
    cases += std::string(one.server) + '\n';
    mine += hob::testing::run_virtual(ours(&one, &certificate, &authorities.ca)) + '\n';
  }
  directory.write("cases", cases);
  CHECK(mine == output_of("python3 " HOB_TLS_ORACLE " " + directory.text()));
}

// Conversations.

Coro<std::string> converse(std::uint16_t port, TlsContext context, std::string data) {
  hob::ConnectionOptions options;
  options.ssl = context;
  options.server_hostname = "example.org";
  auto [reader, writer] = co_await hob::open_connection("127.0.0.1", port, options);
  writer.write(data);
  std::string back = co_await reader.readexactly(data.size());
  writer.close();
  co_await writer.wait_closed();
  co_return back;
}

TEST_CASE("a Python server echoes a megabyte, twice, and resumes") {
  const Directory directory;
  const Authorities authorities;
  directory.write("good", certificate_for(authorities, "good"));
  directory.write("server.py", R"(
import socket, ssl, sys
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(sys.argv[1], sys.argv[2])
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    for _ in range(2):
        with context.wrap_socket(listener.accept()[0], server_side=True) as s:
            while data := s.recv(50000):
                s.sendall(data)
            print(s.session_reused, flush=True)
            s.unwrap()
)");
  Pipe server("python3 " + directory / "server.py" + " " + directory / "good.pem" + " " +
              directory / "good.key");
  const auto port = static_cast<std::uint16_t>(std::stoi(server.line()));
  const std::string data = pattern(1'000'000);
  const TlsContext context = client_context(authorities.ca);
  const auto main = [](std::uint16_t to, TlsContext with, std::string text) -> Coro<bool> {
    const std::string first = co_await converse(to, with, text);
    const std::string second = co_await converse(to, with, text);
    co_return first == text&& second == text;
  };
  CHECK(hob::run(main(port, context, data)));
  CHECK(server.rest() == "False\nTrue\n");
}

Coro<> echo_stream(hob::StreamReader reader, hob::StreamWriter writer) {
  for (;;) {
    const std::string some = co_await reader.read(50'000);
    if (some.empty()) break;
    writer.write(some);
    co_await writer.drain();
  }
  writer.close();
  co_await writer.wait_closed();
}

/// Serves `echo_stream` while `command PORT` runs; gives what that has printed.
Coro<std::string> serve_for(TlsContext context, std::string command) {
  hob::ServerOptions options;
  options.ssl = context;
  const hob::Server server = co_await hob::start_server(&echo_stream, "127.0.0.1", 0, options);
  std::string whole = command + std::to_string(server.port()) + " 2>&1";
  std::string output = co_await hob::to_thread(&output_of, std::move(whole));
  server.close();
  co_await server.wait_closed();
  co_return output;
}

TEST_CASE("a Python client gets its megabyte back, and both say good-bye") {
  const Directory directory;
  const Authorities authorities;
  directory.write("ca", authorities.ca);
  directory.write("client.py", R"(
import select, socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
context.set_alpn_protocols(["x", "echo"])
data = bytes(i * 131 % 251 for i in range(1_000_000))
with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as plain:
    with context.wrap_socket(plain, server_hostname="example.org",
                             suppress_ragged_eofs=False) as s:
        print(s.version(), s.selected_alpn_protocol())
        # Both ways at once in one thread: two may not use one SSL object before Python 3.13.
        s.setblocking(False)
        sent, got = 0, b""
        while len(got) < len(data):
            moved = 0
            try:
                if sent < len(data):
                    moved = s.send(data[sent:sent + 16384])
                    sent += moved
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
            try:
                got += s.recv(100000)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                if not moved:
                    select.select([s], [s] if sent < len(data) else [], [])
        print(got == data)
        s.setblocking(True)
        s.unwrap()
        print("bye")
)");
  TlsContext context = server_context(certificate_for(authorities, "good"));
  context.set_alpn_protocols({"echo"});
  CHECK(hob::run(serve_for(
            context, "python3 " + directory / "client.py" + " " + directory / "ca.pem" + " ")) ==
        "TLSv1.3 echo\nTrue\nbye\n");
}

TEST_CASE("openssl s_client verifies us") {
  const Directory directory;
  const Authorities authorities;
  directory.write("ca", authorities.ca);
  const TlsContext context = server_context(certificate_for(authorities, "good"));
  const std::string output = hob::run(
      serve_for(context,
                "echo hello | timeout 10 openssl s_client -quiet -no_ign_eof -verify_return_error "
                "-verify_hostname example.org -servername example.org -CAfile " +
                    directory / "ca.pem" + " -connect 127.0.0.1:"));
  CHECK(output.find("verify return:1") != std::string::npos);
  CHECK(output.find("error") == std::string::npos);
}

TEST_CASE("openssl s_server serves us, with TLS 1.2 and 1.3") {
  for (const std::string version : {"-tls1_2", "-tls1_3"}) {
    const Directory directory;
    const Authorities authorities;
    directory.write("good", certificate_for(authorities, "good"));
    Pipe server("timeout 20 openssl s_server -accept 127.0.0.1:0 -naccept 1 -rev " + version +
                " -cert " + directory / "good.pem" + " -key " + directory / "good.key" + " 2>&1");
    std::string line = server.line();
    while (!line.empty() && !line.starts_with("ACCEPT")) line = server.line();
    const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
    const auto main = [](std::uint16_t to, TlsContext with) -> Coro<std::string> {
      hob::ConnectionOptions options;
      options.ssl = with;
      options.server_hostname = "example.org";
      // It waits for another line instead of saying good-bye, so we do not wait for that.
      options.ssl_shutdown_timeout = hob::Duration();
      auto [reader, writer] = co_await hob::open_connection("127.0.0.1", to, options);
      writer.write("abcdef\n");
      std::string back = co_await reader.readline();
      writer.close();
      co_await writer.wait_closed();
      co_return back;
    };
    CHECK(hob::run(main(port, client_context(authorities.ca))) == "fedcba\n");
  }
}

}  // namespace
