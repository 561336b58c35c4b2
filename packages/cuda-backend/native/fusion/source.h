// The text of a kernel that does what plans say, each in blocks of its own, and its argument.
#pragma once

#include <string>
#include <vector>

#include "chain.h"

namespace flambeau::cuda::fusion {

// device/fused.h says the same.
inline constexpr int kFusedThreads = 256;

struct KernelText {
  std::string source;  // of a kernel `fused`; depends on the structure only, so that plans share it
  unsigned blocks;     // to be launched, of kFusedThreads threads
};
KernelText write_kernel(const std::vector<Plan>& plans);
// The bytes of its FusedArguments (device/fused.h).
std::vector<char> pack_arguments(const std::vector<Plan>& plans);

}  // namespace flambeau::cuda::fusion
