// cuDNN's graph interface, as far as convolutions need it: the kernels for newer GPUs are behind it
// alone. A convolution (and what is added to it) is described as a graph of operations; the library
// names engine configurations for it, the fastest first by what it knows of the device; of one of
// them a plan is made, which is run with pointers.
//
// Names, signatures and numbers are compared with NVIDIA's headers by tests/vendor_headers.cc; what
// the descriptors need, and in which order, was tried with cuDNN 9.24, which plans for a GPU that
// is described to it, without one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cudnn.h"

namespace flambeau::cuda::dnn::graph {

// cudnnBackendDescriptorType_t
enum DescriptorType : int {
  kPointwise = 0,
  kConvolution = 1,
  kEngine = 2,
  kEngineConfig = 3,
  kHeuristics = 4,
  kPlan = 5,
  kForward = 10,
  kWeightGrad = 11,
  kInputGrad = 12,
  kPointwiseOperation = 13,
  kOperations = 15,
  kPointers = 16,
  kTensor = 17
};

// cudnnBackendAttributeName_t, with the type of the values
enum Attribute : int {
  kPointwiseMode = 0,       // PointwiseMode
  kPointwisePrecision = 1,  // Type

  kConvolutionPrecision = 100,  // Type
  kConvolutionMode = 101,       // Mode
  kDilations = 102,             // int64_t for each axis of an image, as the next ones
  kStrides = 103,
  kPadsAfter = 104,
  kPadsBefore = 105,
  kAxes = 106,  // int64_t

  kHeuristicsMode = 200,        // HeuristicsMode
  kHeuristicsOperations = 201,  // Descriptor
  kHeuristicsResults = 202,     // Descriptor of kEngineConfig, several

  kConfigEngine = 300,  // Descriptor

  kPlanHandle = 400,     // Handle
  kPlanConfig = 401,     // Descriptor
  kPlanWorkspace = 402,  // int64_t, bytes

  // Of a forward pass; those of the other passes have the same order. alpha and beta are double for
  // double, else float.
  kForwardAlpha = 700,
  kForwardBeta = 701,
  kForwardConvolution = 702,  // Descriptor, as the next ones
  kForwardW = 703,
  kForwardX = 704,
  kForwardY = 705,
  kInputGradAlpha = 706,
  kInputGradBeta = 707,
  kInputGradConvolution = 708,
  kInputGradW = 709,
  kInputGradDx = 710,
  kInputGradDy = 711,
  kWeightGradAlpha = 712,
  kWeightGradBeta = 713,
  kWeightGradConvolution = 714,
  kWeightGradDw = 715,
  kWeightGradX = 716,
  kWeightGradDy = 717,

  kPointwiseDescriptor = 750,  // Descriptor, as the next ones
  kPointwiseX = 751,
  kPointwiseB = 752,
  kPointwiseY = 753,

  kOperationsHandle = 800,  // Handle
  kOperationsList = 801,    // Descriptor, several

  kTensorAlignment = 900,  // int64_t, bytes
  kTensorType = 901,       // Type
  kTensorSizes = 902,      // int64_t for each axis
  kTensorStrides = 903,    // the same, in elements
  kTensorId = 906,         // int64_t
  kTensorVirtual = 907,    // bool: is it only handed from operation to operation?

  kPointersIds = 1000,        // int64_t, several
  kPointersData = 1001,       // void*, as many
  kPointersWorkspace = 1003,  // void*

