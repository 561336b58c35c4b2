// cuDNN's graph interface on the processor: descriptors that take what the library's take and
// refuse what it refuses, for graphs of one convolution and a bias. Of the engines that it names
// some are made to refuse late, or to compute otherwise than is asked for, so that callers must
// choose.
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "fake_cudnn_sums.h"
#include "libraries/cudnn_graph.h"

namespace flambeau::cuda::dnn::graph {

namespace {

constexpr Status kNull = static_cast<Status>(2002);
constexpr Status kMisaligned = static_cast<Status>(2003);
constexpr Status kNotFinalized = static_cast<Status>(2004);
constexpr Status kWrongType = static_cast<Status>(2010);
constexpr int64_t kWorkspace = 512;

// The engines. Those that the decision tree names come first, in this order.
enum EngineId { kWithTensorCores, kNarrow, kUnordered, kPlain, kForAnything };

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

struct Value {
  ValueType type;
  int64_t count;
  std::vector<char> bytes;
};

// A convolution with its pass, and the bias that is added.
struct Graph {
  Pass pass;
  Links links;
  int64_t alignments[3];  // of x, w, y
  bool has_bias = false;
  int64_t bias_alignment = 1;
};

struct Node {
  DescriptorType type;
  bool finalized = false;
  std::map<Attribute, Value> values;
  // Results of what was finalized; shared, since descriptors may be destroyed in any order.
  std::shared_ptr<Graph> graph;
  std::vector<EngineId> found;     // of kHeuristics
  EngineId engine = kForAnything;  // of configurations, engines and plans

