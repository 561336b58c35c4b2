#include "properties.h"

#include <mutex>

#include "device_abi.h"
#include "launch.h"
#include "stream.h"

namespace flambeau::cuda {

namespace {

Properties read_properties(int index) {
  cudaDeviceProp from;
  check(cudaGetDeviceProperties(&from, index), "cudaGetDeviceProperties");
  Properties to;
  to.name = from.name;
  char bus[32] = {};
  check(cudaDeviceGetPCIBusId(bus, sizeof bus, index), "cudaDeviceGetPCIBusId");
  to.bus = bus;
  to.major = from.major;
  to.minor = from.minor;
  to.multiprocessors = from.multiProcessorCount;
  to.threads_per_multiprocessor = from.maxThreadsPerMultiProcessor;
  to.threads_per_block = from.maxThreadsPerBlock;
  to.blocks_per_multiprocessor = from.maxBlocksPerMultiProcessor;
  to.registers_per_multiprocessor = from.regsPerMultiprocessor;
  to.warp = from.warpSize;
  to.shared_per_block = from.sharedMemPerBlock;
  to.shared_per_block_most = from.sharedMemPerBlockOptin;
  to.shared_per_multiprocessor = from.sharedMemPerMultiprocessor;
  to.l2_bytes = static_cast<size_t>(from.l2CacheSize);
  to.memory_bytes = from.totalGlobalMem;
  to.integrated = from.integrated != 0;
  to.memory_pools = from.memoryPoolsSupported != 0;
  return to;
}

}  // namespace

const Properties& properties_of(int index) {
  static auto* flags = new std::once_flag[FLAMBEAU_MAX_DEVICES];
  static auto* known = new Properties[FLAMBEAU_MAX_DEVICES];
  check_device(index);
  std::call_once(flags[index], [&] { known[index] = read_properties(index); });
  return known[index];
}

}  // namespace flambeau::cuda
