// What core's kernels are here: numbers, kernels of the device, and those left to the processor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "call.h"

namespace flambeau::cuda {

struct KnownKernel {
  std::string name;
  const KernelRegistry::Registered* here = nullptr;  // null: there is none
  bool on_host = false;
};

// Takes over core's numbers. The same names again change nothing; others throw ERR_DEVICE.
void connect_kernels(const FlambeauHost* host, const char* const* names, int32_t count);
const FlambeauHost& host();
// Lets core give back what nobody can reach any more; nothing before connect_kernels.
void collect_garbage();
// By core's number. Throws ERR_DEVICE before connect_kernels.
const std::vector<KnownKernel>& known_kernels();

// A kernel that the processor runs on copies, and why.
struct HostKernel {
  const char* name;
  const char* reason;
};
const std::vector<HostKernel>& host_kernels();

}  // namespace flambeau::cuda
