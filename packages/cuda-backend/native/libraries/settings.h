// What programs may choose about the libraries, and about how results are computed.
#pragma once

#include <atomic>
#include <cstdint>

namespace flambeau::cuda {

struct LibrarySettings {
  // May products and convolutions of float32 take the tensor cores, which read 10 bits of fraction?
  // The defaults are PyTorch's.
  std::atomic<bool> matmul_tf32{false};
  std::atomic<bool> cudnn_tf32{true};
  // Are the algorithms of a convolution timed on its first call (and their best one kept), or
  // chosen by what cuDNN expects?
  std::atomic<bool> cudnn_benchmark{false};
  // Are convolutions given to cuDNN's graph interface first, or to its older functions alone?
  std::atomic<bool> cudnn_graphs{true};
};

// Shared by all threads; a change counts for calls that begin afterwards.
LibrarySettings& library_settings();

// How many convolutions were computed in which way since the process began.
struct ConvolutionCounts {
  std::atomic<int64_t> graphs{0};     // by engines of cuDNN's graph interface
  std::atomic<int64_t> functions{0};  // by cuDNN's older functions
};

ConvolutionCounts& convolution_counts();

}  // namespace flambeau::cuda
