// SPDX-License-Identifier: MIT
#include "testing/network/journal.hpp"

#include <cstdio>
#include <string>
#include <vector>

namespace hob::testing {
namespace {

const char* word(Happened what) noexcept {
  switch (what) {
    case Happened::opened:
      return "opened";
    case Happened::closed:
      return "closed";
    case Happened::connecting:
      return "connecting";
    case Happened::connected:
      return "connected";
    case Happened::refused:
      return "refused";
    case Happened::timed_out:
      return "timed out";
    case Happened::backlog_full:
      return "backlog full";
    case Happened::segment:
      return "bytes";
    case Happened::ended:
      return "end";
    case Happened::reset:
      return "reset";
    case Happened::sent_again:
      return "sent again";
    case Happened::datagram:
      return "datagram";
    case Happened::dropped:
      return "dropped";
    case Happened::duplicated:
      return "duplicated";
    case Happened::cut:
      return "cut";
    case Happened::healed:
      return "healed";
    case Happened::crashed:
      return "crashed";
    case Happened::restarted:
      return "restarted";
  }
  return "";
}

}  // namespace

void Journal::note(const Entry& entry) {
  mix(static_cast<std::uint64_t>(entry.when));
  mix(static_cast<std::uint64_t>(entry.what));
  for (const Place& place : {entry.from, entry.to})
    mix(static_cast<std::uint64_t>(place.host) << 32 | place.socket);
  mix(entry.size);
  if (keep_ == 0) return;
  if (entries_.size() == keep_) entries_.pop_front();
  entries_.push_back(entry);
}

// FNV-1a, a word at a time.
void Journal::mix(std::uint64_t value) noexcept {
  hash_ = (hash_ ^ value) * 0x100000001B3;
  hash_ ^= hash_ >> 32;
}

std::string Journal::text(const std::vector<std::string>& hosts) const {
  const auto name = [&hosts](const Place& place) {
    return hosts[place.host] + (place.socket ? '#' + std::to_string(place.socket) : "");
  };
  std::string all;
  for (const Entry& entry : entries_) {
    char time[32];
    std::snprintf(time, sizeof time, "%.6f ", static_cast<double>(entry.when) / 1e9);
    all += time + name(entry.from) + " -> " + name(entry.to) + ": " + word(entry.what);
    all += entry.size ? ' ' + std::to_string(entry.size) + '\n' : "\n";
  }
  return all;
}

}  // namespace hob::testing
