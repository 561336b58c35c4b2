// Plans convolutions with the real cuDNN for a GPU that need not be there: its properties are told
// to the library (which takes that since 9.8). So what we describe to cuDNN is checked where it can
// be installed, and for which convolutions it has engines. Nothing is computed.
//
//   flambeau_cudnn_plans      an H100, and convolutions of the benchmarks
//
// Prints a line for each convolution and pass; fails where there is no engine for one.
#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <string>

#include "cudnn_graph.h"
#include "failure.h"
#include "lost.h"
#include "search.h"

using namespace flambeau;
using namespace flambeau::cuda;
using namespace flambeau::cuda::dnn;
using namespace flambeau::cuda::dnn::graph;

namespace {

// As cuDNN writes and reads the properties of a device.
constexpr char kH100[] =
    R"({"cudaDeviceId":0,"deviceName":"NVIDIA H100 80GB HBM3","deviceVer":900,"driverVer":13000,)"
    R"("multiProcessorCount":132,"smCountOrigin":0,"warpSize":32,"smClockRateKHz":1980000,)"
    R"("memClockRateKHz":2619000,"totalGlobalMem":85045870592,"l2CacheSize":52428800,)"
    R"("maxGridSize":[2147483647,65535,65535],"maxBlockSize":[1024,1024,64],)"
    R"("maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,"maxCtasPerSM":32,"regsPerBlock":65536,)"
    R"("maxRegistersPerSM":65536,"maxSharedMemoryPerBlock":49152,)"
    R"("maxSharedMemoryPerBlockOptin":232448,"reservedSharedMemoryPerBlock":1024,)"
    R"("supportCoopLaunch":1,"isTccDriver":0,"pciDeviceId":0})";

// What only this program uses of the interface.
constexpr auto kDevice = static_cast<DescriptorType>(38);
constexpr auto kDeviceText = static_cast<Attribute>(2702);
constexpr auto kHeuristicsDevice = static_cast<Attribute>(204);
constexpr auto kPlanDevice = static_cast<Attribute>(407);
constexpr auto kTextValue = static_cast<ValueType>(24);

struct Library {
  graph::Functions functions;
  void (*last_error)(char*, size_t);
  size_t (*version)();
  Descriptor device = nullptr;
  std::map<Descriptor, DescriptorType> types;
};

Library& library() {
  static Library opened;
  return opened;
}

template <class F>
void find(void* handle, const char* name, F*& function) {
  function = reinterpret_cast<F*>(dlsym(handle, name));
  if (!function) throw Failure("ERR_DEVICE", std::string("cuDNN lacks the function ") + name);
}

void open() {
  void* handle = dlopen("libcudnn.so.9", RTLD_NOW);
  for (const std::string& folder : library_folders())
    if (!handle) handle = dlopen((folder + "/libcudnn.so.9").c_str(), RTLD_NOW);
  if (!handle) throw Failure("ERR_DEVICE", "cuDNN 9 is not found");
  Library& l = library();
  find(handle, "cudnnBackendCreateDescriptor", l.functions.create);
  find(handle, "cudnnBackendDestroyDescriptor", l.functions.destroy);
  find(handle, "cudnnBackendFinalize", l.functions.finalize);
  find(handle, "cudnnBackendSetAttribute", l.functions.set);
  find(handle, "cudnnBackendGetAttribute", l.functions.get);
  find(handle, "cudnnBackendExecute", l.functions.execute);
  find(handle, "cudnnGetLastErrorString", l.last_error);
  find(handle, "cudnnGetVersion", l.version);
  check(l.functions.create(kDevice, &l.device), "cudnnBackendCreateDescriptor");
  check(l.functions.set(l.device, kDeviceText, kTextValue, sizeof kH100, kH100),
        "cudnnBackendSetAttribute of a device");
  check(l.functions.finalize(l.device), "cudnnBackendFinalize of a device");
}

// The functions that our builder calls: where it names a handle, the device is named instead.

Status create(DescriptorType type, Descriptor* descriptor) {
  const Status status = library().functions.create(type, descriptor);
  if (status == kSuccess) library().types[*descriptor] = type;
  return status;
}

Status finalize(Descriptor descriptor) {
  Library& l = library();
  if (l.types[descriptor] == kHeuristics)
    check(l.functions.set(descriptor, kHeuristicsDevice, kDescriptorValue, 1, &l.device),
          "cudnnBackendSetAttribute of a device");
  return l.functions.finalize(descriptor);
}

Status set(Descriptor descriptor, Attribute attribute, ValueType type, int64_t count,
           const void* values) {
  Library& l = library();
  if (attribute == kOperationsHandle) return kSuccess;
  if (attribute == kPlanHandle)
    return l.functions.set(descriptor, kPlanDevice, kDescriptorValue, 1, &l.device);
  return l.functions.set(descriptor, attribute, type, count, values);
}

struct Sizes {
  const char* name;
  int axes;  // of an image
  int64_t n, c, size, o, kernel, stride, pad, groups, dilation;
};

