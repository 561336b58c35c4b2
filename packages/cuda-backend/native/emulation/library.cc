// Kernels that are compiled while the program runs: shared libraries that fake_nvrtc.cc has made of
// sources with fusion/device/fused.h.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "state.h"

namespace flambeau::cuda::emulation {
namespace {

// As fused.h declares it.
struct Thread {
  const unsigned* block;
  const unsigned* thread;
  void (*misaligned)();
};

void misaligned() {
  trap("a misaligned address in a generated kernel", std::source_location::current());
}

// The loader wants a file.
void* open_code(const char* code, size_t bytes) {
  const char* folder = std::getenv("TMPDIR");
  std::string path = std::string(folder && *folder ? folder : "/tmp") + "/flambeau-kernel-XXXXXX";
  const int file = mkstemp(path.data());
  if (file < 0) return nullptr;
  bool good = true;
  for (size_t done = 0; done < bytes && good;) {
    const ssize_t wrote = write(file, code + done, bytes - done);
    good = wrote > 0;
    done += good ? static_cast<size_t>(wrote) : 0;
  }
  close(file);
  void* const library = good ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  unlink(path.c_str());
  return library;
}

}  // namespace
}  // namespace flambeau::cuda::emulation

using namespace flambeau::cuda::emulation;

struct CUkern_st {
  void (*body)(const void* argument);
  size_t argument_bytes;
};
struct CUlib_st {
  void* opened;
  CUkern_st kernel;
};

cudaError_t cudaLibraryLoadData(cudaLibrary_t* library, const void* code, void*, void*, unsigned,
                                void*, void*, unsigned) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  // Code begins with its size: see fake_nvrtc.cc.
  uint64_t bytes = 0;
  std::memcpy(&bytes, code, sizeof bytes);
  void* const opened = open_code(static_cast<const char*>(code) + sizeof bytes, bytes);
  if (!opened) return failed(cudaErrorInvalidKernelImage);
  *library = new CUlib_st{opened, {}};
  return cudaSuccess;
}

cudaError_t cudaLibraryGetKernel(cudaKernel_t* kernel, cudaLibrary_t library, const char* name) {
  const Guard guard(lock());
  const auto find = [&](const std::string& symbol) {
    return dlsym(library->opened, symbol.c_str());
  };
  CUkern_st& found = library->kernel;
  void* const body = find(std::string(name) + "_kernel");
  void* const bytes = find(std::string(name) + "_argument_bytes");
  void* const thread = find("flambeau_thread");
  if (!body || !bytes || !thread) return failed(cudaErrorSymbolNotFound);
  std::memcpy(&found.body, &body, sizeof body);
  std::memcpy(&found.argument_bytes, bytes, sizeof found.argument_bytes);
  const Thread place = {&blockIdx.x, &threadIdx.x, misaligned};
  std::memcpy(thread, &place, sizeof place);
  *kernel = &found;
  return cudaSuccess;
}

cudaError_t cudaLaunchKernel(const void* kernel, dim3 grid, dim3 block, void** arguments,
                             size_t shared_bytes, cudaStream_t stream) {
  const auto* const made = static_cast<const CUkern_st*>(kernel);
  const char* const argument = static_cast<const char*>(arguments[0]);
  const std::string copy(argument, made->argument_bytes);
  return launch({kernel, grid, block, shared_bytes, [made, copy] { made->body(copy.data()); },
                 std::source_location::current()},
                stream);
}
