// Settings, devices and versions.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>

#include "state.h"

namespace flambeau::cuda::emulation {
namespace {

constexpr int kDriverVersion = CUDART_VERSION;
constexpr int kOldDriverVersion = 11040;

thread_local int chosen_device = 0;
cudaError_t lost = cudaSuccess;  // what a kernel has failed with

double number_of(const char* variable, double otherwise) {
  const char* text = std::getenv(variable);
  if (!text || !*text) return otherwise;
  char* end = nullptr;
  const double number = std::strtod(text, &end);
  if (*end == '\0' && number >= 0) return number;
  std::fprintf(stderr, "emulated device: %s is `%s`; it must be a number of at least 0\n", variable,
               text);
  std::abort();
}

Settings from_environment() {
  Settings settings;
  settings.devices = static_cast<int>(number_of("FLAMBEAU_EMULATED_DEVICES", settings.devices));
  settings.memory = static_cast<size_t>(
      number_of("FLAMBEAU_EMULATED_MEMORY", static_cast<double>(settings.memory)));
  settings.asynchronous = number_of("FLAMBEAU_EMULATED_ASYNC", 0) != 0;
  settings.protect = number_of("FLAMBEAU_EMULATED_PROTECT", 0) != 0;
  settings.trace = number_of("FLAMBEAU_EMULATED_TRACE", 0) != 0;
  settings.patience = number_of("FLAMBEAU_EMULATED_PATIENCE", settings.patience);
  const char* driver = std::getenv("FLAMBEAU_EMULATED_DRIVER");
  if (driver && std::strcmp(driver, "none") == 0) settings.driver = Driver::kMissing;
  if (driver && std::strcmp(driver, "old") == 0) settings.driver = Driver::kOld;
  if (const char* planted = std::getenv("FLAMBEAU_EMULATED_FAULT"); planted && *planted) {
    const std::string text = planted;
    const size_t equals = text.find('=');
    settings.faulty = text.substr(0, equals);
    settings.fault = equals == std::string::npos ? "" : text.substr(equals + 1);
    if (settings.fault != "illegal" && settings.fault != "hang" && settings.fault != "skip") {
      std::fprintf(stderr, "emulated device: FLAMBEAU_EMULATED_FAULT is `%s`; it must be like %s\n",
                   planted, "softmax.cu=illegal, =hang or =skip");
      std::abort();
    }
  }
  return settings;
}

cudaError_t find(int device) {
  if (const cudaError_t error = usable()) return error;
  return device >= 0 && device < settings().devices ? cudaSuccess : failed(cudaErrorInvalidDevice);
}

std::set<std::pair<int, int>>& peers() {
  static std::set<std::pair<int, int>> pairs;
  return pairs;
}

}  // namespace

Settings& settings() {
  static Settings settings = from_environment();
  return settings;
}

std::recursive_mutex& lock() {
  static std::recursive_mutex mutex;
  return mutex;
}

cudaError_t usable() {
  if (settings().driver != Driver::kPresent) return failed(cudaErrorInsufficientDriver);
  if (settings().devices == 0) return failed(cudaErrorNoDevice);
  return lost != cudaSuccess && settings().lasting ? failed(lost) : cudaSuccess;
}

cudaError_t lose(cudaError_t error) {
  if (lost == cudaSuccess && settings().lasting) lost = error;
  return error;
}

int current_device() { return chosen_device; }

}  // namespace flambeau::cuda::emulation

using namespace flambeau::cuda::emulation;

cudaError_t cudaDriverGetVersion(int* version) {
  *version = settings().driver == Driver::kMissing ? 0
             : settings().driver == Driver::kOld   ? kOldDriverVersion
                                                   : kDriverVersion;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 0;
  if (const cudaError_t error = usable()) return error;
  *count = settings().devices;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  if (const cudaError_t error = usable()) return error;
  *device = chosen_device;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  if (const cudaError_t error = find(device)) return error;
  chosen_device = device;
  return cudaSuccess;
}