  template <class T>
  const T* list(Attribute attribute, int64_t* count = nullptr) const {
    const auto there = values.find(attribute);
    if (there == values.end()) return nullptr;
    if (count) *count = there->second.count;
    return reinterpret_cast<const T*>(there->second.bytes.data());
  }
  template <class T>
  T one(Attribute attribute, T otherwise) const {
    const T* const found_one = list<T>(attribute);
    return found_one ? *found_one : otherwise;
  }
  const Node* part(Attribute attribute) const {
    return static_cast<const Node*>(one<Descriptor>(attribute, nullptr));
  }
};

size_t size_of(ValueType type) {
  switch (type) {
    case kBoolValue: return 1;
    case kHandleValue:
    case kInt64Value:
    case kDoubleValue:
    case kPointerValue:
    case kDescriptorValue: return 8;
    default: return 4;
  }
}

// What an attribute belongs to, and the type of its values.
struct Rule {
  DescriptorType owner;
  ValueType type;
};

const std::map<Attribute, Rule>& rules() {
  static const std::map<Attribute, Rule> map = {
      {kPointwiseMode, {kPointwise, kPointwiseModeValue}},
      {kPointwisePrecision, {kPointwise, kTypeValue}},
      {kConvolutionPrecision, {graph::kConvolution, kTypeValue}},
      {graph::kConvolutionMode, {graph::kConvolution, kModeValue}},
      {kDilations, {graph::kConvolution, kInt64Value}},
      {graph::kStrides, {graph::kConvolution, kInt64Value}},
      {kPadsAfter, {graph::kConvolution, kInt64Value}},
      {kPadsBefore, {graph::kConvolution, kInt64Value}},
      {kAxes, {graph::kConvolution, kInt64Value}},
      {graph::kHeuristicsMode, {kHeuristics, kHeuristicsModeValue}},
      {kHeuristicsOperations, {kHeuristics, kDescriptorValue}},
      {kPlanHandle, {kPlan, kHandleValue}},
      {kPlanConfig, {kPlan, kDescriptorValue}},
      {kPointwiseDescriptor, {kPointwiseOperation, kDescriptorValue}},
      {kPointwiseX, {kPointwiseOperation, kDescriptorValue}},
      {kPointwiseB, {kPointwiseOperation, kDescriptorValue}},
      {kPointwiseY, {kPointwiseOperation, kDescriptorValue}},
      {kOperationsHandle, {kOperations, kHandleValue}},
      {kOperationsList, {kOperations, kDescriptorValue}},
      {kTensorAlignment, {kTensor, kInt64Value}},
      {kTensorType, {kTensor, kTypeValue}},
      {kTensorSizes, {kTensor, kInt64Value}},
      {kTensorStrides, {kTensor, kInt64Value}},
      {kTensorId, {kTensor, kInt64Value}},
      {kTensorVirtual, {kTensor, kBoolValue}},
      {kPointersIds, {kPointers, kInt64Value}},
      {kPointersData, {kPointers, kPointerValue}},
      {kPointersWorkspace, {kPointers, kPointerValue}}};
  return map;
}

bool is_convolution(DescriptorType type) {
  return type == kForward || type == kInputGrad || type == kWeightGrad;
}

// The place of an attribute of a convolution's operation: alpha, beta, convolution, w, x, y.
int place_of(DescriptorType type, Attribute attribute) {
  const int first = type == kForward      ? kForwardAlpha
                    : type == kInputGrad  ? kInputGradAlpha
                    : type == kWeightGrad ? kWeightGradAlpha
                                          : attribute + 1;
  return attribute >= first && attribute < first + 6 ? attribute - first : -1;
}

Attribute attribute_of(DescriptorType type, int place) {
  return static_cast<Attribute>((type == kForward     ? kForwardAlpha
                                 : type == kInputGrad ? kInputGradAlpha
                                                      : kWeightGradAlpha) +
                                place);
}

// The places of w, x and y among an operation's attributes; of gradients of weights, dw, x and dy.
enum Places { kPlaceConvolution = 2, kPlaceW, kPlaceX, kPlaceY };

Status create(DescriptorType type, Descriptor* descriptor) {
  if (!descriptor) return kNull;
  *descriptor = new Node{type, false, {}, nullptr, {}, kForAnything};
  return kSuccess;
}

Status destroy(Descriptor descriptor) {
  delete static_cast<Node*>(descriptor);
  return kSuccess;
}

Status set(Descriptor descriptor, Attribute attribute, ValueType type, int64_t count,
           const void* values) {
  if (!descriptor || !values) return kNull;
  Node& node = *static_cast<Node*>(descriptor);
  if (node.finalized || count < 1) return kBadParam;
  if (const int place = place_of(node.type, attribute); place >= 0) {
    const bool is_number = place < kPlaceConvolution;
    if (is_number ? type != kFloatValue && type != kDoubleValue : type != kDescriptorValue)
      return kWrongType;
  } else {
    const auto rule = rules().find(attribute);
    if (rule == rules().end() || rule->second.owner != node.type) return kNotSupported;
    if (rule->second.type != type) return kWrongType;
  }
  if (type == kDescriptorValue)
    for (int64_t i = 0; i < count; ++i) {
      const auto* const part = static_cast<const Node* const*>(values)[i];
      if (!part) return kNull;
      if (!part->finalized) return kNotFinalized;
    }
  const auto* const bytes = static_cast<const char*>(values);
  node.values[attribute] = {
      type, count, {bytes, bytes + static_cast<size_t>(count) * size_of(type)}};
  return kSuccess;
}

Status finalize_tensor(const Node& node) {
  int64_t sizes = 0, strides = 0;
  const auto* const size = node.list<int64_t>(kTensorSizes, &sizes);
  const auto* const stride = node.list<int64_t>(kTensorStrides, &strides);
  const int64_t alignment = node.one<int64_t>(kTensorAlignment, 0);
  if (!size || !stride || sizes != strides || sizes > kMaxAxes) return kBadParam;
  if (!node.list<int64_t>(kTensorId) || !node.list<Type>(kTensorType)) return kBadParam;
  for (int64_t i = 0; i < sizes; ++i)
    if (size[i] < 1 || stride[i] < 1) return kBadParam;
  const Type type = node.one(kTensorType, kFloat32);
  const int64_t item = type == kFloat64 ? 8 : type == kFloat32 ? 4 : 2;
  return alignment < 1 || alignment % item != 0 ? kBadParam : kSuccess;
}

Status finalize_convolution(const Node& node) {
  const auto axes = node.one<int64_t>(kAxes, 0);
  if (axes < 1 || axes > 3 || !node.list<Type>(kConvolutionPrecision)) return kBadParam;
  if (!node.list<Mode>(graph::kConvolutionMode)) return kBadParam;
  for (Attribute attribute : {kDilations, graph::kStrides, kPadsBefore, kPadsAfter}) {
    int64_t count = 0;
    const auto* const numbers = node.list<int64_t>(attribute, &count);
    const bool is_pad = attribute == kPadsBefore || attribute == kPadsAfter;
    if (!numbers || count != axes) return kBadParam;
    for (int64_t i = 0; i < axes; ++i)
      if (numbers[i] < (is_pad ? 0 : 1)) return kBadParam;
  }
  return kSuccess;
}

template <class Desc>
Desc described(const Node& tensor) {
  Desc desc;
  int64_t dims = 0;
  const auto* const sizes = tensor.list<int64_t>(kTensorSizes, &dims);
  const auto* const strides = tensor.list<int64_t>(kTensorStrides);
  desc.type = tensor.one(kTensorType, kFloat32);
  desc.dims = static_cast<int>(dims);
  std::copy_n(sizes, dims, desc.sizes);
  std::copy_n(strides, dims, desc.strides);
  return desc;
}

// The convolution of an operation; BAD_PARAM where its parts do not fit together.
Status read_operation(const Node& operation, Graph& graph) {
  const auto part = [&](int place) { return operation.part(attribute_of(operation.type, place)); };
  const Node* const tensors[] = {part(kPlaceX), part(kPlaceW), part(kPlaceY)};
  const Node* const convolution = part(kPlaceConvolution);
  for (const Node* tensor : tensors)
    if (!tensor || tensor->type != kTensor) return kBadParam;
  if (!convolution || convolution->type != graph::kConvolution) return kBadParam;
  graph.pass = operation.type == kForward     ? Pass::kForward
               : operation.type == kInputGrad ? Pass::kInputGrad
                                              : Pass::kWeightGrad;
  Links& links = graph.links;
  links.x = described<OpaqueTensor>(*tensors[0]);
  links.w = described<OpaqueFilter>(*tensors[1]);
  links.y = described<OpaqueTensor>(*tensors[2]);
  for (int i = 0; i < 3; ++i) graph.alignments[i] = tensors[i]->one<int64_t>(kTensorAlignment, 1);
  links.w.format = links.w.strides[1] == 1 && links.w.sizes[1] > 1 ? kChannelsLast : kRowMajor;
  int64_t step = 1;  // a weight of one place, or of one channel, is stored both ways
  for (int axis = 2; axis < links.w.dims; ++axis) step *= links.w.sizes[axis];
  if (step == 1 || links.w.sizes[1] == 1)
    links.w.format = links.x.sizes[1] == 1 || links.x.strides[1] == 1 ? kChannelsLast : kRowMajor;
  links.c.dims = static_cast<int>(convolution->one<int64_t>(kAxes, 0));
  links.c.mode = convolution->one(graph::kConvolutionMode, dnn::kConvolution);
  links.c.compute = convolution->one(kConvolutionPrecision, kFloat32);
  for (int i = 0; i < links.c.dims; ++i) {
    links.c.pads[i] = convolution->list<int64_t>(kPadsBefore)[i];
    links.c.strides[i] = convolution->list<int64_t>(graph::kStrides)[i];
    links.c.dilations[i] = convolution->list<int64_t>(kDilations)[i];
    if (convolution->list<int64_t>(kPadsAfter)[i] != links.c.pads[i]) return kNotSupported;
  }
  if (links.x.sizes[1] % links.w.sizes[1] != 0) return kBadParam;
  links.c.groups = static_cast<int>(links.x.sizes[1] / links.w.sizes[1]);
  return sizes_fit(links.x, links.w, links.c, links.y) ? kSuccess : kBadParam;
}

// alpha and beta, which are double for double alone.
Status check_numbers(const Node& operation, Type type) {
  for (int place : {0, 1}) {
    const auto there = operation.values.find(attribute_of(operation.type, place));
    if (there == operation.values.end()) return kBadParam;
    if (there->second.type != (type == kFloat64 ? kDoubleValue : kFloatValue)) return kBadParam;
    const double value = type == kFloat64
                             ? *operation.list<double>(attribute_of(operation.type, place))
                             : *operation.list<float>(attribute_of(operation.type, place));
    if (value != (place == 0 ? 1 : 0)) return kNotSupported;
  }
  return kSuccess;
}

Status finalize_addition(const Node& node) {
  for (Attribute attribute : {kPointwiseDescriptor, kPointwiseX, kPointwiseB, kPointwiseY})
    if (!node.part(attribute)) return kBadParam;
  const auto x = described<OpaqueTensor>(*node.part(kPointwiseX));
  const auto b = described<OpaqueTensor>(*node.part(kPointwiseB));
  const auto y = described<OpaqueTensor>(*node.part(kPointwiseY));
  if (x.dims != y.dims || b.dims != y.dims) return kBadParam;
  for (int i = 0; i < y.dims; ++i)
    if (x.sizes[i] != y.sizes[i] || (b.sizes[i] != y.sizes[i] && b.sizes[i] != 1)) return kBadParam;
  return kSuccess;
}

// Reads what the graph computes: a convolution of one type, and a bias that is added to it.
Status finalize_graph(Node& node) {
  int64_t count = 0;
  const auto* const list = node.list<Node*>(kOperationsList, &count);
  if (!list || !node.one<Handle>(kOperationsHandle, nullptr)) return kBadParam;
  if (count > 2 || !is_convolution(list[0]->type)) return kNotSupported;
  Graph graph;
  if (const Status status = read_operation(*list[0], graph); status != kSuccess) return status;
  const Type type = graph.links.x.type;
  if (const Status status = check_numbers(*list[0], type); status != kSuccess) return status;
  const Node* const y = list[0]->part(attribute_of(list[0]->type, kPlaceY));
  if (count == 2) {
    const Node& addition = *list[1];
    if (addition.type != kPointwiseOperation || addition.part(kPointwiseX) != y ||
        graph.pass != Pass::kForward || !y->one<bool>(kTensorVirtual, false))
      return kNotSupported;
    const Node* const result = addition.part(kPointwiseY);
    const Node* const bias = addition.part(kPointwiseB);
    if (y->one(kTensorType, type) != graph.links.c.compute) return kNotSupported;
    graph.links.y = described<OpaqueTensor>(*result);
    graph.alignments[2] = result->one<int64_t>(kTensorAlignment, 1);
    graph.has_bias = true;
    graph.bias_alignment = bias->one<int64_t>(kTensorAlignment, 1);
    const auto b = described<OpaqueTensor>(*bias);
    if (b.type != type || b.sizes[1] != graph.links.y.sizes[1]) return kNotSupported;
    for (int i = 0; i < b.dims; ++i)
      if (i != 1 && b.sizes[i] != 1) return kNotSupported;
  } else if (y->one<bool>(kTensorVirtual, false)) {
    return kBadParam;
  }
  const Links& links = graph.links;
  if (links.w.type != type || links.y.type != type) return kNotSupported;
  if (links.c.compute != (type == kFloat64 ? kFloat64 : kFloat32)) return kNotSupported;
  if (links.c.mode != kCrossCorrelation || !layouts_fit(links.x, links.w, links.y))
    return kNotSupported;
  node.graph = std::make_shared<Graph>(graph);
  return kSuccess;
}

Status finalize_heuristics(Node& node) {
  const Node* const operations = node.part(kHeuristicsOperations);
  if (!operations || !node.list<HeuristicsMode>(graph::kHeuristicsMode)) return kBadParam;
  node.graph = operations->graph;
  const Links& links = node.graph->links;
  // Refused here so that our own ways are tested: a bias of volumes, dilated volumes.
  const bool is_volume = links.c.dims == 3;
  if (is_volume && (node.graph->has_bias || links.c.dilations[2] > 1)) return kNotSupported;
  if (node.one(graph::kHeuristicsMode, kDecisionTree) == kWhateverWorks) {
    node.found = {kForAnything};
    return kSuccess;
  }
  if (links.x.type != kFloat64) node.found = {kWithTensorCores, kNarrow};
  node.found.push_back(kUnordered);
  node.found.push_back(kPlain);
  return kSuccess;
}

Status finalize(Descriptor descriptor) {
  if (!descriptor) return kNull;
  Node& node = *static_cast<Node*>(descriptor);
  Status status = kSuccess;
  Graph ignored;
  switch (node.type) {
    case kTensor: status = finalize_tensor(node); break;
    case graph::kConvolution: status = finalize_convolution(node); break;
    case kForward:
    case kInputGrad:
    case kWeightGrad: status = read_operation(node, ignored); break;
    case kPointwise:
      if (!node.list<PointwiseMode>(kPointwiseMode) || !node.list<Type>(kPointwisePrecision))
        status = kBadParam;
      break;
    case kPointwiseOperation: status = finalize_addition(node); break;
    case kOperations: status = finalize_graph(node); break;
    case kHeuristics: status = finalize_heuristics(node); break;
    case kPlan: {
      const Node* const config = node.part(kPlanConfig);
      if (!config || !node.one<Handle>(kPlanHandle, nullptr)) return kBadParam;
      node.graph = config->graph;
      node.engine = config->engine;
      // One that is named but does not take odd numbers of channels after all.
      if (node.engine == kWithTensorCores && node.graph->links.w.sizes[0] % 2 != 0)
        status = kNotSupported;
      break;
    }
    case kPointers: {
      int64_t ids = 0, pointers = 0;
      if (!node.list<int64_t>(kPointersIds, &ids) || !node.list<void*>(kPointersData, &pointers) ||
          ids != pointers)
        status = kBadParam;
      break;
    }
    default: status = kBadParam;  // those that the library makes
  }
  node.finalized = status == kSuccess;
  return status;
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
  const auto is_aligned = [](const void* pointer, int64_t bytes) {
    return reinterpret_cast<uintptr_t>(pointer) % static_cast<uintptr_t>(bytes) == 0;
  };
  if (!is_aligned(x, graph.alignments[0]) || !is_aligned(w, graph.alignments[1]) ||
      !is_aligned(y, graph.alignments[2]) ||
      (graph.has_bias && !is_aligned(bias, graph.bias_alignment)))
    return kMisaligned;
  if (node.engine != kForAnything && !pack.one<void*>(kPointersWorkspace, nullptr)) return kNull;
  const bool tf32 = node.engine == kWithTensorCores;
  const bool narrows = node.engine == kNarrow;
  return enqueue(handle, [=] {
    const Links& links = graph.links;
    std::vector<double> sums = graph.pass == Pass::kForward ? forward_sums(links, x, w, tf32)
                               : graph.pass == Pass::kInputGrad
                                   ? input_grad_sums(links, w, y, tf32)
                                   : weight_grad_sums(links, x, y, tf32);
    if (narrows)
      for (double& sum : sums) sum = 0;  // whoever takes it sees it
    if (graph.has_bias) dnn::add_bias(links, sums, links.y.type, bias, 1);
    switch (graph.pass) {
      case Pass::kForward: return store(links.y, y, 1, 0, sums, used_by(links.y));
      case Pass::kInputGrad: return store(links.x, x, 1, 0, sums, used_by(links.x));
      case Pass::kWeightGrad: return store(links.w, w, 1, 0, sums, used_by(links.w));
    }
  });
}

}  // namespace

Functions fake_functions() { return {create, destroy, finalize, set, get, execute}; }

}  // namespace flambeau::cuda::dnn::graph
