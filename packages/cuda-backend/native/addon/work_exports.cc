// Streams, events and graphs.
#include <memory>

#include "compile.h"
#include "exports.h"
#include "graph.h"
#include "stream.h"
#include "streams.h"

namespace flambeau::cuda {

namespace {

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

constexpr Export kExports[] = {
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
};

}  // namespace

std::span<const Export> work_exports() { return kExports; }

}  // namespace flambeau::cuda
