// SPDX-License-Identifier: MIT
#include "testing/network/world.hpp"

#include "sys/syscall.hpp"
#include "testing/network/datagram_socket.hpp"
#include "testing/network/stream_socket.hpp"

#include <hob/core/context.hpp>

#include <algorithm>
#include <cstring>

namespace hob::testing {
namespace {

constexpr std::uint16_t kFirstPort = 40'000;  // of those that are chosen
constexpr std::uint16_t kLastPort = 65'535;

// Descriptors of one network are not those of the next, which the program may hold, too.
constinit thread_local int next_descriptor = sys::kFirstVirtual;

bool equal(const sys::Address& a, const sys::Address& b) noexcept {
  return a.size == b.size && std::memcmp(a.bytes, b.bytes, a.size) == 0;
}

}  // namespace

// What a call does may run out of memory only: the kernel's word for that.
template <class F>
static auto guarded(F call) noexcept -> decltype(call()) {
  try {
    return call();
  } catch (...) {
    return -ENOMEM;
  }
}

NetworkWorld::NetworkWorld(std::uint64_t seed, const NetworkOptions& options)
    : options_(options),
      topology_(options),
      random_(seed),
      journal_(options.log_events),
      first_descriptor_(next_descriptor - 1) {
  sys::install_world(this);
}

// Whoever waits finds that the descriptor is no more.
NetworkWorld::~NetworkWorld() {
  sys::install_world(nullptr);
  next_descriptor = first_descriptor_ + 1 + static_cast<int>(numbers_);
  if (next_descriptor > sys::kFirstVirtual + (1 << 29)) next_descriptor = sys::kFirstVirtual;
  for (const auto& each : sockets_) each.second->tell(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP);
}

void NetworkWorld::at(Time when, Function<void()> fn) {
  agenda_.at(when, [this, fn = std::move(fn)]() mutable {
    fn();
    buried_.clear();
  });
}

void NetworkWorld::note(Happened what, const VirtualSocket& from, const VirtualSocket* to,
                        std::uint64_t size) {
  Journal::Entry entry{now(), what, {from.host().index, from.number()}, {}, size};
  const Host* there = from.peer_host();
  entry.to.host = there ? there->index : entry.from.host;
  if (to) entry.to = {to->host().index, to->number()};
  journal_.note(entry);
}

void NetworkWorld::note(Happened what, const Host& from, const Host& to) {
  journal_.note({now(), what, {from.index, 0}, {to.index, 0}, 0});
}

VirtualSocket* NetworkWorld::find(std::uint32_t number) noexcept {
  const auto found = sockets_.find(number);
  return found == sockets_.end() ? nullptr : found->second.get();
}

StreamSocket* NetworkWorld::find_stream(std::uint32_t number) noexcept {
  VirtualSocket* found = find(number);
  return found && found->type() == sys::kTypeStream ? static_cast<StreamSocket*>(found) : nullptr;
}

template <class S>
S& NetworkWorld::make(Host& host, int family) {
  const std::uint32_t number = ++numbers_;
  auto made = std::make_unique<S>(*this, host, number, family);
  S& socket = *made;
  sockets_.emplace_hint(sockets_.end(), number, std::move(made));
  return socket;
}

StreamSocket& NetworkWorld::make_stream(Host& host, int family) {
  return make<StreamSocket>(host, family);
}

void NetworkWorld::bury(VirtualSocket& socket) noexcept {
  const auto found = sockets_.find(socket.number());
  if (found == sockets_.end()) return;
  const auto [first, last] =
      ports_.equal_range({socket.host().index, socket.type(), socket.local().port()});
  for (auto each = first; each != last; ++each) {
    if (each->second != socket.number()) continue;
    ports_.erase(each);
    break;
  }
  buried_.push_back(std::move(found->second));
  sockets_.erase(found);
}

int NetworkWorld::descriptor(const VirtualSocket& socket) const noexcept {
  return first_descriptor_ + static_cast<int>(socket.number());
}

VirtualSocket* NetworkWorld::of(int fd) noexcept {
  return fd > first_descriptor_ ? find(static_cast<std::uint32_t>(fd - first_descriptor_))
                                : nullptr;
}

std::vector<VirtualSocket*> NetworkWorld::bound(const Host& host, int type, std::uint16_t port) {
  std::vector<VirtualSocket*> all;
  const auto [first, last] = ports_.equal_range({host.index, type, port});
  for (auto each = first; each != last; ++each) all.push_back(find(each->second));
  return all;
}

bool NetworkWorld::taken(const VirtualSocket& socket, const sys::Address& address) {
  const auto rivals = bound(socket.host(), socket.type(), address.port());
  return std::any_of(rivals.begin(), rivals.end(), [&](const VirtualSocket* other) {
    if (other->family() != socket.family() || socket.reuses(*other)) return false;
    sys::Address theirs = other->local();
    return address.is_wildcard() || theirs.is_wildcard() || equal(theirs, address);
  });
}

int NetworkWorld::choose_port(const VirtualSocket& socket, sys::Address& address) {
  Host& host = socket.host();
  for (int tries = 0; tries <= kLastPort - kFirstPort; ++tries) {
    address.set_port(host.next_port);
    host.next_port = host.next_port == kLastPort ? kFirstPort : host.next_port + 1;
    if (bound(host, socket.type(), address.port()).empty()) return 0;
  }
  return -EADDRINUSE;
}

int NetworkWorld::bind(VirtualSocket& socket, const sys::Address& address, sys::Address& bound) {
  if (socket.family() == sys::kFamilyUnix) return bind_path(socket, address, bound);
  const bool own = address.is_wildcard() || address.is_loopback() || address.is_multicast() ||
                   topology_.has(socket.host(), address);
  if (!own) return -EADDRNOTAVAIL;
  sys::Address wanted = address;
  if (wanted.port() == 0) {
    const int result = choose_port(socket, wanted);
    if (result < 0) return result;
  } else if (taken(socket, wanted)) {
    return -EADDRINUSE;
  }
  ports_.emplace(Port(socket.host().index, socket.type(), wanted.port()), socket.number());
  bound = wanted;
  return 0;
}

int NetworkWorld::bind_path(VirtualSocket& socket, const sys::Address& address,
                            sys::Address& bound) {
  const auto added = paths_.try_emplace(Path(socket.host().index, address.host()), socket.number());
  const bool abstract = address.host().starts_with('\0');  // gone with its socket
  if (!added.second && !(abstract && !find(added.first->second))) return -EADDRINUSE;
  added.first->second = socket.number();
  bound = address;
  return 0;
}

VirtualSocket* NetworkWorld::named(const Host& host, const sys::Address& path) noexcept {
  const auto found = paths_.find(Path(host.index, path.host()));
  return found == paths_.end() ? nullptr : find(found->second);
}

bool NetworkWorld::has_path(const Host& host, const sys::Address& path) const noexcept {
  return paths_.contains(Path(host.index, path.host()));
}

StreamSocket* NetworkWorld::listener(Host& host, const sys::Address& address) {
  std::vector<StreamSocket*> exact;
  std::vector<StreamSocket*> any;
  for (VirtualSocket* each : bound(host, sys::kTypeStream, address.port())) {
    if (!each->listening() || !each->bound_to(address)) continue;
    (each->local().is_wildcard() ? any : exact).push_back(static_cast<StreamSocket*>(each));
  }
  const auto& found = exact.empty() ? any : exact;
  if (found.empty()) return nullptr;
  return found.size() == 1 ? found.front() : found[random_.below(found.size())];
}

void NetworkWorld::crash(Host& host) {
  host.up = false;
  note(Happened::crashed, host, host);
  std::vector<std::uint32_t> numbers;
  for (const auto& [number, socket] : sockets_) {
    if (&socket->host() == &host) numbers.push_back(number);
  }
  for (const std::uint32_t number : numbers) {
    if (VirtualSocket* socket = find(number)) socket->crash();
  }
  std::erase_if(ports_, [&](const auto& each) { return std::get<0>(each.first) == host.index; });
  std::erase_if(paths_, [&](const auto& each) { return each.first.first == host.index; });
}

std::size_t NetworkWorld::reset(const Host& a, const Host& b) {
  std::vector<std::uint32_t> numbers;
  for (const auto& each : sockets_) {
    StreamSocket* socket = find_stream(each.first);
    if (!socket) continue;
    const bool between = (&socket->host() == &a && socket->connected_to(b)) ||
                         (&socket->host() == &b && socket->connected_to(a));
    if (between) numbers.push_back(each.first);
  }
  for (const std::uint32_t number : numbers) {
    if (StreamSocket* socket = find_stream(number)) socket->fail(ECONNRESET, Happened::reset);
  }
  return (numbers.size() + 1) / 2;
}

std::size_t NetworkWorld::open_sockets() const noexcept { return sockets_.size(); }

std::size_t NetworkWorld::buffered() const noexcept {
  std::size_t all = 0;
  for (const auto& each : sockets_) all += each.second->buffered();
  return all;
}

int NetworkWorld::open_socket(int family, int type) noexcept {
  return guarded([&]() -> int {
    if (detail::running_loop && detail::running_loop->impl().poller.uring()) return -EOPNOTSUPP;
    Host& host = here();
    if (!host.up) return -ENETDOWN;
    const bool stream = type == sys::kTypeStream;
    VirtualSocket& made = stream ? static_cast<VirtualSocket&>(make<StreamSocket>(host, family))
                                 : static_cast<VirtualSocket&>(make<DatagramSocket>(host, family));
    return descriptor(made);
  });
}

int NetworkWorld::open_socket_pair(int type, int fds[2]) noexcept {
  return guarded([&]() -> int {
    fds[0] = open_socket(sys::kFamilyUnix, type);
    if (fds[0] < 0) return fds[0];
    fds[1] = open_socket(sys::kFamilyUnix, type);
    if (fds[1] < 0) return fds[1];
    if (type == sys::kTypeStream) {
      StreamSocket::join(static_cast<StreamSocket&>(*of(fds[0])),
                         static_cast<StreamSocket&>(*of(fds[1])));
    } else {
      DatagramSocket::join(static_cast<DatagramSocket&>(*of(fds[0])),
                           static_cast<DatagramSocket&>(*of(fds[1])));
    }
    return 0;
  });
}

void NetworkWorld::close(int fd) noexcept {
  guarded([&] {
    if (VirtualSocket* socket = of(fd)) socket->close();
    return 0;
  });
}

int NetworkWorld::bind(int fd, const sys::Address& address) noexcept {
  VirtualSocket* socket = of(fd);
  return socket ? guarded([&] { return socket->bind(address); }) : -EBADF;
}
int NetworkWorld::listen(int fd, int backlog) noexcept {
  VirtualSocket* socket = of(fd);
  return socket ? guarded([&] { return socket->listen(backlog); }) : -EBADF;
}
int NetworkWorld::connect(int fd, const sys::Address& address) noexcept {
  VirtualSocket* socket = of(fd);
  return socket ? guarded([&] { return socket->connect(address); }) : -EBADF;
}
int NetworkWorld::accept(int fd, sys::Address& peer) noexcept {
  VirtualSocket* socket = of(fd);
  return socket ? guarded([&] { return socket->accept(peer); }) : -EBADF;
}
long NetworkWorld::receive(int fd, void* data, std::size_t size, sys::Address* from,
                           bool peek) noexcept {
  VirtualSocket* socket = of(fd);
  if (!socket) return -EBADF;
  return guarded([&] { return socket->receive(static_cast<char*>(data), size, from, peek); });
}
long NetworkWorld::send(int fd, std::string_view bytes, const sys::Address* to) noexcept {
  VirtualSocket* socket = of(fd);
  return socket ? guarded([&] { return socket->send(bytes, to); }) : -EBADF;
}
int NetworkWorld::shutdown_write(int fd) noexcept {
  VirtualSocket* socket = of(fd);
  return socket ? guarded([&] { return socket->shutdown_write(); }) : -EBADF;
}
void NetworkWorld::disconnect(int fd) noexcept {
  guarded([&] {
    VirtualSocket* socket = of(fd);
    StreamSocket* stream = socket ? find_stream(socket->number()) : nullptr;
    if (stream) stream->fail(ECONNRESET, Happened::reset);
    return 0;
  });
}
int NetworkWorld::local_address(int fd, sys::Address& out) noexcept {
  const VirtualSocket* socket = of(fd);
  if (!socket) return -EBADF;
  out = socket->local();
  return 0;
}
int NetworkWorld::peer_address(int fd, sys::Address& out) noexcept {
  const VirtualSocket* socket = of(fd);
  return socket ? socket->peer_address(out) : -EBADF;
}
int NetworkWorld::get_option(int fd, sys::Option option, int& value) noexcept {
  VirtualSocket* socket = of(fd);
  return socket ? socket->get_option(option, value) : -EBADF;
}
int NetworkWorld::set_option(int fd, sys::Option option, int value) noexcept {
  VirtualSocket* socket = of(fd);
  return socket ? socket->set_option(option, value) : -EBADF;
}
int NetworkWorld::change_group(int fd, const sys::Address& group, bool join) noexcept {
  VirtualSocket* socket = of(fd);
  return socket ? guarded([&] { return socket->change_group(group, join); }) : -EBADF;
}
sys::FileKind NetworkWorld::kind_of(int fd) noexcept {
  const VirtualSocket* socket = of(fd);
  if (!socket) return sys::FileKind::other;
  return socket->type() == sys::kTypeStream ? sys::FileKind::stream_socket
                                            : sys::FileKind::packet_socket;
}
int NetworkWorld::watch(int fd, std::uint64_t tag) noexcept {
  VirtualSocket* socket = of(fd);
  return socket ? guarded([&] { return socket->watch(tag); }) : -EBADF;
}
void NetworkWorld::unwatch(int fd) noexcept {
  if (VirtualSocket* socket = of(fd)) socket->unwatch();
}

void NetworkWorld::remove_socket_file(std::string_view path, std::uint64_t inode) noexcept {
  const auto found = paths_.find(Path(current_host(), std::string(path)));
  if (found != paths_.end() && (inode == 0 || found->second == inode)) paths_.erase(found);
}
std::uint64_t NetworkWorld::inode_of(std::string_view path) noexcept {
  const auto found = paths_.find(Path(current_host(), std::string(path)));
  return found == paths_.end() ? 0 : found->second;
}

int NetworkWorld::look_up(const sys::AddressQuestion& question,
                          std::vector<sys::FoundAddress>& found) {
  return topology_.look_up(question, found);
}
int NetworkWorld::look_up_name(const sys::Address& address, sys::NameFlags flags, std::string& host,
                               std::string& service) {
  return topology_.look_up_name(address, flags, host, service);
}

}  // namespace hob::testing
