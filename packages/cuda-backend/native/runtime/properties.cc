#include "properties.h"

#include <memory>

#include "launch.h"
#include "per_device.h"
#include "stream.h"

namespace flambeau::cuda {

namespace {

Properties* read_properties(int index) {
  check_device(index);
  cudaDeviceProp from;
  check(cudaGetDeviceProperties(&from, index), "cudaGetDeviceProperties");
  auto made = std::make_unique<Properties>();
  Properties& to = *made;
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
  return made.release();
}

}  // namespace

const Properties& properties_of(int index) {
  static auto* all = new PerDevice<Properties>;
  return all->get(index, read_properties);
}

}  // namespace flambeau::cuda
