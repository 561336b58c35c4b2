// How cuDNN's older functions compute convolutions of certain sizes, in one layout.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "conv_cudnn.h"

namespace flambeau::cuda {

// Descriptors, and the algorithms that may be taken. Threads may share it.
struct ConvPlan {
  dnn::TensorDesc x = nullptr, y = nullptr, bias = nullptr;
  dnn::FilterDesc w = nullptr;
  dnn::ConvolutionDesc convolution = nullptr;
  dnn::ActivationDesc identity = nullptr;
  std::vector<dnn::Candidate> candidates;  // the best first
  std::atomic<size_t> next = 0;            // those before turned out not to be supported
  std::atomic<bool> adds_bias = true;      // with kPrecomputedGemm
  double milliseconds = 0;                 // of the best, if measured, with copies

  ConvPlan();
  ConvPlan(const ConvPlan&) = delete;
  ConvPlan& operator=(const ConvPlan&) = delete;
  ~ConvPlan();
  bool has_candidate() const { return next < candidates.size(); }
};

// The plan for `images` of a convolution's images; made, if there is none yet, by what the library
// expects of its algorithms, or by running them where they are to be `measured`.
std::shared_ptr<ConvPlan> conv_plan(const CudnnConvolution& c, dnn::Format format, int64_t images,
                                    bool measured);

}  // namespace flambeau::cuda
