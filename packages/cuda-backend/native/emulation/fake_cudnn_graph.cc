// cuDNN's graph interface on the processor: descriptors that take what the library's take and
// refuse what it refuses, for graphs of one convolution and a bias. Of the engines that it names
// some are made to refuse late, or to compute otherwise than is asked for, so that callers must
// choose.
#include <algorithm>
#include <array>

#include "fake_cudnn_nodes.h"
#include "fake_library.h"

namespace flambeau::cuda::dnn::graph {

namespace fake {

namespace {

constexpr int64_t kWorkspace = 512;

struct Engine {
  EngineId id;
  std::vector<NumericalNote> notes;
};

const Engine& engine_of(EngineId id) {
  static const std::array<Engine, 5> engines = {{{kWithTensorCores, {kTensorCores}},
                                                 {kNarrow, {kNarrowsSums}},
                                                 {kUnordered, {kNotRepeatable}},
                                                 {kPlain, {}},
                                                 {kForAnything, {}}}};
  return engines[id];
}

template <class T>
Status give(const std::vector<T>& all, int64_t room, int64_t* count, void* values) {
  if (!count) return kNull;
  if (room == 0) {
    *count = static_cast<int64_t>(all.size());
    return kSuccess;
  }
  *count = std::min(room, static_cast<int64_t>(all.size()));
  std::copy_n(all.begin(), *count, static_cast<T*>(values));
  return kSuccess;
}

Status get(Descriptor descriptor, Attribute attribute, ValueType type, int64_t room, int64_t* count,
           void* values) {
  if (!descriptor || !count || (room > 0 && !values)) return kNull;
  const Node& node = *static_cast<Node*>(descriptor);
  if (!node.finalized) return kNotFinalized;
  if (node.type == kHeuristics && attribute == kHeuristicsResults && type == kDescriptorValue) {
    *count = static_cast<int64_t>(node.found.size());
    if (room == 0) return kSuccess;
    *count = std::min(room, *count);
    for (int64_t i = 0; i < *count; ++i) {
      Node* const config = static_cast<Node**>(values)[i];
      if (!config || config->type != kEngineConfig) return kBadParam;
      config->graph = node.graph;
      config->engine = node.found[static_cast<size_t>(i)];
      config->finalized = true;
    }
    return kSuccess;
  }
  if (node.type == kEngineConfig && attribute == kConfigEngine && type == kDescriptorValue) {
    Node* const engine = *static_cast<Node**>(values);
    if (!engine || engine->type != kEngine) return kBadParam;
    engine->engine = node.engine;
    engine->finalized = true;
    *count = 1;
    return kSuccess;
  }
  if (node.type == kEngine && attribute == kEngineNotes && type == kNoteValue)
    return give(engine_of(node.engine).notes, room, count, values);
  if (node.type == kPlan && attribute == kPlanWorkspace && type == kInt64Value)
    return give(std::vector<int64_t>{node.engine == kForAnything ? 0 : kWorkspace}, room, count,
                values);
  return kNotSupported;
}

Status execute(Handle handle, Descriptor plan, Descriptor pointers) {
  if (!handle || !plan || !pointers) return kNull;
  const Node& node = *static_cast<Node*>(plan);
  const Node& pack = *static_cast<Node*>(pointers);
  if (!node.finalized || !pack.finalized) return kNotFinalized;
  const Graph graph = *node.graph;
  // An engine that refuses when it runs.
  if (node.engine == kUnordered && graph.links.c.groups > 1) return kNotSupported;
  int64_t count = 0;
  const auto* const ids = pack.list<int64_t>(kPointersIds, &count);
  const auto* const data = pack.list<char*>(kPointersData);
  // Tensors are told apart by the numbers that the caller gave them: x, w, y, sums, bias.
  char* found[5] = {};
  for (int64_t i = 0; i < count; ++i)
    if (ids[i] >= 1 && ids[i] <= 5) found[ids[i] - 1] = data[i];
  char *const x = found[0], *const w = found[1], *const y = found[2], *const bias = found[4];
  if (!x || !w || !y || (graph.has_bias && !bias)) return kNull;
  if (!is_aligned(x, graph.alignments[0]) || !is_aligned(w, graph.alignments[1]) ||
      !is_aligned(y, graph.alignments[2]) ||
      (graph.has_bias && !is_aligned(bias, graph.bias_alignment)))
    return kMisaligned;
  if (node.engine != kForAnything && !pack.one<void*>(kPointersWorkspace, nullptr)) return kNull;
  Work work = {graph.links, graph.pass, x, w, y, node.engine == kWithTensorCores};
  if (graph.has_bias) work.bias = bias;
  work.spoils = node.engine == kNarrow;  // whoever takes it sees it
  return work.enqueue(handle);
}

}  // namespace

}  // namespace fake

Functions fake_functions() {
  using namespace fake;
  return {create, destroy, finalize, set, get, execute};
}

}  // namespace flambeau::cuda::dnn::graph
