// The part of cuDNN that we call, declared in our own words: the functions for convolutions that
// versions 8 and 9 share. The library is opened when the first convolution runs.
//
// Names, signatures and numbers are compared with NVIDIA's headers by tests/vendor_headers.cc (of
// cuDNN 9.24; of 9.10 to 9.15 they were read off the bindings of cudarc 0.18.1). Version 8 has the
// same functions and numbers but other numbers for errors, of which only kNotSupported (9 there) is
// asked for. That an activation `identity` needs the algorithm kPrecomputedGemm: NVIDIA's API
// reference of cuDNN 7.6.5. Not documented for layouts n, h, w, c: which algorithms take them; the
// candidates are tried in the order of their expected times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

namespace flambeau::cuda::dnn {

enum Status : int {
  kSuccess = 0,
  kNotSupported8 = 9,  // as version 8 says it
  kBadParam = 2000,
  kNotSupported = 3000,  // up to 3999, with a reason
  kInternalError = 4000,
  kExecutionFailed = 5000
};

// cudnnDataType_t
enum Type : int { kFloat32 = 0, kFloat64 = 1, kFloat16 = 2, kBFloat16 = 9 };
// cudnnTensorFormat_t: how filters are stored
enum Format : int { kRowMajor = 0, kChannelsLast = 1 };
// cudnnConvolutionMode_t
enum Mode : int { kConvolution = 0, kCrossCorrelation = 1 };
// cudnnMathType_t
enum Math : int { kDefaultMath = 0, kTensorOps = 1, kTensorOpsConverting = 2, kFma = 3 };
// cudnnActivationMode_t
enum Activation : int { kReluActivation = 1, kIdentity = 5 };
// cudnnNanPropagation_t
enum NanPropagation : int { kDropNan = 0, kPropagateNan = 1 };
// cudnnDeterminism_t
enum Determinism : int { kNotDeterministic = 0, kDeterministic = 1 };
// cudnnConvolutionFwdAlgo_t: the one that can add a bias
inline constexpr int kPrecomputedGemm = 1;

using Handle = struct OpaqueHandle*;
using TensorDesc = struct OpaqueTensor*;
using FilterDesc = struct OpaqueFilter*;
using ConvolutionDesc = struct OpaqueConvolution*;
using ActivationDesc = struct OpaqueActivation*;

// cudnnConvolution{Fwd,BwdData,BwdFilter}AlgoPerf_t, which only differ in the enumeration that
// `algorithm` is of
struct Candidate {
  int algorithm;
  Status status;
  float milliseconds;
  size_t workspace_bytes;
  Determinism determinism;
  Math math;
  int reserved[3];
};
static_assert(sizeof(Candidate) == 48, "the layout of the library");

// Streams are cudaStream_t. x [n, c, …], w [o, c / groups, …], y [n, o, …]; alpha and beta are
// float, or double where tensors are.
struct Functions {
  size_t (*version)();
  const char* (*error_string)(Status status);
  void (*last_error)(char* message, size_t bytes);  // null before version 9
  Status (*create)(Handle* handle);
  Status (*set_stream)(Handle handle, void* stream);
  Status (*tensor_create)(TensorDesc* desc);
  Status (*tensor_destroy)(TensorDesc desc);
  Status (*tensor_set)(TensorDesc desc, Type type, int dims, const int* sizes, const int* strides);
  Status (*filter_create)(FilterDesc* desc);
  Status (*filter_destroy)(FilterDesc desc);
  Status (*filter_set)(FilterDesc desc, Type type, Format format, int dims, const int* sizes);
  Status (*convolution_create)(ConvolutionDesc* desc);
  Status (*convolution_destroy)(ConvolutionDesc desc);
  // `dims` without batch and channels
  Status (*convolution_set)(ConvolutionDesc desc, int dims, const int* pads, const int* strides,
                            const int* dilations, Mode mode, Type compute);
  Status (*convolution_set_groups)(ConvolutionDesc desc, int groups);
  Status (*convolution_set_math)(ConvolutionDesc desc, Math math);
  Status (*activation_create)(ActivationDesc* desc);
  Status (*activation_destroy)(ActivationDesc desc);
  Status (*activation_set)(ActivationDesc desc, Activation mode, NanPropagation nans, double limit);

