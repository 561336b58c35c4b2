#include "kernels.h"

#include <algorithm>
#include <atomic>
#include <mutex>

namespace flambeau::cuda {

KernelRegistry& KernelRegistry::instance() {
  static auto* registry = new KernelRegistry();
  return *registry;
}

bool KernelRegistry::add(const char* name, Kernel kernel, KnowsTypes knows) {
  kernels_.push_back({name, kernel, knows});
  return true;
}

const KernelRegistry::Registered* KernelRegistry::find(const std::string& name) const {
  const auto at = std::find_if(kernels_.begin(), kernels_.end(),
                               [&](const Registered& kernel) { return kernel.name == name; });
  return at == kernels_.end() ? nullptr : &*at;
}

namespace {

struct Connection {
  std::mutex mutex;
  const FlambeauHost* host = nullptr;
  std::vector<KnownKernel> kernels;
  std::atomic<bool> made{false};
};

Connection& connection() {
  static auto* made = new Connection;
  return *made;
}

}  // namespace

void connect_kernels(const FlambeauHost* host, const char* const* names, int32_t count) {
  if (host->abi != FLAMBEAU_DEVICE_ABI)
    throw Failure("ERR_DEVICE", "the addon of core is for border version " +
                                    std::to_string(host->abi) + ", this one for " +
                                    std::to_string(FLAMBEAU_DEVICE_ABI));
  Connection& c = connection();
  const std::lock_guard lock(c.mutex);
  if (c.made) {
    bool same = host == c.host && static_cast<size_t>(count) == c.kernels.size();
    for (int32_t i = 0; same && i < count; ++i) same = c.kernels[i].name == names[i];
    if (!same) throw Failure("ERR_DEVICE", "another copy of core is connected to this addon");
    return;
  }
  for (int32_t i = 0; i < count; ++i) {
    KnownKernel kernel;
    kernel.name = names[i];
    kernel.here = KernelRegistry::instance().find(kernel.name);
    kernel.on_host = std::any_of(host_kernels().begin(), host_kernels().end(),
                                 [&](const HostKernel& k) { return kernel.name == k.name; });
    c.kernels.push_back(std::move(kernel));
  }
  c.host = host;
  c.made.store(true, std::memory_order_release);
}

const FlambeauHost& host() {
  known_kernels();
  return *connection().host;
}

void collect_garbage() {
  const Connection& c = connection();
  if (c.made.load(std::memory_order_acquire)) c.host->collect();
}

const std::vector<KnownKernel>& known_kernels() {
  Connection& c = connection();
  if (!c.made.load(std::memory_order_acquire))
    throw Failure("ERR_DEVICE", "core has not been connected");
  return c.kernels;
}

}  // namespace flambeau::cuda
