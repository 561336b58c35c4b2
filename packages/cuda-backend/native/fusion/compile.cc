#include "compile.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "kernel_files.h"
#include "nvrtc.h"
#include "properties.h"

#if CUDART_VERSION < 12080
// The runtime loads compiled kernels since then.
#define FLAMBEAU_NO_KERNEL_LIBRARIES 1
#endif

namespace flambeau::cuda::fusion {

namespace {

// What NVRTC makes for a GPU, and how.
struct Target {
  bool is_exact;  // machine code; else code for an older GPU, which the driver translates
  std::vector<std::string> options;
};

// The newest architecture that NVRTC knows, up to that of the GPU, such as 90.
int known_architecture(int wanted) {
  const nvrtc::Functions& library = nvrtc::functions();
  int count = 0;
  nvrtc::check(library.architecture_count(&count), "nvrtcGetNumSupportedArchs");
  std::vector<int> all(static_cast<size_t>(std::max(1, count)));
  nvrtc::check(library.architectures(all.data()), "nvrtcGetSupportedArchs");
  int best = 0;
  for (const int each : all)
    if (each <= wanted) best = std::max(best, each);
  if (best == 0)
    throw Failure("ERR_DEVICE", "NVRTC (" + nvrtc::path() + ") has no code for GPUs of sm_" +
                                    std::to_string(wanted) +
                                    "; capture with { fuse: false }, or name another NVRTC in "
                                    "FLAMBEAU_CUDA_LIBRARIES");
  return best;
}

Target target_for(int architecture) {
  const int known = known_architecture(architecture);
  const bool is_exact = known == architecture;
  // Products and sums are not joined: whether that is done depends on what else a kernel needs of
  // a product, and results would differ from those of separate kernels, which are compiled alike.
  return {
      is_exact,
      {std::string("--gpu-architecture=") + (is_exact ? "sm_" : "compute_") + std::to_string(known),
       "--std=c++17", "--fmad=false"}};
}

// All that the code of a source depends on.
std::string key_of(const std::string& source, const Target& target) {
  static const auto* const headers = new std::string([] {
    std::string all;
    for (int i = 0; i < kHeaderCount; ++i) all.append(kHeaders[i].name).append(kHeaders[i].text);
    return digest(all);
  }());
  int major = 0, minor = 0;
  nvrtc::check(nvrtc::functions().version(&major, &minor), "nvrtcVersion");
  std::string key = "NVRTC " + std::to_string(major) + "." + std::to_string(minor);
  for (const std::string& option : target.options) key += " " + option;
  return key + " " + *headers + "\n" + source;
}

// A program of NVRTC, destroyed with its owner.
class Program {
 public:
  explicit Program(const std::string& source) : library_(nvrtc::functions()) {
    std::vector<const char*> names, texts;
    for (int i = 0; i < kHeaderCount; ++i) {
      names.push_back(kHeaders[i].name);
      texts.push_back(kHeaders[i].text);
    }
    nvrtc::check(library_.create_program(&program_, source.c_str(), "fused.cu", kHeaderCount,
                                         texts.data(), names.data()),
                 "nvrtcCreateProgram");
  }
  ~Program() { library_.destroy_program(&program_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::vector<char> compile(const Target& target) {
    std::vector<const char*> options;
    for (const std::string& option : target.options) options.push_back(option.c_str());
    const nvrtc::Result result =
        library_.compile_program(program_, static_cast<int>(options.size()), options.data());
    if (result == nvrtc::kCompilation)
      throw Failure("ERR_INTERNAL", "NVRTC refuses a kernel that flambeau wrote:\n" + log());
    nvrtc::check(result, "nvrtcCompileProgram");
    return target.is_exact ? read(library_.cubin_size, library_.cubin, "nvrtcGetCUBIN")
                           : read(library_.ptx_size, library_.ptx, "nvrtcGetPTX");
  }

 private:
  std::string log() const {
    const std::vector<char> text = read(library_.log_size, library_.log, "nvrtcGetProgramLog");
    return std::string(text.data(), text.empty() ? 0 : text.size() - 1);
  }
  template <class Size, class Read>
  std::vector<char> read(Size* size, Read* get, const char* what) const {
    size_t bytes = 0;
    nvrtc::check(size(program_, &bytes), what);
    std::vector<char> code(bytes);
    nvrtc::check(get(program_, code.data()), what);
    return code;
  }

  const nvrtc::Functions& library_;
  nvrtc::Program program_ = nullptr;
};

struct Cache {
  std::mutex mutex;
  std::map<std::pair<int, std::string>, const void*> kernels;  // never unloaded: graphs use them
};
Cache& cache() {
  static auto* made = new Cache;
  return *made;
}

const void* load([[maybe_unused]] const std::vector<char>& code) {
#if defined(FLAMBEAU_NO_KERNEL_LIBRARIES)
  throw Failure("ERR_DEVICE", why_unavailable());
#else
  cudaLibrary_t library = nullptr;
  check(cudaLibraryLoadData(&library, code.data(), nullptr, nullptr, 0, nullptr, nullptr, 0),
        "cudaLibraryLoadData");
  cudaKernel_t kernel = nullptr;
  check(cudaLibraryGetKernel(&kernel, library, "fused"), "cudaLibraryGetKernel");
  return reinterpret_cast<const void*>(kernel);
#endif
}

}  // namespace

const std::string& why_unavailable() {
  static const auto* const why = new std::string([]() -> std::string {
#if defined(FLAMBEAU_NO_KERNEL_LIBRARIES)
    return "operations are fused where the addon was compiled with CUDA 12.8 or later";
#else
    try {
      nvrtc::functions();
      return "";
    } catch (const Failure& failure) {
      return failure.what();
    }
#endif
  }());
  return *why;
}

const void* compiled(const std::string& source, int device) {
  const Properties& properties = properties_of(device);
  const int architecture = properties.major * 10 + properties.minor;
  Cache& all = cache();
  const std::lock_guard lock(all.mutex);
  const void*& kernel = all.kernels[{architecture, source}];
  if (kernel) return kernel;
  const Target target = target_for(architecture);
  const std::string key = key_of(source, target);
  if (const std::vector<char> kept = kernel_files().read(key); !kept.empty()) {
    try {
      return kernel = load(kept);
    } catch (const Failure&) {
      // The driver takes another view of it: it is compiled anew.
    }
  }
  const std::vector<char> code = Program(source).compile(target);
  kernel = load(code);
  kernel_files().write(key, code);
  return kernel;
}

void launch_compiled(const void* kernel, unsigned blocks, unsigned threads, const void* argument,
                     LaunchOn on) {
  if (g_tracing) trace_launch(on.at, dim3(blocks), dim3(threads), 0);
  void* arguments[] = {const_cast<void*>(argument)};
  check(cudaLaunchKernel(kernel, dim3(blocks), dim3(threads), arguments, 0, on.stream), "a launch",
        on.at);
}

}  // namespace flambeau::cuda::fusion
