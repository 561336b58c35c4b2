#include "nvrtc.h"

#include "failure.h"
#include "library.h"
#include "search.h"

namespace flambeau::cuda::nvrtc {

namespace {

struct Loaded {
  Library library;
  Functions functions = {};

  Loaded()
      : library("NVRTC",
                "install it with the CUDA toolkit or `pip install " +
                    wheel_of("nvidia-cuda-nvrtc") +
                    "`, or name its folder in FLAMBEAU_CUDA_LIBRARIES",
                toolkit_files("nvrtc"), library_folders()) {
    library.find("nvrtcVersion", functions.version);
    library.find("nvrtcCreateProgram", functions.create_program);
    library.find("nvrtcCompileProgram", functions.compile_program);
    library.find("nvrtcDestroyProgram", functions.destroy_program);
    library.find("nvrtcGetProgramLogSize", functions.log_size);
    library.find("nvrtcGetProgramLog", functions.log);
    library.find("nvrtcGetCUBINSize", functions.cubin_size);
    library.find("nvrtcGetCUBIN", functions.cubin);
    library.find("nvrtcGetPTXSize", functions.ptx_size);
    library.find("nvrtcGetPTX", functions.ptx);
    library.find("nvrtcGetErrorString", functions.error_string);
    // It looks for its built-in functions where the loader does, not where it lies itself: those of
    // a wheel are not found so, and nothing would compile.
    int major = 0, minor = 0;
    functions.version(&major, &minor);
    library.open_beside("libnvrtc-builtins.so." + std::to_string(major) + "." +
                        std::to_string(minor));
  }
};

const Loaded& loaded() {
#ifdef FLAMBEAU_EMULATED
  throw Failure("ERR_DEVICE", "the emulated device cannot compile kernels at run time");
#endif
  static const Loaded* const once = new Loaded();  // never destroyed
  return *once;
}

}  // namespace

const Functions& functions() { return loaded().functions; }

const std::string& path() { return loaded().library.path(); }

void check(Result result, const char* what) {
  if (result == kSuccess) return;
  throw Failure("ERR_DEVICE", std::string(what) + " failed: " + functions().error_string(result));
}

}  // namespace flambeau::cuda::nvrtc