// A small GPU of compute capability 9.0: few multiprocessors, so that grid-stride loops go around.
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (const cudaError_t error = find(device)) return error;
  cudaDeviceProp p{};
  std::snprintf(p.name, sizeof p.name, "Emulated GPU");
  p.totalGlobalMem = settings().memory;
  p.sharedMemPerBlock = kShared;
  p.regsPerBlock = 65536;
  p.warpSize = 32;
  p.maxThreadsPerBlock = 1024;
  p.maxThreadsDim[0] = p.maxThreadsDim[1] = 1024;
  p.maxThreadsDim[2] = 64;
  p.maxGridSize[0] = 0x7fffffff;
  p.maxGridSize[1] = p.maxGridSize[2] = 65535;
  p.totalConstMem = 65536;
  p.major = 9;
  p.multiProcessorCount = 4;
  p.canMapHostMemory = 1;
  p.concurrentKernels = 1;
  p.pciBusID = device + 1;
  p.asyncEngineCount = 2;
  p.unifiedAddressing = 1;
  p.memoryBusWidth = 5120;
  p.l2CacheSize = 1 << 20;
  p.maxThreadsPerMultiProcessor = 2048;
  p.streamPrioritiesSupported = 1;
  p.sharedMemPerMultiprocessor = 228 << 10;
  p.regsPerMultiprocessor = 65536;
  p.sharedMemPerBlockOptin = kMaxShared;
  p.maxBlocksPerMultiProcessor = 32;
  p.reservedSharedMemPerBlock = 1024;
  *properties = p;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  cudaDeviceProp p;
  if (const cudaError_t error = cudaGetDeviceProperties(&p, device)) return error;
  const auto number = [&]() -> long long {
    switch (attribute) {
      case cudaDevAttrMaxThreadsPerBlock: return p.maxThreadsPerBlock;
      case cudaDevAttrMaxBlockDimX: return p.maxThreadsDim[0];
      case cudaDevAttrMaxBlockDimY: return p.maxThreadsDim[1];
      case cudaDevAttrMaxBlockDimZ: return p.maxThreadsDim[2];
      case cudaDevAttrMaxGridDimX: return p.maxGridSize[0];
      case cudaDevAttrMaxGridDimY: return p.maxGridSize[1];
      case cudaDevAttrMaxGridDimZ: return p.maxGridSize[2];
      case cudaDevAttrMaxSharedMemoryPerBlock: return static_cast<long long>(p.sharedMemPerBlock);
      case cudaDevAttrTotalConstantMemory: return static_cast<long long>(p.totalConstMem);
      case cudaDevAttrWarpSize: return p.warpSize;
      case cudaDevAttrMaxRegistersPerBlock: return p.regsPerBlock;
      case cudaDevAttrClockRate: return 1000000;
      case cudaDevAttrMultiProcessorCount: return p.multiProcessorCount;
      case cudaDevAttrIntegrated: return p.integrated;
      case cudaDevAttrCanMapHostMemory: return p.canMapHostMemory;
      case cudaDevAttrConcurrentKernels: return p.concurrentKernels;
      case cudaDevAttrPciBusId: return p.pciBusID;
      case cudaDevAttrPciDeviceId: return p.pciDeviceID;
      case cudaDevAttrMemoryClockRate: return 1000000;
      case cudaDevAttrGlobalMemoryBusWidth: return p.memoryBusWidth;
      case cudaDevAttrL2CacheSize: return p.l2CacheSize;
      case cudaDevAttrMaxThreadsPerMultiProcessor: return p.maxThreadsPerMultiProcessor;
      case cudaDevAttrAsyncEngineCount: return p.asyncEngineCount;
      case cudaDevAttrUnifiedAddressing: return p.unifiedAddressing;
      case cudaDevAttrPciDomainId: return p.pciDomainID;
      case cudaDevAttrComputeCapabilityMajor: return p.major;
      case cudaDevAttrComputeCapabilityMinor: return p.minor;
      case cudaDevAttrStreamPrioritiesSupported: return p.streamPrioritiesSupported;
      case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
        return static_cast<long long>(p.sharedMemPerMultiprocessor);
      case cudaDevAttrMaxRegistersPerMultiprocessor: return p.regsPerMultiprocessor;
      case cudaDevAttrManagedMemory: return p.managedMemory;
      case cudaDevAttrCooperativeLaunch: return p.cooperativeLaunch;
      case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        return static_cast<long long>(p.sharedMemPerBlockOptin);
      case cudaDevAttrMaxBlocksPerMultiprocessor: return p.maxBlocksPerMultiProcessor;
      case cudaDevAttrReservedSharedMemoryPerBlock:
        return static_cast<long long>(p.reservedSharedMemPerBlock);
      case cudaDevAttrMemoryPoolsSupported: return p.memoryPoolsSupported;
    }
    return -1;
  }();
  if (number < 0) return failed(cudaErrorInvalidValue);
  *value = static_cast<int>(number);
  return cudaSuccess;
}

cudaError_t cudaDeviceGetPCIBusId(char* id, int length, int device) {
  if (const cudaError_t error = find(device)) return error;
  std::snprintf(id, static_cast<size_t>(length), "0000:%02x:00.0", device + 1);
  return cudaSuccess;
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  if (const cudaError_t error = usable()) return error;
  if (least) *least = 0;
  if (greatest) *greatest = -5;
  return cudaSuccess;
}

cudaError_t cudaDeviceCanAccessPeer(int* can, int device, int peer) {
  if (const cudaError_t error = find(device)) return error;
  if (const cudaError_t error = find(peer)) return error;
  *can = device != peer;
  return cudaSuccess;
}

cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned flags) {
  if (const cudaError_t error = find(peer)) return error;
  if (flags != 0) return failed(cudaErrorInvalidValue);
  if (peer == chosen_device) return failed(cudaErrorInvalidDevice);
  const Guard guard(lock());
  const bool added = peers().insert({chosen_device, peer}).second;
  return added ? cudaSuccess : failed(cudaErrorPeerAccessAlreadyEnabled);
}

cudaError_t cudaDeviceDisablePeerAccess(int peer) {
  if (const cudaError_t error = find(peer)) return error;
  const Guard guard(lock());
  return peers().erase({chosen_device, peer}) ? cudaSuccess : failed(cudaErrorPeerAccessNotEnabled);
}
