#include "cudnn_graph.h"

#include <mutex>
#include <utility>

#include "failure.h"
#include "lost.h"

namespace flambeau::cuda::dnn::graph {

namespace {

// Names of the tensors of a graph.
enum Id : int64_t { kIdX = 1, kIdW, kIdY, kIdSums, kIdBias };

template <class T>
void set(const Owned& descriptor, Attribute attribute, ValueType type, const T* values,
         int64_t count = 1) {
  check(functions().set(descriptor.get(), attribute, type, count, values),
        "cudnnBackendSetAttribute");
}

void set_descriptor(const Owned& descriptor, Attribute attribute, const Owned& value) {
  const Descriptor pointer = value.get();
  set(descriptor, attribute, kDescriptorValue, &pointer);
}

struct Refusal {
  std::mutex mutex;
  std::string text;
};

Refusal& refusal() {
  static auto* last = new Refusal();  // never destroyed
  return *last;
}

// Did a call succeed? If not, why it did not is kept: the caller has another way.
bool accepted(Status status, const char* what) {
  if (status == kSuccess) return true;
  std::string text = failure_text(status, what);
  Refusal& last = refusal();
  const std::lock_guard lock(last.mutex);
  last.text = std::move(text);
  return false;
}

bool accepted(const Owned& descriptor, const char* what) {
  return accepted(functions().finalize(descriptor.get()), what);
}

// Descriptors of parts that fit together: that one is not accepted is a fault of ours.
void finalize(const Owned& descriptor) {
  check(functions().finalize(descriptor.get()), "cudnnBackendFinalize");
}

Owned tensor(int64_t id, Type type, const Place& place, int axes, bool is_virtual = false) {
  Owned made(kTensor);
  set(made, kTensorId, kInt64Value, &id);
  set(made, kTensorType, kTypeValue, &type);
  set(made, kTensorSizes, kInt64Value, place.sizes, axes);
  set(made, kTensorStrides, kInt64Value, place.strides, axes);
  set(made, kTensorAlignment, kInt64Value, &place.alignment);
  if (is_virtual) set(made, kTensorVirtual, kBoolValue, &is_virtual);
  finalize(made);
  return made;
}

Owned convolution_of(const Convolution& c, Type precision) {
  Owned made(kConvolution);
  const int64_t axes = c.axes - 2;
  const Mode mode = kCrossCorrelation;
  set(made, kAxes, kInt64Value, &axes);
  set(made, kConvolutionPrecision, kTypeValue, &precision);
  set(made, graph::kConvolutionMode, kModeValue, &mode);
  set(made, kPadsBefore, kInt64Value, c.pads, axes);
  set(made, kPadsAfter, kInt64Value, c.pads, axes);
  set(made, graph::kStrides, kInt64Value, c.strides, axes);
  set(made, kDilations, kInt64Value, c.dilations, axes);
  finalize(made);
  return made;
}

// An operation of a pass, and its attributes, which begin at `first`.
struct Operation {
  DescriptorType type;
  Attribute alpha, beta, convolution, w, x, y;
};

constexpr Operation kOperationOf[] = {
    {kForward, kForwardAlpha, kForwardBeta, kForwardConvolution, kForwardW, kForwardX, kForwardY},
    {kInputGrad, kInputGradAlpha, kInputGradBeta, kInputGradConvolution, kInputGradW, kInputGradDx,
     kInputGradDy},
    {kWeightGrad, kWeightGradAlpha, kWeightGradBeta, kWeightGradConvolution, kWeightGradDw,
     kWeightGradX, kWeightGradDy}};

}  // namespace

Owned::Owned(DescriptorType type) {
  check(functions().create(type, &descriptor_), "cudnnBackendCreateDescriptor");
}

Owned& Owned::operator=(Owned&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Owned::~Owned() {
  if (descriptor_) functions().destroy(descriptor_);
}

Engines::Engines(Handle handle, const Convolution& c, const Limits& limits)
    : type_(c.type), has_bias_(c.has_bias), limits_(limits), operations_(kOperations) {
  const Type precision = c.type == kFloat64 ? kFloat64 : kFloat32;
  const auto keep = [this](Owned part) -> const Owned& {
    parts_.push_back(std::move(part));
    return parts_.back();
  };
  parts_.reserve(9);  // the most there are: references stay what they are
  std::vector<Descriptor> list;
  const Operation& names = kOperationOf[static_cast<int>(c.pass)];
  const Owned& x = keep(tensor(kIdX, c.type, c.x, c.axes));
  const Owned& w = keep(tensor(kIdW, c.type, c.w, c.axes));
  // What a bias is added to stays in the precision of the sums; it has no pointer, but is described
  // as if it had one.
  Place sums = c.y;
  sums.alignment = sizeof(double);
  const Owned& y = keep(c.has_bias ? tensor(kIdSums, precision, sums, c.axes, true)
                                   : tensor(kIdY, c.type, c.y, c.axes));
  const Owned& convolution = keep(convolution_of(c, precision));
  const Owned& operation = keep(Owned(names.type));
  const float one = 1, zero = 0;
  const double wide_one = 1, wide_zero = 0;
  if (c.type == kFloat64) {
    set(operation, names.alpha, kDoubleValue, &wide_one);
    set(operation, names.beta, kDoubleValue, &wide_zero);
  } else {
    set(operation, names.alpha, kFloatValue, &one);
    set(operation, names.beta, kFloatValue, &zero);
  }
  set_descriptor(operation, names.convolution, convolution);
  set_descriptor(operation, names.w, w);
  set_descriptor(operation, names.x, x);
  set_descriptor(operation, names.y, y);
  finalize(operation);
  list.push_back(operation.get());
  if (c.has_bias) {
    Place place = c.y;
    place.alignment = c.bias_alignment;
    for (int axis = 0; axis < c.axes; ++axis) {
      if (axis != 1) place.sizes[axis] = 1;
      place.strides[axis] = axis == 1 ? 1 : place.sizes[1];
    }
    const Owned& bias = keep(tensor(kIdBias, c.type, place, c.axes));
    const Owned& result = keep(tensor(kIdY, c.type, c.y, c.axes));
    const Owned& pointwise = keep(Owned(kPointwise));
    const PointwiseMode mode = kAdd;
    set(pointwise, kPointwiseMode, kPointwiseModeValue, &mode);
    set(pointwise, kPointwisePrecision, kTypeValue, &precision);
    finalize(pointwise);
    const Owned& addition = keep(Owned(kPointwiseOperation));
    set_descriptor(addition, kPointwiseDescriptor, pointwise);
    set_descriptor(addition, kPointwiseX, y);
    set_descriptor(addition, kPointwiseB, bias);
    set_descriptor(addition, kPointwiseY, result);
    finalize(addition);
    list.push_back(addition.get());
  }
  set(operations_, kOperationsHandle, kHandleValue, &handle);
  set(operations_, kOperationsList, kDescriptorValue, list.data(),
      static_cast<int64_t>(list.size()));
  // What fails from here on leaves fewer engines, or none: the caller has another way then, which
  // says what is wrong if there is more to it.
  if (accepted(operations_, "cudnnBackendFinalize of a graph")) {
    ask(kDecisionTree);
  } else {
    asked_all_ = true;
  }
}

void Engines::ask(HeuristicsMode mode) {
  const Functions& f = functions();
  const Owned heuristics(kHeuristics);
  set_descriptor(heuristics, kHeuristicsOperations, operations_);
  set(heuristics, graph::kHeuristicsMode, kHeuristicsModeValue, &mode);
  if (!accepted(heuristics, "cudnnBackendFinalize of heuristics")) return;
  int64_t count = 0;
  check(f.get(heuristics.get(), kHeuristicsResults, kDescriptorValue, 0, &count, nullptr),
        "cudnnBackendGetAttribute");
  std::vector<Owned> found;
  std::vector<Descriptor> list;
  for (int64_t i = 0; i < count; ++i) {
    found.emplace_back(kEngineConfig);
    list.push_back(found.back().get());
  }
  if (count > 0)
    check(f.get(heuristics.get(), kHeuristicsResults, kDescriptorValue, count, &count, list.data()),
          "cudnnBackendGetAttribute");
  found.resize(static_cast<size_t>(count));
  for (Owned& config : found)
    if (may_take(config.get())) configs_.push_back(std::move(config));
}

bool Engines::may_take(Descriptor config) const {
  constexpr int64_t kMostNotes = 32;
  const Functions& f = functions();
  const Owned engine(kEngine);
  Descriptor descriptor = engine.get();
  int64_t count = 0;
  check(f.get(config, kConfigEngine, kDescriptorValue, 1, &count, &descriptor),
        "cudnnBackendGetAttribute");
  NumericalNote notes[kMostNotes];
  check(f.get(descriptor, kEngineNotes, kNoteValue, kMostNotes, &count, notes),
        "cudnnBackendGetAttribute");
  for (int64_t i = 0; i < count; ++i) {
    if (notes[i] == kNarrowsInputs || notes[i] == kNarrowsSums) return false;
    if (notes[i] == kTensorCores && type_ == kFloat32 && !limits_.tf32) return false;
    if (notes[i] == kNotRepeatable && limits_.repeatable) return false;
  }
  return true;
}

Plan Engines::next(Handle handle) {
  for (;;) {
    if (at_ == configs_.size()) {
      if (asked_all_) return {};
      asked_all_ = true;
      ask(kWhateverWorks);
      continue;
    }
    Plan plan = {Owned(kPlan), std::move(configs_[at_++]), 0, has_bias_};
    set(plan.descriptor, kPlanHandle, kHandleValue, &handle);
    set_descriptor(plan.descriptor, kPlanConfig, plan.config);
    if (!accepted(plan.descriptor, "cudnnBackendFinalize of a plan")) continue;
    int64_t count = 0;
    check(functions().get(plan.descriptor.get(), kPlanWorkspace, kInt64Value, 1, &count,
                          &plan.workspace_bytes),
          "cudnnBackendGetAttribute");
    if (plan.workspace_bytes <= limits_.workspace_bytes) return plan;
  }
}

bool Plan::run(Handle handle, const Operands& operands) const {
  int64_t ids[] = {kIdX, kIdW, kIdY, kIdBias};
  const void* data[] = {operands.x, operands.w, operands.y, operands.bias};
  const int64_t count = has_bias ? 4 : 3;
  const Owned pointers(kPointers);
  set(pointers, kPointersIds, kInt64Value, ids, count);
  set(pointers, kPointersData, kPointerValue, data, count);
  set(pointers, kPointersWorkspace, kPointerValue, &operands.workspace);
  finalize(pointers);
  const Status status = functions().execute(handle, descriptor.get(), pointers.get());
  if (accepted(status, "cudnnBackendExecute")) return true;
  // Other engines would fail, too, each after it has been compiled.
  if (!why_lost().empty()) check(status, "cudnnBackendExecute");
  return false;
}

std::string last_refusal() {
  Refusal& last = refusal();
  const std::lock_guard lock(last.mutex);
  return last.text;
}

}  // namespace flambeau::cuda::dnn::graph
