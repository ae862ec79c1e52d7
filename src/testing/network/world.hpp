// SPDX-License-Identifier: MIT
// NetworkWorld: all sockets of a simulated network, by descriptor, by port and by path.
#pragma once

#include "testing/network/agenda.hpp"
#include "testing/network/journal.hpp"
#include "testing/network/random.hpp"
#include "testing/network/topology.hpp"
#include "testing/network/virtual_socket.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace hob::testing {

class StreamSocket;

class NetworkWorld : public sys::World {
 public:
  NetworkWorld(std::uint64_t seed, const NetworkOptions& options);
  NetworkWorld(const NetworkWorld&) = delete;
  NetworkWorld& operator=(const NetworkWorld&) = delete;

  // For the sockets.

  const NetworkOptions& options() const noexcept { return options_; }
  Topology& topology() noexcept { return topology_; }
  Random& random() noexcept { return random_; }
  Journal& journal() noexcept { return journal_; }
  Time now() noexcept { return agenda_.now(); }
  void at(Time when, Function<void()> fn);
  void note(Happened what, const VirtualSocket& from, const VirtualSocket* to = nullptr,
            std::uint64_t size = 0);
  void note(Happened what, const Host& from, const Host& to);

  VirtualSocket* find(std::uint32_t number) noexcept;
  /// Null when that is none.
  StreamSocket* find_stream(std::uint32_t number) noexcept;
  StreamSocket& make_stream(Host& host, int family);
  /// It is no more; the object lives until the current event is over.
  void bury(VirtualSocket& socket) noexcept;
  int descriptor(const VirtualSocket& socket) const noexcept;
  /// Chooses a port for 0; gives what it became. 0, or -errno.
  int bind(VirtualSocket& socket, const sys::Address& address, sys::Address& bound);
  /// Whoever has that address: the more exact, of equals a random one.
  StreamSocket* listener(Host& host, const sys::Address& address);
  std::vector<VirtualSocket*> bound(const Host& host, int type, std::uint16_t port);
  /// Of Unix sockets: whoever is bound to a path; and whether anybody was, as a file tells.
  VirtualSocket* named(const Host& host, const sys::Address& path) noexcept;
  bool has_path(const Host& host, const sys::Address& path) const noexcept;
  /// Of Unix sockets: at once, without faults.
  Route& local_route() noexcept { return local_route_; }

  // For Network.

  std::uint32_t current_host() const;
  void crash(Host& host);
  std::size_t reset(const Host& a, const Host& b);
  std::size_t open_sockets() const noexcept;
  std::size_t buffered() const noexcept;

  // sys::World.

  int open_socket(int family, int type) noexcept override;
  int open_socket_pair(int type, int fds[2]) noexcept override;
  void close(int fd) noexcept override;
  int bind(int fd, const sys::Address& address) noexcept override;
  int listen(int fd, int backlog) noexcept override;
  int connect(int fd, const sys::Address& address) noexcept override;
  int accept(int fd, sys::Address& peer) noexcept override;
  long receive(int fd, void* data, std::size_t size, sys::Address* from,
               bool peek) noexcept override;
  long send(int fd, std::string_view bytes, const sys::Address* to) noexcept override;
  int shutdown_write(int fd) noexcept override;
  void disconnect(int fd) noexcept override;
  int local_address(int fd, sys::Address& out) noexcept override;
  int peer_address(int fd, sys::Address& out) noexcept override;
  int get_option(int fd, sys::Option option, int& value) noexcept override;
  int set_option(int fd, sys::Option option, int value) noexcept override;
  int change_group(int fd, const sys::Address& group, bool join) noexcept override;
  sys::FileKind kind_of(int fd) noexcept override;
  int watch(int fd, std::uint64_t tag) noexcept override;
  void unwatch(int fd) noexcept override;
  void remove_socket_file(std::string_view path, std::uint64_t inode) noexcept override;
  std::uint64_t inode_of(std::string_view path) noexcept override;
  int look_up(const sys::AddressQuestion& question, std::vector<sys::FoundAddress>& found) override;
  int look_up_name(const sys::Address& address, sys::NameFlags flags, std::string& host,
                   std::string& service) override;
  std::int64_t look_up_ns() const noexcept override { return options_.look_up.count_ns(); }

 protected:
  ~NetworkWorld();

 private:
  using Port = std::tuple<std::uint32_t, int, std::uint16_t>;  // host, type, number
  using Path = std::pair<std::uint32_t, std::string>;          // host, path
  Host& here() { return topology_.host(current_host()); }
  VirtualSocket* of(int fd) noexcept;
  template <class S>
  S& make(Host& host, int family);
  int bind_path(VirtualSocket& socket, const sys::Address& address, sys::Address& bound);
  bool taken(const VirtualSocket& socket, const sys::Address& address);
  int choose_port(const VirtualSocket& socket, sys::Address& address);

  NetworkOptions options_;
  Topology topology_;
  Random random_;
  Journal journal_;
  Route local_route_{LinkOptions(Duration())};
  int first_descriptor_;       // minus one: numbers begin with 1
  std::uint32_t numbers_ = 0;  // given out
  std::map<std::uint32_t, std::unique_ptr<VirtualSocket>> sockets_;
  std::multimap<Port, std::uint32_t> ports_;
  std::map<Path, std::uint32_t> paths_;
  std::vector<std::unique_ptr<VirtualSocket>> buried_;
  Agenda agenda_;
};

}  // namespace hob::testing
