// The N-API surface: what the `cuda` namespace of src/ is made of, and the table for core.
#include <node_api.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <string>

#include "arguments.h"
#include "border.h"
#include "compile.h"
#include "cudnn_graph.h"
#include "graph.h"
#include "kernels.h"
#include "memory.h"
#include "properties.h"
#include "settings.h"
#include "stream.h"
#include "streams.h"

namespace flambeau::cuda {
namespace {

// Every exported function runs in here: a C++ exception becomes a JavaScript error with a code,
// never a crash or a null result.
template <napi_value (*Body)(Arguments&)>
napi_value guarded(napi_env env, napi_callback_info info) noexcept {
  try {
    Arguments arguments(env, info);
    return Body(arguments);
  } catch (const OutOfMemory& lack) {
    napi_throw_error(env, "ERR_OUT_OF_MEMORY", lack.text.c_str());
  } catch (const Failure& e) {
    napi_throw_error(env, e.code(), e.what());
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, "ERR_OUT_OF_MEMORY", "the memory of the processor is used up");
  } catch (const std::exception& e) {
    napi_throw_error(env, "ERR_NATIVE", e.what());
  } catch (...) {
    napi_throw_error(env, "ERR_NATIVE", "unknown native failure");
  }
  return nullptr;
}

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

// --- streams ---

napi_value new_stream(Arguments& a) { return a.number(take_stream(a.int_at(0), a.int_at(1))); }
napi_value get_current_stream(Arguments& a) {
  check_device(a.int_at(0));
  return a.number(number_of(a.int_at(0), stream_in_use(a.int_at(0))));
}
napi_value get_default_stream(Arguments& a) {
  check_device(a.int_at(0));
  return a.number(number_of(a.int_at(0), default_stream(a.int_at(0))));
}
napi_value set_stream(Arguments& a) {
  const NumberedStream s = stream_with(a.int_at(0));
  set_current_stream(s.device, s.stream);
  return nullptr;
}
// streamInfo(stream) -> [device, priority]
napi_value stream_info(Arguments& a) {
  const NumberedStream s = stream_with(a.int_at(0));
  return a.list({a.number(s.device), a.number(s.priority)});
}
napi_value stream_query(Arguments& a) {
  refuse_while_capturing("Stream.query");
  const NumberedStream s = stream_with(a.int_at(0));
  use_device(s.device);
  const cudaError_t state = cudaStreamQuery(s.stream);
  if (state == cudaErrorNotReady) {
    cudaGetLastError();
    return a.boolean(false);
  }
  check(state, "cudaStreamQuery");
  return a.boolean(true);
}
napi_value stream_synchronize(Arguments& a) {
  const NumberedStream s = stream_with(a.int_at(0));
  synchronize_stream(s.device, s.stream, "Stream.synchronize");
  return nullptr;
}
napi_value run_priority_range(Arguments& a) {
  check_device(a.int_at(0));
  const auto [least, greatest] = priority_range(a.int_at(0));
  return a.list({a.number(least), a.number(greatest)});
}

// --- events ---

Event& event_at(Arguments& a, size_t i) { return a.held_at<Event>(i, Held::kEvent); }

napi_value new_event(Arguments& a) {
  return a.hold(Held::kEvent, std::make_unique<Event>(a.bool_at(0)));
}
napi_value event_record(Arguments& a) {
  const NumberedStream s = stream_with(a.int_at(1));
  event_at(a, 0).record(s.device, s.stream);
  return nullptr;
}
napi_value event_wait(Arguments& a) {
  const NumberedStream s = stream_with(a.int_at(1));
  event_at(a, 0).wait(s.device, s.stream);
  return nullptr;
}
napi_value event_query(Arguments& a) { return a.boolean(event_at(a, 0).query()); }
napi_value event_synchronize(Arguments& a) {
  event_at(a, 0).synchronize();
  return nullptr;
}
napi_value event_elapsed(Arguments& a) { return a.number(event_at(a, 0).elapsed(event_at(a, 1))); }

// --- graphs ---

Graph& graph_at(Arguments& a) { return a.held_at<Graph>(0, Held::kGraph); }

napi_value new_graph(Arguments& a) { return a.hold(Held::kGraph, std::make_unique<Graph>()); }
napi_value graph_begin(Arguments& a) {
  const NumberedStream s = stream_with(a.int_at(1));
  graph_at(a).begin(s.device, s.stream, a.int_at(2) != 0);
  return nullptr;
}
napi_value graph_end(Arguments& a) {
  graph_at(a).end();
  return a.number(static_cast<double>(graph_at(a).nodes()));
}
// graphFused(graph) -> [kernels, operations]
napi_value graph_fused(Arguments& a) {
  const Graph::Fused& fused = graph_at(a).fused();
  return a.list({a.number(fused.kernels), a.number(fused.operations)});
}
// whyNotFused() -> why operations cannot be fused, or an empty text
napi_value why_not_fused(Arguments& a) { return a.text(fusion::why_unavailable()); }
napi_value graph_abandon(Arguments& a) {
  graph_at(a).abandon();
  return nullptr;
}
napi_value graph_reset(Arguments& a) {
  refuse_while_capturing("CUDAGraph.reset");
  graph_at(a).reset();
  return nullptr;
}
napi_value graph_replay(Arguments& a) {
  const NumberedStream s = stream_with(a.int_at(1));
  graph_at(a).replay(s.stream);
  return nullptr;
}
// graphDraws(graph) -> generator, counters, generator, counters, …
napi_value graph_draws(Arguments& a) {
  napi_value list = a.list({});
  for (const auto& [generator, draws] : graph_at(a).draws()) {
    a.push(list, a.number(generator));
    a.push(list, a.number(static_cast<double>(draws.counters)));
  }
  return list;
}
// graphPlace(graph, generator, seed, offset, stream)
napi_value graph_place(Arguments& a) {
  graph_at(a).place(a.int_at(1), a.uint64_at(2), a.uint64_at(3), stream_with(a.int_at(4)).stream);
  return nullptr;
}
napi_value graph_live(Arguments& a) { return a.number(graph_at(a).live_count()); }
// graphParams(graph, index, Float64Array)
napi_value graph_params(Arguments& a) {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(a.env(), a.value(2), &type, &length, &data, nullptr, nullptr) !=
          napi_ok ||
      type != napi_float64_array)
    throw Failure("ERR_INTERNAL", "an argument must be a Float64Array");
  graph_at(a).set_params(a.int_at(1), static_cast<const double*>(data), static_cast<int>(length));
  return nullptr;
}
napi_value is_capturing(Arguments& a) { return a.boolean(recording() != nullptr); }

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

