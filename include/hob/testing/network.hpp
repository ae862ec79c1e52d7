// SPDX-License-Identifier: MIT
// Network: a network in memory, with delays, losses, resets and partitions that a seed determines.
#pragma once

#include <hob/core/duration.hpp>
#include <hob/core/text.hpp>
#include <hob/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

namespace hob::testing {

/// How packets travel from one host to another. Chances are from 0 to 1.
struct LinkOptions {
  constexpr LinkOptions() noexcept = default;
  constexpr explicit LinkOptions(Duration way) noexcept : latency(way) {}

  /// Of one way.
  Duration latency = Duration::nanoseconds(1'000'000);
  /// Up to so much more, for each packet anew. Datagrams may overtake each other; a connection's
  /// bytes do not.
  Duration jitter = {};
  /// How often a packet takes `spike` longer.
  double spikes = 0;
  Duration spike = Duration::nanoseconds(500'000'000);
  /// Bytes per second; 0: no limit.
  std::uint64_t bandwidth = 0;
  /// How often a packet is lost. Datagrams are gone; a connection sends again after 200 ms, 400 ms
  /// and so on, so that its bytes only stall.
  double loss = 0;
  /// How often a datagram comes twice.
  double duplicates = 0;
  /// How often an attempt to connect, or a segment of a connection, is answered by a reset.
  double resets = 0;
  /// The most bytes in one segment.
  std::size_t segment = 1460;
  /// Segments end anywhere, from one byte on.
  bool ragged = false;
  /// How often a read gives only a part of what has come (the rest comes a moment later), and a
  /// write takes only a part of what fits.
  double short_reads = 0;
  double short_writes = 0;
};

/// A link with a random subset of these faults, each of random strength; good ones among them. The
/// same seed gives the same link. (Swarm testing: what hides one fault is often another.)
LinkOptions random_link(std::uint64_t seed) noexcept;

struct NetworkOptions {
  constexpr NetworkOptions() noexcept = default;
  /// Between any two hosts, and within one.
  LinkOptions link;
  LinkOptions loopback{Duration::nanoseconds(10'000)};
  /// Of each socket: what is sent and not acknowledged, and what has come and is not read.
  std::size_t send_buffer = 64 << 10;
  std::size_t receive_buffer = 64 << 10;
  /// How long looking up a name takes.
  Duration look_up = {};
  /// How many events `log` keeps, the newest.
  std::size_t log_events = 10'000;
};

/// What has happened so far.
struct NetworkStatistics {
  std::uint64_t connections = 0;  // that were established
  std::uint64_t refused = 0;
  std::uint64_t timeouts = 0;       // connections and attempts that were given up
  std::uint64_t backlog_drops = 0;  // attempts that found the server's queue full
  std::uint64_t resets = 0;         // ends of connections that were reset
  std::uint64_t segments = 0;       // of connections, with bytes
  std::uint64_t bytes = 0;          // of connections, that have come
  std::uint64_t stalls = 0;         // packets of connections that had to be sent again
  std::uint64_t datagrams = 0;      // that have come
  std::uint64_t drops = 0;          // datagrams that were lost, or found no room
};

/// While it lives, all sockets that this thread makes are of this network instead of the kernel's:
/// connections, servers, UDP, Unix sockets, names; streams, TLS and HTTP over them need no change.
/// What happens, and when, depends on the program and the seed alone. For `run_virtual`: delays are
/// timers of the loop, so hours pass in no time, and what can never happen is a DeadlockError.
///
///   hob::testing::Network network(seed);
///   network.add_host("server");
///   auto serving = network.create_task("server", serve);  // its sockets are the server's
///   auto stream = co_await hob::open_connection("server", 80);
///
/// Hosts have names and addresses; whoever is on none of them is on "localhost". An address that is
/// nobody's takes packets and never answers; one that is somebody's, without a listener, refuses.
/// A connection that gets no answer is given up as Linux does: an attempt after 127 s, a connection
/// with bytes under way after 15 minutes. Not simulated: routes, IPv6 sockets that take IPv4 too,
/// add_reader on these sockets, Runtime's other threads.
///
/// One at a time in each thread; may live inside the coroutine or around the loop. Sockets that
/// outlive it fail with EBADF.
class Network {
 public:
  explicit Network(std::uint64_t seed = 1, const NetworkOptions& options = {});
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network();

  // Hosts and names.

  /// A host with an address of each family (10.0.0.1 and fd00::1, and so on), or with these.
  /// ValueError for a name or an address that is taken, and for what is no address.
  void add_host(Text name, std::initializer_list<Text> addresses = {});
  /// What the resolver gives for `name`, in this order; replaces what there was. Without addresses
  /// the resolver fails with EAI_AGAIN. (Names that nobody added fail with EAI_NONAME.)
  void add_name(Text name, std::initializer_list<Text> addresses);
  /// The first address of a host. LookupError when there is no such host, as below.
  std::string address(Text host) const;

  /// While this lives its task, and the tasks that it creates, are on a host.
  class [[nodiscard]] Scope {
   public:
    Scope(Scope&& other) noexcept : token_(std::exchange(other.token_, nullptr)) {}
    Scope& operator=(const Scope&) = delete;
    ~Scope();

   private:
    friend Network;
    struct Token;
    explicit Scope(Token* token) noexcept : token_(token) {}
    Token* token_;
  };
  Scope on(Text host);
  /// hob::create_task, on a host.
  template <class F, class... Args>
  auto create_task(Text host, F&& fn, Args&&... args) {
    const Scope scope = on(host);
    return hob::create_task(std::forward<F>(fn), std::forward<Args>(args)...);
  }

  // Faults. They meet what is sent from now on; `cut` meets what is under way, too.

  /// Both ways; a host's link to itself is its loopback.
  void set_link(Text a, Text b, const LinkOptions& options);
  /// One way.
  void set_route(Text from, Text to, const LinkOptions& options);
  /// Every link, of hosts that will be added, too.
  void set_links(const LinkOptions& options);
  /// Nothing gets through any more, both ways (`partition`) or one way (`cut`). Attempts to connect
  /// time out, connections stall.
  void partition(Text a, Text b);
  void cut(Text from, Text to);
  void heal(Text a, Text b);
  void heal();
  /// Resets all connections between two hosts; gives how many.
  std::size_t reset(Text a, Text b);
  /// The host loses power: what it had is gone, and no packet tells its peers. Its tasks find their
  /// connections broken (ENETDOWN) and its servers silent; `restart` lets it have new ones.
  void crash(Text host);
  void restart(Text host);

  // What happened.

  const NetworkStatistics& statistics() const noexcept;
  /// The newest events, a line each: the time in seconds, from, to, and what.
  std::string log() const;
  /// A hash of all events: equal for equal runs.
  std::uint64_t fingerprint() const noexcept;
  /// Open sockets, and bytes in all their buffers.
  std::size_t sockets() const noexcept;
  std::size_t buffered() const noexcept;

 private:
  class Implementation;
  Implementation* implementation_;
};

}  // namespace hob::testing
