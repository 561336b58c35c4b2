// What a device is like, read once.
#pragma once

#include <cstddef>
#include <string>

namespace flambeau::cuda {

struct Properties {
  std::string name;
  std::string bus;  // on PCI
  int major = 0;    // compute capability
  int minor = 0;
  int multiprocessors = 0;
  int threads_per_multiprocessor = 0;
  int threads_per_block = 0;
  int blocks_per_multiprocessor = 0;
  int registers_per_multiprocessor = 0;
  int warp = 32;
  size_t shared_per_block = 0;       // without asking
  size_t shared_per_block_most = 0;  // with cudaFuncAttributeMaxDynamicSharedMemorySize
  size_t shared_per_multiprocessor = 0;
  size_t l2_bytes = 0;
  size_t memory_bytes = 0;
  bool integrated = false;
  bool memory_pools = false;
};

// The properties of device `index`; throws ERR_VALUE where there is no such device.
const Properties& properties_of(int index);

}  // namespace flambeau::cuda
