#include "cublas_lt.h"

#include "failure.h"
#include "launch.h"
#include "library.h"
#include "lost.h"
#include "per_device.h"
#include "search.h"

namespace flambeau::cuda::lt {

namespace {

#ifdef FLAMBEAU_EMULATED

struct Loaded {
  Functions functions = fake_functions();
  std::string path = "emulated";
};

#else

struct Loaded {
  Library library;
  Functions functions = {};
  std::string path;

  Loaded()
      : library("cuBLASLt",
                "install it with the CUDA toolkit or `pip install " + wheel_of("nvidia-cublas") +
                    "`, or name its folder in FLAMBEAU_CUDA_LIBRARIES",
                toolkit_files("cublasLt"), library_folders()),
        path(library.path()) {
    library.find("cublasLtCreate", functions.create);
    library.find("cublasLtGetVersion", functions.version);
    library.find("cublasLtMatmulDescCreate", functions.matmul_create);
    library.find("cublasLtMatmulDescDestroy", functions.matmul_destroy);
    library.find("cublasLtMatmulDescSetAttribute", functions.matmul_set);
    library.find("cublasLtMatrixLayoutCreate", functions.layout_create);
    library.find("cublasLtMatrixLayoutDestroy", functions.layout_destroy);
    library.find("cublasLtMatrixLayoutSetAttribute", functions.layout_set);
    library.find("cublasLtMatmulPreferenceCreate", functions.preference_create);
    library.find("cublasLtMatmulPreferenceDestroy", functions.preference_destroy);
    library.find("cublasLtMatmulPreferenceSetAttribute", functions.preference_set);
    library.find("cublasLtMatmulAlgoGetHeuristic", functions.heuristic);
    library.find("cublasLtMatmul", functions.matmul);
  }
};

#endif

// Where opening fails, the next use tries again: the library may have been installed meanwhile.
const Loaded& loaded() {
  static const Loaded* const once = new Loaded();  // never destroyed
  return *once;
}

const char* name_of(Status status) {
  switch (status) {
    case kSuccess: return "success";
    case kNotInitialized: return "not initialized";
    case kAllocFailed: return "no memory";
    case kInvalidValue: return "invalid value";
    case kArchMismatch: return "not for this device";
    case kMappingError: return "memory is not mapped";
    case kExecutionFailed: return "execution failed";
    case kInternalError: return "internal error";
    case kNotSupported: return "not supported";
    case kLicenseError: return "license error";
  }
  return "unknown status";
}

}  // namespace

const Functions& functions() { return loaded().functions; }

const std::string& path() { return loaded().path; }

Handle handle(int device) {
  static auto* all = new PerDevice<OpaqueHandle>;
  return &all->get(device, [](int) {
    Handle made = nullptr;
    check(functions().create(&made), "cublasLtCreate");
    return made;
  });
}

void check(Status status, const char* what) {
  if (status == kSuccess) return;
  throw Failure("ERR_DEVICE", std::string(what) + " failed: " + name_of(status) + " (" +
                                  std::to_string(static_cast<int>(status)) + ")" + why_lost());
}

}  // namespace flambeau::cuda::lt