struct Export {
  const char* name;
  napi_callback function;
};

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
    {"newStream", guarded<new_stream>},
    {"currentStream", guarded<get_current_stream>},
    {"defaultStream", guarded<get_default_stream>},
    {"setStream", guarded<set_stream>},
    {"streamInfo", guarded<stream_info>},
    {"streamQuery", guarded<stream_query>},
    {"streamSynchronize", guarded<stream_synchronize>},
    {"priorityRange", guarded<run_priority_range>},
    {"newEvent", guarded<new_event>},
    {"eventRecord", guarded<event_record>},
    {"eventWait", guarded<event_wait>},
    {"eventQuery", guarded<event_query>},
    {"eventSynchronize", guarded<event_synchronize>},
    {"eventElapsed", guarded<event_elapsed>},
    {"newGraph", guarded<new_graph>},
    {"graphBegin", guarded<graph_begin>},
    {"graphEnd", guarded<graph_end>},
    {"graphFused", guarded<graph_fused>},
    {"whyNotFused", guarded<why_not_fused>},
    {"graphAbandon", guarded<graph_abandon>},
    {"graphReset", guarded<graph_reset>},
    {"graphReplay", guarded<graph_replay>},
    {"graphDraws", guarded<graph_draws>},
    {"graphPlace", guarded<graph_place>},
    {"graphLive", guarded<graph_live>},
    {"graphParams", guarded<graph_params>},
    {"isCapturing", guarded<is_capturing>},
    {"hostKernels", guarded<host_operations>},
    {"kernelNames", guarded<kernel_names>},
    {"setting", guarded<get_setting>},
    {"setSetting", guarded<put_setting>},
    {"convolutions", guarded<convolutions>},
};

}  // namespace

napi_value initialise(napi_env env, napi_value exports) {
  for (const Export& one : kExports) {
    napi_value function;
    if (napi_create_function(env, one.name, NAPI_AUTO_LENGTH, one.function, nullptr, &function) !=
            napi_ok ||
        napi_set_named_property(env, exports, one.name, function) != napi_ok)
      return nullptr;
  }
  return exports;
}

}  // namespace flambeau::cuda

NAPI_MODULE_INIT() { return flambeau::cuda::initialise(env, exports); }