  // What the library expects of each algorithm, the best first.
  Status (*forward_candidates)(Handle, TensorDesc x, FilterDesc w, ConvolutionDesc, TensorDesc y,
                               int requested, int* returned, Candidate* results);
  Status (*input_grad_candidates)(Handle, FilterDesc w, TensorDesc dy, ConvolutionDesc,
                                  TensorDesc dx, int requested, int* returned, Candidate* results);
  Status (*weight_grad_candidates)(Handle, TensorDesc x, TensorDesc dy, ConvolutionDesc,
                                   FilterDesc dw, int requested, int* returned, Candidate* results);
  // The same by running all of them.
  Status (*time_forward)(Handle, TensorDesc x, const void* x_data, FilterDesc w, const void* w_data,
                         ConvolutionDesc, TensorDesc y, void* y_data, int requested, int* returned,
                         Candidate* results, void* workspace, size_t workspace_bytes);
  Status (*time_input_grad)(Handle, FilterDesc w, const void* w_data, TensorDesc dy,
                            const void* dy_data, ConvolutionDesc, TensorDesc dx, void* dx_data,
                            int requested, int* returned, Candidate* results, void* workspace,
                            size_t workspace_bytes);
  Status (*time_weight_grad)(Handle, TensorDesc x, const void* x_data, TensorDesc dy,
                             const void* dy_data, ConvolutionDesc, FilterDesc dw, void* dw_data,
                             int requested, int* returned, Candidate* results, void* workspace,
                             size_t workspace_bytes);

  Status (*forward)(Handle, const void* alpha, TensorDesc x, const void* x_data, FilterDesc w,
                    const void* w_data, ConvolutionDesc, int algorithm, void* workspace,
                    size_t workspace_bytes, const void* beta, TensorDesc y, void* y_data);
  // y = activation(alpha1 · convolution + alpha2 · z + bias); z may be y
  Status (*forward_bias)(Handle, const void* alpha1, TensorDesc x, const void* x_data, FilterDesc w,
                         const void* w_data, ConvolutionDesc, int algorithm, void* workspace,
                         size_t workspace_bytes, const void* alpha2, TensorDesc z,
                         const void* z_data, TensorDesc bias, const void* bias_data, ActivationDesc,
                         TensorDesc y, void* y_data);
  Status (*input_grad)(Handle, const void* alpha, FilterDesc w, const void* w_data, TensorDesc dy,
                       const void* dy_data, ConvolutionDesc, int algorithm, void* workspace,
                       size_t workspace_bytes, const void* beta, TensorDesc dx, void* dx_data);
  Status (*weight_grad)(Handle, const void* alpha, TensorDesc x, const void* x_data, TensorDesc dy,
                        const void* dy_data, ConvolutionDesc, int algorithm, void* workspace,
                        size_t workspace_bytes, const void* beta, FilterDesc dw, void* dw_data);
};

// Opens the library on first use; throws Failure("ERR_DEVICE") with the remedy where there is none.
const Functions& functions();
// The file that it came from.
const std::string& path();

// The handle of a device for one thread at a time, set to a stream.
class Lease {
 public:
  Lease(int device, void* stream);
  Handle handle() const { return handle_; }

 private:
  std::unique_lock<std::mutex> lock_;
  Handle handle_;
};

// Does the status say that something is not supported, rather than that it failed?
constexpr bool is_unsupported(Status status) {
  return status == kNotSupported8 || (status >= 3000 && status < 4000);
}
// What failed, in the library's words too.
std::string failure_text(Status status, const char* what);
// Throws Failure("ERR_DEVICE") that names the call.
void check(Status status, const char* what);

// On the emulated device: the same functions on the processor (emulation/fake_cudnn.cc).
Functions fake_functions();

}  // namespace flambeau::cuda::dnn
