#include "launch.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "lost.h"

namespace flambeau::cuda {

namespace {

const char* file_of(const std::source_location& at) {
  const char* const slash = std::strrchr(at.file_name(), '/');
  return slash ? slash + 1 : at.file_name();
}

// Does the failure of a kernel, or of the GPU, end all work of the process on the device? By
// number: versions of CUDA name more or fewer of them.
bool is_lasting(cudaError_t error) {
  switch (static_cast<int>(error)) {
    case 214:  // an error of memory that could not be corrected
    case 220:  // the same of NVLink
    case 700:  // an address that is not the kernel's
    case 702:  // a kernel took too long
    case 710:  // an assertion
    case 714:  // the stack
    case 715:  // an instruction
    case 716:  // a misaligned address
    case 717:  // an address space
    case 718:  // a program counter
    case 719:  // a launch that failed for another reason
    case 720:  // the same of cooperative launches
      return true;
    default: return false;
  }
}

// The first of these failures: all that comes after it only repeats its code.
std::string first_of(const std::string& text) {
  static auto* mutex = new std::mutex;
  static auto* first = new std::string;
  const std::lock_guard lock(*mutex);
  if (first->empty()) *first = text;
  return *first;
}

}  // namespace

const bool g_tracing = [] {
  const char* const value = std::getenv("FLAMBEAU_CUDA_TRACE");
  return value && *value && std::strcmp(value, "0") != 0;
}();

void trace_launch(const std::source_location& at, dim3 grid, dim3 block, size_t shared_bytes) {
  std::fprintf(stderr, "cuda:   %s:%u <<<%u %u %u, %u %u %u, %zu>>>\n", file_of(at), at.line(),
               grid.x, grid.y, grid.z, block.x, block.y, block.z, shared_bytes);
}

void trace_kernel(const char* name) { std::fprintf(stderr, "cuda: %s\n", name); }

std::string why_lost() {
  try {
    check(cudaFree(nullptr), "cudaFree");  // which does nothing, and fails where everything does
    return "";
  } catch (const Failure& failure) {
    return std::string(": ") + failure.what();
  }
}

void check(cudaError_t error, const char* what, std::source_location at) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // it is reported here, and nowhere else
  std::string text = std::string("cuda: ") + what + " failed: " + cudaGetErrorString(error) + " (" +
                     cudaGetErrorName(error) + ", " + file_of(at) + ":" +
                     std::to_string(at.line()) + ")";
#if defined(FLAMBEAU_EMULATED)
  if (error == cudaErrorLaunchFailure || error == cudaErrorIllegalAddress)
    text += ": " + emulation::last_failure();
#endif
  if (is_lasting(error)) {
    const std::string first = first_of(text);
    text += first == text ? "; a kernel that was launched before may have done that: "
                            "CUDA_LAUNCH_BLOCKING=1 tells which one"
                          : "; the first failure was: " + first;
    text += "; this process cannot use the GPU any more: start it anew";
  }
  throw Failure(error == cudaErrorMemoryAllocation ? "ERR_OUT_OF_MEMORY" : "ERR_DEVICE", text);
}

void allow_shared(const void* kernel, size_t bytes) {
  // It never becomes less: another thread may be about to launch the kernel with more.
  static auto* mutex = new std::mutex;
  static auto* allowed = new std::map<std::pair<int, const void*>, size_t>;
  int device = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  const std::lock_guard lock(*mutex);
  size_t& most = (*allowed)[{device, kernel}];
  if (bytes <= most) return;
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(bytes)),
        "cudaFuncSetAttribute");
  most = bytes;
}

}  // namespace flambeau::cuda
