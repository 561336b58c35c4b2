// What cuDNN checks when a descriptor is finalized.
#include <algorithm>

#include "fake_cudnn_nodes.h"

namespace flambeau::cuda::dnn::graph::fake {

namespace {

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

OpaqueTensor described(const Node& tensor) {
  OpaqueTensor desc;
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
  links.x = described(*tensors[0]);
  links.w = {described(*tensors[1]), kRowMajor};
  links.y = described(*tensors[2]);
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
  return links.sizes_fit() ? kSuccess : kBadParam;
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
  const auto x = described(*node.part(kPointwiseX));
  const auto b = described(*node.part(kPointwiseB));
  const auto y = described(*node.part(kPointwiseY));
  if (x.dims != y.dims || b.dims != y.dims) return kBadParam;
  for (int i = 0; i < y.dims; ++i)
    if (x.sizes[i] != y.sizes[i] || (b.sizes[i] != y.sizes[i] && b.sizes[i] != 1)) return kBadParam;
  return kSuccess;
}

bool is_convolution(DescriptorType type) {
  return type == kForward || type == kInputGrad || type == kWeightGrad;
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
    graph.links.y = described(*result);
    graph.alignments[2] = result->one<int64_t>(kTensorAlignment, 1);
    graph.has_bias = true;
    graph.bias_alignment = bias->one<int64_t>(kTensorAlignment, 1);
    const auto b = described(*bias);
    if (b.type != type || b.sizes[1] != graph.links.y.sizes[1]) return kNotSupported;
    for (int i = 0; i < b.dims; ++i)
      if (i != 1 && b.sizes[i] != 1) return kNotSupported;
  } else if (y->one<bool>(kTensorVirtual, false)) {
    return kBadParam;
  }
  const Links& links = graph.links;
  if (links.w.type != type || links.y.type != type) return kNotSupported;
  if (links.c.compute != (type == kFloat64 ? kFloat64 : kFloat32)) return kNotSupported;
  if (links.c.mode != kCrossCorrelation || !links.layouts_fit()) return kNotSupported;
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

}  // namespace

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

}  // namespace flambeau::cuda::dnn::graph::fake
