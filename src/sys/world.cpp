// SPDX-License-Identifier: MIT
#include "sys/world.hpp"

namespace hob::sys {
namespace {

constinit thread_local World* world = nullptr;

}  // namespace

void install_world(World* installed) noexcept { world = installed; }
World* installed_world() noexcept { return world; }

World& world_of_descriptors() noexcept {
  class Nowhere final : public World {};
  static constinit Nowhere nowhere;
  return world ? *world : nowhere;
}

}  // namespace hob::sys
