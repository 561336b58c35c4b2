// Errors: the last one, what it is called, and why a launch or a call failed.
#include <cstdio>

#include "state.h"

namespace flambeau::cuda::emulation {
namespace {

thread_local cudaError_t last_error = cudaSuccess;

std::string& reason() {
  static std::string text;
  return text;
}

struct Description {
  cudaError_t error;
  const char* name;
  const char* text;
};
#define FLAMBEAU_ERROR(name, text) \
  { name, #name, text }
constexpr Description kDescriptions[] = {
    FLAMBEAU_ERROR(cudaSuccess, "no error"),
    FLAMBEAU_ERROR(cudaErrorInvalidValue, "invalid argument"),
    FLAMBEAU_ERROR(cudaErrorMemoryAllocation, "out of memory"),
    FLAMBEAU_ERROR(cudaErrorInitializationError, "initialization error"),
    FLAMBEAU_ERROR(cudaErrorCudartUnloading, "driver shutting down"),
    FLAMBEAU_ERROR(cudaErrorInvalidConfiguration, "invalid configuration argument"),
    FLAMBEAU_ERROR(cudaErrorInvalidDevicePointer, "invalid device pointer"),
    FLAMBEAU_ERROR(cudaErrorInvalidMemcpyDirection, "invalid copy direction for memcpy"),
    FLAMBEAU_ERROR(cudaErrorInsufficientDriver,
                   "CUDA driver version is insufficient for CUDA runtime version"),
    FLAMBEAU_ERROR(cudaErrorInvalidDeviceFunction, "invalid device function"),
    FLAMBEAU_ERROR(cudaErrorNoDevice, "no CUDA-capable device is detected"),
    FLAMBEAU_ERROR(cudaErrorInvalidDevice, "invalid device ordinal"),
    FLAMBEAU_ERROR(cudaErrorInvalidKernelImage, "device kernel image is invalid"),
    FLAMBEAU_ERROR(cudaErrorNoKernelImageForDevice,
                   "no kernel image is available for execution on the device"),
    FLAMBEAU_ERROR(cudaErrorPeerAccessUnsupported,
                   "peer access is not supported between these two devices"),
    FLAMBEAU_ERROR(cudaErrorInvalidResourceHandle, "invalid resource handle"),
    FLAMBEAU_ERROR(cudaErrorSymbolNotFound, "named symbol not found"),
    FLAMBEAU_ERROR(cudaErrorNotReady, "device not ready"),
    FLAMBEAU_ERROR(cudaErrorIllegalAddress, "an illegal memory access was encountered"),
    FLAMBEAU_ERROR(cudaErrorLaunchOutOfResources, "too many resources requested for launch"),
    FLAMBEAU_ERROR(cudaErrorPeerAccessAlreadyEnabled, "peer access is already enabled"),
    FLAMBEAU_ERROR(cudaErrorPeerAccessNotEnabled, "peer access has not been enabled"),
    FLAMBEAU_ERROR(cudaErrorHostMemoryAlreadyRegistered,
                   "part or all of the requested memory range is already mapped"),
    FLAMBEAU_ERROR(cudaErrorHostMemoryNotRegistered,
                   "pointer does not correspond to a registered memory region"),
    FLAMBEAU_ERROR(cudaErrorLaunchFailure, "unspecified launch failure"),
    FLAMBEAU_ERROR(cudaErrorNotPermitted, "operation not permitted"),
    FLAMBEAU_ERROR(cudaErrorNotSupported, "operation not supported"),
    FLAMBEAU_ERROR(cudaErrorStreamCaptureUnsupported,
                   "operation not permitted when stream is capturing"),
    FLAMBEAU_ERROR(cudaErrorStreamCaptureInvalidated,
                   "operation failed due to a previous error during capture"),
    FLAMBEAU_ERROR(cudaErrorStreamCaptureMerge,
                   "operation would result in a merge of separate capture sequences"),
    FLAMBEAU_ERROR(cudaErrorStreamCaptureUnmatched,
                   "capture was not ended in the same stream as it began"),
    FLAMBEAU_ERROR(cudaErrorStreamCaptureUnjoined, "capturing stream has unjoined work"),
    FLAMBEAU_ERROR(cudaErrorStreamCaptureIsolation,
                   "dependency created on uncaptured work in another stream"),
    FLAMBEAU_ERROR(cudaErrorStreamCaptureImplicit,
                   "operation would make the legacy stream depend on a capturing blocking stream"),
    FLAMBEAU_ERROR(cudaErrorCapturedEvent,
                   "operation not permitted on an event last recorded in a capturing stream"),
    FLAMBEAU_ERROR(cudaErrorStreamCaptureWrongThread,
                   "attempt to terminate a thread-local capture sequence from another thread"),
    FLAMBEAU_ERROR(cudaErrorUnknown, "unknown error"),
};
#undef FLAMBEAU_ERROR

const Description& describe(cudaError_t error) {
  static constexpr Description kUnknown = {cudaErrorUnknown, "unrecognized error code",
                                           "unrecognized error code"};
  for (const Description& description : kDescriptions)
    if (description.error == error) return description;
  return kUnknown;
}

}  // namespace

void set_failure(const std::string& text) {
  const Guard guard(lock());
  reason() = text;
  if (!settings().quiet) std::fprintf(stderr, "emulated device: %s\n", text.c_str());
}

std::string last_failure() {
  const Guard guard(lock());
  return reason();
}

cudaError_t failed(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

cudaError_t failed(cudaError_t error, const std::string& text) {
  set_failure(text);
  return failed(error);
}

}  // namespace flambeau::cuda::emulation

using namespace flambeau::cuda::emulation;

cudaError_t cudaGetLastError() {
  const cudaError_t error = last_error;
  last_error = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError() { return last_error; }

const char* cudaGetErrorName(cudaError_t error) { return describe(error).name; }

const char* cudaGetErrorString(cudaError_t error) { return describe(error).text; }
