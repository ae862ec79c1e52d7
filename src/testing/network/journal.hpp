// SPDX-License-Identifier: MIT
// Journal: what happened in a simulated network, for people and for comparing runs.
#pragma once

#include "testing/network/agenda.hpp"

#include <hob/testing/network.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace hob::testing {

enum class Happened : std::uint8_t {
  opened,
  closed,
  connecting,
  connected,
  refused,
  timed_out,
  backlog_full,
  segment,
  ended,  // FIN
  reset,
  sent_again,
  datagram,
  dropped,
  duplicated,
  cut,
  healed,
  crashed,
  restarted,
};

class Journal {
 public:
  explicit Journal(std::size_t keep) noexcept : keep_(keep) {}

  /// A socket by its number, 0 for none, and its host.
  struct Place {
    std::uint32_t host = 0;
    std::uint32_t socket = 0;
  };
  struct Entry {
    Time when;
    Happened what;
    Place from;
    Place to;
    std::uint64_t size;
  };
  void note(const Entry& entry);
  std::uint64_t fingerprint() const noexcept { return hash_; }
  /// A line for each; hosts by their names.
  std::string text(const std::vector<std::string>& hosts) const;

  NetworkStatistics statistics;

 private:
  void mix(std::uint64_t value) noexcept;

  std::size_t keep_;
  std::deque<Entry> entries_;
  std::uint64_t hash_ = 0xCBF29CE484222325;
};

}  // namespace hob::testing