Convolution describe(const Sizes& s, Pass pass, Type type, bool has_bias) {
  Convolution c = {};
  c.pass = pass;
  c.type = type;
  c.axes = s.axes + 2;
  c.has_bias = has_bias;
  c.bias_alignment = 16;
  const int64_t y = (s.size + 2 * s.pad - (s.kernel - 1) * s.dilation - 1) / s.stride + 1;
  const auto place = [&](Place& p, int64_t images, int64_t channels, int64_t size) {
    int64_t step = channels;
    p.sizes[0] = images, p.sizes[1] = channels, p.strides[1] = 1, p.alignment = 16;
    for (int axis = c.axes - 1; axis > 1; --axis) {
      p.sizes[axis] = size;
      p.strides[axis] = step;
      step *= size;
    }
    p.strides[0] = step;
  };
  place(c.x, s.n, s.c, s.size);
  place(c.w, s.o, s.c / s.groups, s.kernel);
  place(c.y, s.n, s.o, y);
  for (int i = 0; i < s.axes; ++i)
    c.pads[i] = s.pad, c.strides[i] = s.stride, c.dilations[i] = s.dilation;
  return c;
}

constexpr Sizes kList[] = {
    {"first of a small net", 2, 64, 1, 28, 32, 3, 1, 1, 1, 1},
    {"second of a small net", 2, 64, 32, 14, 64, 3, 1, 1, 1, 1},
    {"first of a ResNet", 2, 128, 3, 32, 64, 3, 1, 1, 1, 1},
    {"64 channels", 2, 128, 64, 32, 64, 3, 1, 1, 1, 1},
    {"by steps of 2", 2, 128, 64, 32, 128, 3, 2, 1, 1, 1},
    {"one place, by steps of 2", 2, 128, 64, 32, 128, 1, 2, 0, 1, 1},
    {"512 channels", 2, 128, 512, 4, 512, 3, 1, 1, 1, 1},
    {"large images", 2, 4, 64, 192, 64, 3, 1, 1, 1, 1},
    {"to one channel", 2, 4, 64, 192, 1, 1, 1, 0, 1, 1},
    {"transposed, by 2", 2, 4, 512, 24, 1024, 2, 2, 0, 1, 1},
    {"patches", 2, 128, 3, 32, 192, 4, 4, 0, 1, 1},
    {"each channel on its own", 2, 16, 64, 32, 64, 3, 1, 1, 64, 1},
    {"groups", 2, 16, 64, 32, 64, 3, 1, 1, 4, 1},
    {"dilated", 2, 16, 64, 32, 64, 3, 1, 2, 1, 2},
    {"odd channels", 2, 16, 37, 33, 51, 3, 1, 1, 1, 1},
    {"volumes", 3, 2, 16, 16, 32, 3, 1, 1, 1, 1},
    {"dilated volumes", 3, 2, 16, 16, 32, 3, 1, 2, 1, 2},
};

// How many engines there are, up to 8, and what the first one needs.
bool tell(const Sizes& sizes, Pass pass, Type type, bool has_bias, bool tf32) {
  constexpr const char* kPasses[] = {"forward", "input's gradient", "weight's gradient"};
  constexpr int kMost = 8;
  Engines engines(nullptr, describe(sizes, pass, type, has_bias), {tf32, false, int64_t{1} << 30});
  int count = 0;
  int64_t bytes = 0;
  for (; count < kMost; ++count) {
    const Plan plan = engines.next(nullptr);
    if (!plan.descriptor.get()) break;
    if (count == 0) bytes = plan.workspace_bytes;
  }
  const char* const name = type == kFloat64    ? "float64"
                           : type == kFloat32  ? (tf32 ? "TF32" : "float32")
                           : type == kBFloat16 ? "bfloat16"
                                               : "float16";
  std::printf("%-26s %-18s %-9s %-5s %s%d engines, the first with %.1f MB\n", sizes.name,
              kPasses[static_cast<int>(pass)], name, has_bias ? "bias" : "",
              count == kMost ? "at least " : "", count, static_cast<double>(bytes) / 1e6);
  return count > 0;
}

}  // namespace

namespace flambeau::cuda {

std::string why_lost() { return ""; }  // nothing runs here

}  // namespace flambeau::cuda

namespace flambeau::cuda::dnn {

std::string failure_text(Status status, const char* what) {
  char message[512] = {};
  library().last_error(message, sizeof message);
  return std::string(what) + " failed: " + std::to_string(static_cast<int>(status)) + ", " +
         message;
}

void check(Status status, const char* what) {
  if (status != kSuccess) throw Failure("ERR_DEVICE", failure_text(status, what));
}

const graph::Functions& graph::functions() {
  static const graph::Functions table = {
      create, library().functions.destroy, finalize,
      set,    library().functions.get,     library().functions.execute};
  return table;
}

}  // namespace flambeau::cuda::dnn

int main() {
  try {
    open();
    std::printf("cuDNN %zu\n", library().version());
    int lacking = 0;
    for (const Sizes& sizes : kList)
      for (Type type : {kBFloat16, kFloat16, kFloat32, kFloat64})
        for (bool tf32 : {true, false}) {
          if (tf32 && type != kFloat32) continue;
          for (Pass pass : {Pass::kForward, Pass::kInputGrad, Pass::kWeightGrad})
            lacking += !tell(sizes, pass, type, false, tf32);
          lacking += !tell(sizes, Pass::kForward, type, true, tf32);
        }
    std::printf("%d without an engine\n", lacking);
    if (lacking > 0) std::printf("the last refusal: %s\n", last_refusal().c_str());
    return lacking > 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
