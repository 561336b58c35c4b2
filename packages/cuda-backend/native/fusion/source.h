// The text of a kernel that does what a plan says, and its argument.
#pragma once

#include <string>
#include <vector>

#include "chain.h"

namespace flambeau::cuda::fusion {

// device/fused.h says the same.
inline constexpr int kFusedThreads = 256;

struct KernelText {
  std::string source;  // of a kernel `fused`; depends on the structure only, so that plans share it
  int vector;          // places that a thread computes
};
KernelText write_kernel(const Plan& plan);
// The bytes of its FusedArguments (device/fused.h).
std::vector<char> pack_arguments(const Plan& plan);

}  // namespace flambeau::cuda::fusion
