// The descriptors of cuDNN's graph interface on the processor.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "fake_cudnn_sums.h"

namespace flambeau::cuda::dnn::graph::fake {

inline constexpr Status kNull = static_cast<Status>(2002);
inline constexpr Status kMisaligned = static_cast<Status>(2003);
inline constexpr Status kNotFinalized = static_cast<Status>(2004);
inline constexpr Status kWrongType = static_cast<Status>(2010);

// The engines. Those that the decision tree names come first, in this order.
enum EngineId { kWithTensorCores, kNarrow, kUnordered, kPlain, kForAnything };

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

// Where a convolution's operation has its attributes: alpha, beta, convolution, w, x, y; of
// gradients of weights dw, x, dy.
enum Places { kPlaceConvolution = 2, kPlaceW, kPlaceX, kPlaceY };
Attribute attribute_of(DescriptorType type, int place);

// What cuDNN has, too.
Status create(DescriptorType type, Descriptor* descriptor);
Status destroy(Descriptor descriptor);
Status set(Descriptor descriptor, Attribute attribute, ValueType type, int64_t count,
           const void* values);
// Checks what was set, and that it fits together (fake_cudnn_finalize.cc).
Status finalize(Descriptor descriptor);

}  // namespace flambeau::cuda::dnn::graph::fake
