// SPDX-License-Identifier: MIT
// Look-ups run in four threads of their own. A question that a loop has already asked and not got
// an answer to is not asked again: those who ask wait for the same task.
#include <hob/net/resolver.hpp>

#include "net/resolve.hpp"
#include "net/socket_state.hpp"
#include "stream/address.hpp"
#include "sys/fault.hpp"
#include "sys/process.hpp"
#include "sys/resolver.hpp"
#include "sys/world.hpp"

#include <hob/core/error.hpp>
#include <hob/executor/thread_pool.hpp>
#include <hob/loop/event_loop.hpp>
#include <hob/task/shield.hpp>
#include <hob/task/sleep.hpp>
#include <hob/task/task.hpp>
#include <hob/task/threads.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace hob {
namespace detail {
namespace {

using Found = std::vector<sys::FoundAddress>;

std::atomic<ThreadPoolExecutor*> threads{nullptr};

/// Never destroyed: a look-up may take half a minute, and a program that ends does not wait for it.
ThreadPoolExecutor& resolver_threads() {
  // A child of fork(2) has the pool, but not its threads.
  static const bool prepared =
      (sys::at_fork(nullptr, nullptr, [] { threads.store(nullptr); }), true);
  static_cast<void>(prepared);
  if (ThreadPoolExecutor* pool = threads.load()) return *pool;
  ThreadPoolOptions options;
  options.thread_name_prefix = "hob_dns";
  auto made = std::make_unique<ThreadPoolExecutor>(4, std::move(options));
  ThreadPoolExecutor* there = nullptr;
  if (threads.compare_exchange_strong(there, made.get())) there = made.release();
  return *there;
}

[[noreturn]] void raise(int code, const std::string& name) {
  throw GaiError(code, std::string(sys::resolver_error(code)) + ": " + name);
}

Found look_up_now(const sys::AddressQuestion& question, const sys::FaultLoan& faults) {
  const sys::FaultLoan::Scope scope(faults);
  Found found;
  const int code = sys::look_up(question, found);
  if (code != 0) raise(code, question.host.empty() ? question.service : question.host);
  return found;
}

/// The names of a simulated network are a table of this thread's: there is nothing to wait for but
/// the time that it is to take. When the network has gone meanwhile nobody else is asked: false.
Coro<bool> take_simulated_time() {
  const sys::World* world = sys::installed_world();
  if (world) co_await sleep(Duration::nanoseconds(world->look_up_ns()));
  co_return sys::installed_world() != nullptr;
}

/// A question that is under way.
struct LookUp {
  sys::AddressQuestion question;
  LoopCore* core;
  Task<std::shared_ptr<const Found>> task;
};
thread_local std::vector<LookUp> under_way;

Coro<std::shared_ptr<const Found>> ask(sys::AddressQuestion question, bool simulated) {
  struct Leave {
    const sys::AddressQuestion& question;
    LoopCore* core = &get_running_loop().core();
    ~Leave() {
      std::erase_if(under_way, [this](const LookUp& each) {
        return each.core == core && each.question == question;
      });
    }
  } const leave{question};
  if (simulated) {
    const bool is_there = co_await take_simulated_time();
    co_return std::make_shared<const Found>(is_there ? look_up_now(question, sys::FaultLoan())
                                                     : Found());
  }
  const auto job = resolver_threads().submit(&look_up_now, question, sys::FaultLoan());
  co_return std::make_shared<const Found>(co_await job);
}

Task<std::shared_ptr<const Found>> join(const sys::AddressQuestion& question) {
  LoopCore* core = &get_running_loop().core();
  // A task that was cancelled before it began has not left.
  std::erase_if(under_way, [](const LookUp& each) { return each.task.done(); });
  for (const LookUp& each : under_way) {
    if (each.core == core && each.question == question) return each.task;
  }
  auto task = create_task(ask(question, sys::installed_world() != nullptr));
  task.set_name("getaddrinfo " + question.host);
  under_way.push_back({question, core, task});
  return task;
}

Coro<std::vector<AddressInfo>> look_up_infos(sys::AddressQuestion question) {
  const auto found = co_await look_up(std::move(question));
  std::vector<AddressInfo> infos;
  for (const sys::FoundAddress& each : *found) {
    AddressInfo info;
    info.type = each.type == sys::kTypeDatagram ? SocketType::datagram : SocketType::stream;
    info.address = to_socket_address(each.address);
    info.canonname = each.canonname;
    infos.push_back(std::move(info));
  }
  co_return infos;
}

std::pair<std::string, std::string> look_up_name_now(const sys::Address& address,
                                                     sys::NameFlags flags,
                                                     const sys::FaultLoan& faults) {
  const sys::FaultLoan::Scope scope(faults);
  std::pair<std::string, std::string> names;
  const int code = sys::look_up_name(address, flags, names.first, names.second);
  if (code != 0) raise(code, to_socket_address(address).to_string());
  return names;
}

Coro<std::pair<std::string, std::string>> look_up_names(sys::Address address,
                                                        sys::NameFlags flags) {
  if (sys::installed_world()) {
    const bool is_there = co_await take_simulated_time();
    if (!is_there) raise(sys::kNameFail, to_socket_address(address).to_string());
    co_return look_up_name_now(address, flags, sys::FaultLoan());
  }
  const auto job = resolver_threads().submit(&look_up_name_now, address, flags, sys::FaultLoan());
  co_return co_await job;
}

}  // namespace

Coro<std::shared_ptr<const Found>> look_up(sys::AddressQuestion question) {
  const auto task = join(question);
  auto found = co_await shield(task);
  if (found->empty()) raise(sys::kNameFail, "the network is gone");
  co_return found;
}

}  // namespace detail

Coro<std::vector<AddressInfo>> getaddrinfo(Text host, Text service, AddressQuery query) {
  sys::AddressQuestion question;
  question.host.assign(host.data() ? host.data() : "", host.size());
  question.service.assign(service.data() ? service.data() : "", service.size());
  question.family = detail::family_of(query.family);
  question.type = query.type == SocketType::stream ? sys::kTypeStream : sys::kTypeDatagram;
  question.passive = query.passive;
  question.canonname = query.canonname;
  question.numeric_host = query.numeric_host;
  return detail::look_up_infos(std::move(question));
}

Coro<std::pair<std::string, std::string>> getnameinfo(const SocketAddress& address,
                                                      NameQuery query) {
  sys::NameFlags flags;
  flags.numeric_host = query.numeric_host;
  flags.numeric_service = query.numeric_service;
  flags.name_required = query.name_required;
  flags.datagram = query.datagram;
  return detail::look_up_names(detail::to_address(address), flags);
}

}  // namespace hob
