// Attributes of descriptors: which there are, and of which types.
#include "fake_cudnn_nodes.h"

namespace flambeau::cuda::dnn::graph::fake {

namespace {

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

// The place of an attribute of a convolution's operation: alpha, beta, convolution, w, x, y.
int place_of(DescriptorType type, Attribute attribute) {
  const int first = type == kForward      ? kForwardAlpha
                    : type == kInputGrad  ? kInputGradAlpha
                    : type == kWeightGrad ? kWeightGradAlpha
                                          : attribute + 1;
  return attribute >= first && attribute < first + 6 ? attribute - first : -1;
}

}  // namespace

Attribute attribute_of(DescriptorType type, int place) {
  return static_cast<Attribute>((type == kForward     ? kForwardAlpha
                                 : type == kInputGrad ? kInputGradAlpha
                                                      : kWeightGradAlpha) +
                                place);
}

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

}  // namespace flambeau::cuda::dnn::graph::fake
