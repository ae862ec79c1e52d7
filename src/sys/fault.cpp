// SPDX-License-Identifier: MIT
#include "sys/fault.hpp"

#include "sys/world.hpp"

namespace hob::sys {
namespace {

constinit thread_local World* world = nullptr;

}  // namespace

constinit thread_local bool interposed = false;
constinit thread_local FaultPlan* fault_plan = nullptr;

void install_fault_plan(FaultPlan* plan) noexcept {
  fault_plan = plan;
  interposed = fault_plan || world;
}

void install_world(World* installed) noexcept {
  world = installed;
  interposed = fault_plan || world;
}

World* installed_world() noexcept { return world; }

World& world_of_descriptors() noexcept {
  class Nowhere final : public World {};
  static constinit Nowhere nowhere;
  return world ? *world : nowhere;
}

}  // namespace hob::sys
