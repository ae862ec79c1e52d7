// SPDX-License-Identifier: MIT
//
// The clients of the stream benchmark as a program, for the servers that peers.py starts:
//   bench_stream_clients PORT CONNECTIONS SIZE EXCHANGES [hold]
// With `hold` each connection exchanges one message, then "held" is printed and a byte of standard
// input awaited. It is no subject: --list prints nothing.
#include <cstdlib>
#include <cstring>

#include "load.hpp"

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list") == 0) return 0;
  if (argc < 5) return 2;
  load::allow_many_descriptors();
  const bool hold = argc > 5;
  const load::Shape shape{unsigned(std::atoi(argv[2])), std::strtoull(argv[3], nullptr, 10)};
  load::Clients::work(shape, std::strtoull(argv[4], nullptr, 10),
                      static_cast<std::uint16_t>(std::atoi(argv[1])), hold);
  if (!hold) std::_Exit(0);
  std::puts("held");
  std::fflush(stdout);
  char byte = 0;
  std::_Exit(read(STDIN_FILENO, &byte, 1) < 0 ? 3 : 0);
}
