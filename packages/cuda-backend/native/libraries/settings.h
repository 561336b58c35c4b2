// What programs may choose about the libraries, and about how results are computed.
#pragma once

#include <atomic>

namespace flambeau::cuda {

struct LibrarySettings {
  // May products and convolutions of float32 take the tensor cores, which read 10 bits of fraction?
  std::atomic<bool> matmul_tf32{false};
  std::atomic<bool> cudnn_tf32{false};
  // Are the algorithms of a convolution timed on its first call (and their best one kept), or
  // chosen by what cuDNN expects?
  std::atomic<bool> cudnn_benchmark{false};
};

// Shared by all threads; a change counts for calls that begin afterwards.
LibrarySettings& library_settings();

}  // namespace flambeau::cuda
