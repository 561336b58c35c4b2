#include "nvrtc.h"

#include "failure.h"
#include "library.h"
#include "search.h"

namespace flambeau::cuda::nvrtc {

namespace {

#ifdef FLAMBEAU_EMULATED

struct Loaded {
  Functions functions = fake_functions();
  std::string path() const { return "emulated"; }
};

#else

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
    library.find("nvrtcGetNumSupportedArchs", functions.architecture_count);
    library.find("nvrtcGetSupportedArchs", functions.architectures);
    // It looks for its built-in functions where the loader does, not where it lies itself: those of
    // a wheel are not found so, and nothing would compile.
    int major = 0, minor = 0;
    functions.version(&major, &minor);
    library.open_beside("libnvrtc-builtins.so." + std::to_string(major) + "." +
                        std::to_string(minor));
  }
  const std::string& path() const { return library.path(); }
};

#endif

const Loaded& loaded() {
  static const Loaded* const once = new Loaded();  // never destroyed
  return *once;
}

}  // namespace

const Functions& functions() { return loaded().functions; }

std::string path() { return loaded().path(); }

void check(Result result, const char* what) {
  if (result == kSuccess) return;
  throw Failure("ERR_DEVICE", std::string(what) + " failed: " + functions().error_string(result));
}

}  // namespace flambeau::cuda::nvrtc
