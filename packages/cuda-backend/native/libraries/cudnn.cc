#include "cudnn.h"

#include <array>

#include "cublas_lt.h"
#include "cudnn_graph.h"
#include "device_abi.h"
#include "failure.h"
#include "launch.h"
#include "library.h"
#include "lost.h"
#include "nvrtc.h"
#include "search.h"

namespace flambeau::cuda::dnn {

namespace {

#ifdef FLAMBEAU_EMULATED

struct Loaded {
  Functions functions = fake_functions();
  graph::Functions graph = graph::fake_functions();
  std::string path = "emulated";
};

#else

std::vector<std::string> folders_with_its_needs() {
  // cuDNN asks the loader for cuBLASLt and NVRTC by name: those that we found are then already
  // there.
  lt::functions();
  try {
    nvrtc::functions();
  } catch (const Failure&) {
    // Without it cuDNN leaves out the engines that it compiles while a program runs.
  }
  return library_folders();
}

struct Loaded {
  Library library;
  Functions functions = {};
  graph::Functions graph = {};
  std::string path;

  Loaded()
      : library("cuDNN",
                "install it from NVIDIA or by `pip install " + wheel_of("nvidia-cudnn", true) +
                    "`, or name its folder in FLAMBEAU_CUDA_LIBRARIES",
                {"libcudnn.so.9", "libcudnn.so.8"}, folders_with_its_needs()),
        path(library.path()) {
    Functions& f = functions;
    library.find("cudnnGetVersion", f.version);
    library.find("cudnnGetErrorString", f.error_string);
    library.find_if("cudnnGetLastErrorString", f.last_error);
    library.find("cudnnCreate", f.create);
    library.find("cudnnSetStream", f.set_stream);
    library.find("cudnnCreateTensorDescriptor", f.tensor_create);
    library.find("cudnnDestroyTensorDescriptor", f.tensor_destroy);
    library.find("cudnnSetTensorNdDescriptor", f.tensor_set);
    library.find("cudnnCreateFilterDescriptor", f.filter_create);
    library.find("cudnnDestroyFilterDescriptor", f.filter_destroy);
    library.find("cudnnSetFilterNdDescriptor", f.filter_set);
    library.find("cudnnCreateConvolutionDescriptor", f.convolution_create);
    library.find("cudnnDestroyConvolutionDescriptor", f.convolution_destroy);
    library.find("cudnnSetConvolutionNdDescriptor", f.convolution_set);
    library.find("cudnnSetConvolutionGroupCount", f.convolution_set_groups);
    library.find("cudnnSetConvolutionMathType", f.convolution_set_math);
    library.find("cudnnCreateActivationDescriptor", f.activation_create);
    library.find("cudnnDestroyActivationDescriptor", f.activation_destroy);
    library.find("cudnnSetActivationDescriptor", f.activation_set);
    library.find("cudnnGetConvolutionForwardAlgorithm_v7", f.forward_candidates);
    library.find("cudnnGetConvolutionBackwardDataAlgorithm_v7", f.input_grad_candidates);
    library.find("cudnnGetConvolutionBackwardFilterAlgorithm_v7", f.weight_grad_candidates);
    library.find("cudnnFindConvolutionForwardAlgorithmEx", f.time_forward);
    library.find("cudnnFindConvolutionBackwardDataAlgorithmEx", f.time_input_grad);
    library.find("cudnnFindConvolutionBackwardFilterAlgorithmEx", f.time_weight_grad);
    library.find("cudnnConvolutionForward", f.forward);
    library.find("cudnnConvolutionBiasActivationForward", f.forward_bias);
    library.find("cudnnConvolutionBackwardData", f.input_grad);
    library.find("cudnnConvolutionBackwardFilter", f.weight_grad);
    library.find("cudnnBackendCreateDescriptor", graph.create);
    library.find("cudnnBackendDestroyDescriptor", graph.destroy);
    library.find("cudnnBackendFinalize", graph.finalize);
    library.find("cudnnBackendSetAttribute", graph.set);
    library.find("cudnnBackendGetAttribute", graph.get);
    library.find("cudnnBackendExecute", graph.execute);
  }
};

#endif

// Where opening fails, the next use tries again.
const Loaded& loaded() {
  static const Loaded* const once = new Loaded();  // never destroyed
  return *once;
}

struct Slot {
  std::mutex mutex;
  Handle handle = nullptr;
  void* stream = nullptr;
};

Slot& slot_of(int device) {
  static auto* slots = new std::array<Slot, FLAMBEAU_MAX_DEVICES>();  // never destroyed
  return slots->at(static_cast<size_t>(device));
}

}  // namespace

const Functions& functions() { return loaded().functions; }

const graph::Functions& graph::functions() { return loaded().graph; }

const std::string& path() { return loaded().path; }

Lease::Lease(int device, void* stream) {
  const Functions& f = functions();
  Slot& slot = slot_of(device);
  lock_ = std::unique_lock(slot.mutex);
  if (!slot.handle) {
    check(f.create(&slot.handle), "cudnnCreate");
    check(f.set_stream(slot.handle, stream), "cudnnSetStream");
    slot.stream = stream;
  } else if (slot.stream != stream) {
    check(f.set_stream(slot.handle, stream), "cudnnSetStream");
    slot.stream = stream;
  }
  handle_ = slot.handle;
}

std::string failure_text(Status status, const char* what) {
  const Functions& f = functions();
  std::string text = std::string(what) + " failed: " + f.error_string(status) + " (" +
                     std::to_string(static_cast<int>(status)) + ")";
  if (f.last_error) {
    char message[512] = {};
    f.last_error(message, sizeof message);
    if (message[0]) text += std::string(", ") + message;
  }
  return text;
}

void check(Status status, const char* what) {
  if (status != kSuccess) throw Failure("ERR_DEVICE", failure_text(status, what) + why_lost());
}

}  // namespace flambeau::cuda::dnn
