// Devices and their memory, the kernels that there are, settings.
#include <atomic>
#include <cstdint>
#include <string>

#include "border.h"
#include "cudnn_graph.h"
#include "exports.h"
#include "graph.h"
#include "kernels.h"
#include "memory.h"
#include "properties.h"
#include "settings.h"
#include "stream.h"

namespace flambeau::cuda {

namespace {

// --- devices ---

// availability() -> { count, rule, fix }
napi_value availability(Arguments& a) {
  const int count = device_count();
  return a.object({{"count", a.number(count)},
                   {"rule", a.text(why_unavailable().rule)},
                   {"fix", a.text(why_unavailable().fix)}});
}

// device() -> an external for core, that of a FlambeauDevice
napi_value device(Arguments& a) {
  napi_value result;
  if (napi_create_external(a.env(), const_cast<FlambeauDevice*>(device_table()), nullptr, nullptr,
                           &result) != napi_ok)
    throw Failure("ERR_INTERNAL", "no external could be made");
  return result;
}

// versions() -> { driver, runtime, emulated }: 1000 * major + 10 * minor
napi_value versions(Arguments& a) {
  int driver = 0, runtime = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess) driver = 0;
  if (cudaRuntimeGetVersion(&runtime) != cudaSuccess) runtime = 0;
  cudaGetLastError();
#if defined(FLAMBEAU_EMULATED)
  const bool emulated = true;
#else
  const bool emulated = false;
#endif
  return a.object({{"driver", a.number(driver)},
                   {"runtime", a.number(runtime)},
                   {"emulated", a.boolean(emulated)}});
}

napi_value get_current_device(Arguments& a) { return a.number(current_device()); }
napi_value run_set_device(Arguments& a) {
  set_current_device(a.int_at(0));
  return nullptr;
}

napi_value properties(Arguments& a) {
  const Properties& p = properties_of(a.int_at(0));
  const auto bytes = [&](size_t n) { return a.number(static_cast<double>(n)); };
  return a.object({
      {"name", a.text(p.name)},
      {"major", a.number(p.major)},
      {"minor", a.number(p.minor)},
      {"totalMemory", bytes(p.memory_bytes)},
      {"multiProcessorCount", a.number(p.multiprocessors)},
      {"maxThreadsPerMultiProcessor", a.number(p.threads_per_multiprocessor)},
      {"maxThreadsPerBlock", a.number(p.threads_per_block)},
      {"regsPerMultiprocessor", a.number(p.registers_per_multiprocessor)},
      {"warpSize", a.number(p.warp)},
      {"sharedMemoryPerBlock", bytes(p.shared_per_block)},
      {"sharedMemoryPerBlockOptin", bytes(p.shared_per_block_most)},
      {"sharedMemoryPerMultiprocessor", bytes(p.shared_per_multiprocessor)},
      {"L2CacheSize", bytes(p.l2_bytes)},
      {"isIntegrated", a.boolean(p.integrated)},
      {"pciBusId", a.text(p.bus)},
  });
}

napi_value can_access_peer(Arguments& a) {
  check_device(a.int_at(0));
  check_device(a.int_at(1));
  int can = 0;
  check(cudaDeviceCanAccessPeer(&can, a.int_at(0), a.int_at(1)), "cudaDeviceCanAccessPeer");
  return a.boolean(can != 0);
}

napi_value run_synchronize(Arguments& a) {
  synchronize_device(a.int_at(0), "synchronize");
  return nullptr;
}

// --- memory ---

napi_value gauge(Arguments& a, const Gauge& g) {
  const auto n = [&](int64_t x) { return a.number(static_cast<double>(x)); };
  return a.list({n(g.current), n(g.peak), n(g.added), n(g.removed)});
}

// memoryStats(device) -> gauges as [current, peak, allocated, freed], and counts
napi_value memory_stats(Arguments& a) {
  const MemoryStats s = allocator_of(a.int_at(0)).stats();
  const auto n = [&](int64_t x) { return a.number(static_cast<double>(x)); };
  return a.object({{"allocatedBytes", gauge(a, s.allocated_bytes)},
                   {"requestedBytes", gauge(a, s.requested_bytes)},
                   {"activeBytes", gauge(a, s.active_bytes)},
                   {"reservedBytes", gauge(a, s.reserved_bytes)},
                   {"inactiveSplitBytes", gauge(a, s.split_bytes)},
                   {"allocation", gauge(a, s.allocations)},
                   {"smallAllocation", gauge(a, s.small_allocations)},
                   {"largeAllocation", gauge(a, s.large_allocations)},
                   {"segment", gauge(a, s.segments)},
                   {"smallSegment", gauge(a, s.small_segments)},
                   {"largeSegment", gauge(a, s.large_segments)},
                   {"retries", n(s.retries)},
                   {"outOfMemory", n(s.out_of_memory)},
                   {"limitBytes", n(s.limit_bytes)},
                   {"totalBytes", n(s.total_bytes)}});
}

// memGetInfo(device) -> [free, total]
napi_value memory_info(Arguments& a) {
  check_device(a.int_at(0));
  use_device(a.int_at(0));
  size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return a.list({a.number(static_cast<double>(free)), a.number(static_cast<double>(total))});
}

napi_value run_empty_cache(Arguments& a) {
  refuse_while_capturing("emptyCache");
  allocator_of(a.int_at(0)).empty_cache();
  return nullptr;
}
napi_value reset_peaks(Arguments& a) {
  allocator_of(a.int_at(0)).reset_peaks();
  return nullptr;
}
// setLimit(device, bytes); Infinity: what there is
napi_value set_limit(Arguments& a) {
  const double bytes = a.number_at(1);
  allocator_of(a.int_at(0))
      .set_limit(bytes >= 0 && bytes < 1e18 ? static_cast<size_t>(bytes) : SIZE_MAX);
  return nullptr;
}

// --- kernels and settings ---

// hostKernels() -> name, reason, name, reason, …
napi_value host_operations(Arguments& a) {
  napi_value list = a.list({});
  for (const HostKernel& kernel : host_kernels()) {
    a.push(list, a.text(kernel.name));
    a.push(list, a.text(kernel.reason));
  }
  return list;
}
napi_value kernel_names(Arguments& a) {
  napi_value list = a.list({});
  for (const auto& kernel : KernelRegistry::instance().all()) a.push(list, a.text(kernel.name));
  return list;
}

// setting(name) -> its value
std::atomic<bool>* setting_named(const std::string& name) {
  LibrarySettings& settings = library_settings();
  if (name == "matmulTf32") return &settings.matmul_tf32;
  if (name == "cudnnTf32") return &settings.cudnn_tf32;
  if (name == "cudnnBenchmark") return &settings.cudnn_benchmark;
  throw Failure("ERR_INTERNAL", "there is no setting '" + name + "'");
}
napi_value get_setting(Arguments& a) {
  const std::string name = a.text_at(0);
  return a.boolean(name == "deterministic" ? deterministic() : setting_named(name)->load());
}
napi_value put_setting(Arguments& a) {
  const std::string name = a.text_at(0);
  if (name == "deterministic") {
    set_deterministic(a.bool_at(1));
  } else {
    setting_named(name)->store(a.bool_at(1));
  }
  return nullptr;
}

// convolutions() -> { engines, functions, refusal, version }: how many were computed in which way,
// why an engine was last passed over, by which cuDNN; throws where there is none
napi_value convolutions(Arguments& a) {
  const ConvolutionCounts& counts = convolution_counts();
  return a.object({{"engines", a.number(static_cast<double>(counts.graphs))},
                   {"functions", a.number(static_cast<double>(counts.functions))},
                   {"refusal", a.text(dnn::graph::last_refusal())},
                   {"version", a.number(static_cast<double>(dnn::functions().version()))}});
}

constexpr Export kExports[] = {
    {"availability", guarded<availability>},
    {"device", guarded<device>},
    {"versions", guarded<versions>},
    {"currentDevice", guarded<get_current_device>},
    {"setDevice", guarded<run_set_device>},
    {"properties", guarded<properties>},
    {"canAccessPeer", guarded<can_access_peer>},
    {"synchronize", guarded<run_synchronize>},
    {"memoryStats", guarded<memory_stats>},
    {"memoryInfo", guarded<memory_info>},
    {"emptyCache", guarded<run_empty_cache>},
    {"resetPeaks", guarded<reset_peaks>},
    {"setLimit", guarded<set_limit>},
    {"hostKernels", guarded<host_operations>},
    {"kernelNames", guarded<kernel_names>},
    {"setting", guarded<get_setting>},
    {"setSetting", guarded<put_setting>},
    {"convolutions", guarded<convolutions>},
};

}  // namespace

std::span<const Export> device_exports() { return kExports; }

}  // namespace flambeau::cuda
