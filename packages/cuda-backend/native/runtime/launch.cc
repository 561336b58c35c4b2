#include "launch.h"

#include <cstring>
#include <string>

namespace flambeau::cuda {

void check(cudaError_t error, const char* what, std::source_location at) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // it is reported here, and nowhere else
  const char* slash = std::strrchr(at.file_name(), '/');
  std::string text = std::string("cuda: ") + what + " failed: " + cudaGetErrorString(error) + " (" +
                     cudaGetErrorName(error) + ", " + (slash ? slash + 1 : at.file_name()) + ":" +
                     std::to_string(at.line()) + ")";
#if defined(FLAMBEAU_EMULATED)
  if (error == cudaErrorLaunchFailure) text += ": " + emulation::last_failure();
#endif
  throw Failure(error == cudaErrorMemoryAllocation ? "ERR_OUT_OF_MEMORY" : "ERR_DEVICE", text);
}

}  // namespace flambeau::cuda