  kEngineNotes = 1303  // NumericalNote, several
};

// cudnnBackendAttributeType_t
enum ValueType : int {
  kHandleValue = 0,
  kTypeValue = 1,
  kBoolValue = 2,
  kInt64Value = 3,
  kFloatValue = 4,
  kDoubleValue = 5,
  kPointerValue = 6,
  kModeValue = 7,
  kHeuristicsModeValue = 8,
  kNoteValue = 11,
  kPointwiseModeValue = 14,
  kDescriptorValue = 15
};

// cudnnPointwiseMode_t
enum PointwiseMode : int { kAdd = 0 };

// cudnnBackendHeurMode_t: a decision tree, which answers at once; whatever works.
enum HeuristicsMode : int { kWhateverWorks = 2, kDecisionTree = 3 };

// cudnnBackendNumericalNote_t: what an engine does to numbers.
enum NumericalNote : int {
  kTensorCores = 0,    // float32 is read as TF32
  kNarrowsInputs = 1,  // float32 is read as a 16-bit type
  kNarrowsSums = 2,    // sums are not kept in the type that was asked for
  kNotRepeatable = 4   // results depend on the order in which blocks run
};

using Descriptor = void*;

struct Functions {
  Status (*create)(DescriptorType type, Descriptor* descriptor);
  Status (*destroy)(Descriptor descriptor);
  Status (*finalize)(Descriptor descriptor);
  Status (*set)(Descriptor descriptor, Attribute attribute, ValueType type, int64_t count,
                const void* values);
  // Where descriptors are asked for, `values` holds descriptors to be filled.
  Status (*get)(Descriptor descriptor, Attribute attribute, ValueType type, int64_t room,
                int64_t* count, void* values);
  Status (*execute)(Handle handle, Descriptor plan, Descriptor pointers);
};

// Opens cuDNN on first use, as dnn::functions() does.
const Functions& functions();
// On the emulated device: the same functions on the processor (emulation/fake_cudnn_graph.cc).
Functions fake_functions();

// --- convolutions ---

enum class Pass { kForward, kInputGrad, kWeightGrad };

inline constexpr int kMostAxes = 5;

// A tensor with as many axes as its convolution has, two of them for images and channels.
struct Place {
  int64_t sizes[kMostAxes];
  int64_t strides[kMostAxes];
  int64_t alignment;  // of pointers to it, in bytes
};

// x [n, c, …], w [o, c / groups, …], y [n, o, …]: the pass says which one is computed of the
// others.
struct Convolution {
  Pass pass;
  Type type;  // of all tensors; sums are float32, or float64 for float64
  int axes;   // 4 or 5
  Place x, w, y;
  bool has_bias;  // y += bias [o], of a forward pass
  int64_t bias_alignment;
  int64_t pads[3], strides[3], dilations[3];
};

// Which engines may be taken.
struct Limits {
  bool tf32;        // may float32 be read as TF32?
  bool repeatable;  // must results be the same from run to run?
  int64_t workspace_bytes;
};

struct Operands {
  void *x, *w, *y;
  const void* bias;
  void* workspace;
};

// A descriptor that is destroyed with its owner.
class Owned {
 public:
  Owned() = default;
  explicit Owned(DescriptorType type);
  Owned(Owned&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = nullptr; }
  Owned& operator=(Owned&& other) noexcept;
  ~Owned();
  Descriptor get() const { return descriptor_; }

 private:
  Descriptor descriptor_ = nullptr;
};

// A convolution and one engine that computes it. Threads may share it.
struct Plan {
  Owned descriptor;
  Owned config;  // what it was made of
  int64_t workspace_bytes = 0;
  bool has_bias = false;

  // False where the engine fails after all. `workspace` has at least workspace_bytes.
  bool run(Handle handle, const Operands& operands) const;
};

// The engines that the library names for a convolution on the device of a handle, the best first.
// Large (850 KB in cuDNN 9.24): not to be kept.
class Engines {
 public:
  Engines(Handle handle, const Convolution& convolution, const Limits& limits);
  // The plan for the next engine that takes the convolution within the limits; one without a
  // descriptor where there is none left.
  Plan next(Handle handle);

 private:
  void ask(HeuristicsMode mode);
  bool may_take(Descriptor config) const;

  Type type_;
  bool has_bias_;
  Limits limits_;
  std::vector<Owned> parts_;  // what the graph consists of
  Owned operations_;
  std::vector<Owned> configs_;
  size_t at_ = 0;
  bool asked_all_ = false;
};

// Why a graph or an engine was last passed over; empty where none was.
std::string last_refusal();

}  // namespace flambeau::cuda::dnn::graph
