// The functions of cuDNN that we call, on the processor: plain loops that follow every field of the
// descriptors, and refuse what the library refuses (or is not known to take). So what is said to
// the library is tested, though not its speed.
#include <cstring>

#include "fake_cudnn_sums.h"
#include "fake_library.h"

namespace flambeau::cuda::dnn {

struct OpaqueActivation {
  bool set = false;
  Activation mode = kIdentity;
};

namespace {

constexpr Status kNull = static_cast<Status>(2002);
// The algorithms of each pass; the first one refuses volumes when it runs.
constexpr int kAlgorithms[] = {kPrecomputedGemm, 0};
constexpr size_t kWorkspace = 1024;

size_t version() { return 91000; }
const char* error_string(Status status) {
  return is_unsupported(status) ? "CUDNN_STATUS_NOT_SUPPORTED" : "CUDNN_STATUS_BAD_PARAM";
}
void last_error(char* message, size_t bytes) { std::strncpy(message, "of the emulation", bytes); }

Status create(Handle* handle) {
  *handle = new OpaqueHandle;
  return kSuccess;
}
Status set_stream(Handle handle, void* stream) {
  handle->stream = stream;
  return kSuccess;
}

template <class Desc>
Status make(Desc** desc) {
  *desc = new Desc;
  return kSuccess;
}
template <class Desc>
Status destroy(Desc* desc) {
  delete desc;
  return kSuccess;
}

Status tensor_set(TensorDesc desc, Type type, int dims, const int* sizes, const int* strides) {
  if (!desc || dims < 4 || dims > kMaxAxes) return kBadParam;
  desc->type = type;
  desc->dims = dims;
  for (int i = 0; i < dims; ++i) {
    if (sizes[i] < 1 || strides[i] < 1) return kBadParam;
    desc->sizes[i] = sizes[i];
    desc->strides[i] = strides[i];
  }
  return kSuccess;
}

Status filter_set(FilterDesc desc, Type type, Format format, int dims, const int* sizes) {
  if (!desc || dims < 4 || dims > kMaxAxes) return kBadParam;
  desc->type = type;
  desc->format = format;
  desc->dims = dims;
  int64_t step = 1;
  for (int i = 0; i < dims; ++i) {
    if (sizes[i] < 1) return kBadParam;
    desc->sizes[i] = sizes[i];
  }
  const auto place = [&](int axis) {
    desc->strides[axis] = step;
    step *= sizes[axis];
  };
  if (format == kChannelsLast) place(1);
  for (int axis = dims - 1; axis > 1; --axis) place(axis);
  if (format == kRowMajor) place(1);
  place(0);
  return kSuccess;
}

Status convolution_set(ConvolutionDesc desc, int dims, const int* pads, const int* strides,
                       const int* dilations, Mode mode, Type compute) {
  if (!desc || dims < 2 || dims > 3) return kBadParam;
  desc->dims = dims;
  for (int i = 0; i < dims; ++i) {
    if (pads[i] < 0 || strides[i] < 1 || dilations[i] < 1) return kBadParam;
    desc->pads[i] = pads[i];
    desc->strides[i] = strides[i];
    desc->dilations[i] = dilations[i];
  }
  desc->mode = mode;
  desc->compute = compute;
  return kSuccess;
}
Status convolution_set_groups(ConvolutionDesc desc, int groups) {
  if (!desc || groups < 1) return kBadParam;
  desc->groups = groups;
  return kSuccess;
}
Status convolution_set_math(ConvolutionDesc desc, Math math) {
  if (!desc) return kNull;
  desc->math = math;
  return kSuccess;
}
Status activation_set(ActivationDesc desc, Activation mode, NanPropagation, double) {
  desc->set = true;
  desc->mode = mode;
  return kSuccess;
}

// Is this a convolution that the library takes?
Status judge(const OpaqueTensor* x, const OpaqueFilter* w, const OpaqueConvolution* c,
             const OpaqueTensor* y) {
  if (!x || !w || !c || !y) return kNull;
  const Links links = {*x, *w, *c, *y};
  if (x->type != w->type || x->type != y->type || !links.sizes_fit()) return kBadParam;
  if (c->compute != (x->type == kFloat64 ? kFloat64 : kFloat32)) return kNotSupported;
  if (c->mode != kCrossCorrelation || !links.layouts_fit()) return kNotSupported;
  if (x->type == kFloat64 && w->format == kChannelsLast) return kNotSupported;
  return kSuccess;
}

// Whatever a pass is given; its result is written.
Status convolve(graph::Pass pass, Handle handle, TensorDesc x, const void* x_data, FilterDesc w,
                const void* w_data, ConvolutionDesc c, TensorDesc y, const void* y_data,
                int algorithm, void* workspace, size_t bytes, const void* alpha, const void* beta,
                TensorDesc bias = nullptr, const void* bias_data = nullptr) {
  if (const Status status = judge(x, w, c, y); status != kSuccess) return status;
  if (algorithm != kAlgorithms[0] && algorithm != kAlgorithms[1]) return kBadParam;
  if (algorithm == kPrecomputedGemm && c->dims == 3) return kNotSupported;
  if (algorithm == kPrecomputedGemm && (bytes < kWorkspace || !workspace)) return kBadParam;
  const bool tf32 = c->math != kFma;  // plain multiplications must be asked for
  Work work = {{*x, *w, *c, *y}, pass, x_data, w_data, y_data, tf32};
  work.alpha = factor_of(x->type, alpha);
  work.beta = factor_of(x->type, beta);
  work.bias = bias_data;
  if (bias) work.bias_step = bias->strides[1];
  return work.enqueue(handle);
}

Status forward(Handle handle, const void* alpha, TensorDesc x, const void* x_data, FilterDesc w,
               const void* w_data, ConvolutionDesc c, int algorithm, void* workspace, size_t bytes,
               const void* beta, TensorDesc y, void* y_data) {
  return convolve(graph::Pass::kForward, handle, x, x_data, w, w_data, c, y, y_data, algorithm,
                  workspace, bytes, alpha, beta);
}

Status forward_bias(Handle handle, const void* alpha1, TensorDesc x, const void* x_data,
                    FilterDesc w, const void* w_data, ConvolutionDesc c, int algorithm,
                    void* workspace, size_t bytes, const void* alpha2, TensorDesc z,
                    const void* z_data, TensorDesc bias, const void* bias_data,
                    ActivationDesc activation, TensorDesc y, void* y_data) {
  if (!bias || !bias_data || !activation || !activation->set || !z || !z_data) return kNull;
  if (activation->mode != kIdentity || algorithm != kPrecomputedGemm) return kNotSupported;
  if (bias->type != y->type || bias->sizes[1] != y->sizes[1]) return kBadParam;
  for (int i = 0; i < bias->dims; ++i)
    if (i != 1 && bias->sizes[i] != 1) return kBadParam;
  // Refused here so that our own way of adding a bias is tested.
  if (y->type == kBFloat16) return kNotSupported;
  return convolve(graph::Pass::kForward, handle, x, x_data, w, w_data, c, y, y_data, algorithm,
                  workspace, bytes, alpha1, alpha2, bias, bias_data);
}

Status input_grad(Handle handle, const void* alpha, FilterDesc w, const void* w_data, TensorDesc dy,
                  const void* dy_data, ConvolutionDesc c, int algorithm, void* workspace,
                  size_t bytes, const void* beta, TensorDesc dx, void* dx_data) {
  return convolve(graph::Pass::kInputGrad, handle, dx, dx_data, w, w_data, c, dy, dy_data,
                  algorithm, workspace, bytes, alpha, beta);
}

Status weight_grad(Handle handle, const void* alpha, TensorDesc x, const void* x_data,
                   TensorDesc dy, const void* dy_data, ConvolutionDesc c, int algorithm,
                   void* workspace, size_t bytes, const void* beta, FilterDesc dw, void* dw_data) {
  return convolve(graph::Pass::kWeightGrad, handle, x, x_data, dw, dw_data, c, dy, dy_data,
                  algorithm, workspace, bytes, alpha, beta);
}

Status candidates(Handle handle, const OpaqueTensor* x, const OpaqueFilter* w,
                  const OpaqueConvolution* c, const OpaqueTensor* y, int requested, int* returned,
                  Candidate* results) {
  if (!handle || requested < 1 || !returned || !results) return kNull;
  *returned = 0;
  if (const Status status = judge(x, w, c, y); status != kSuccess) return status;
  const Math math = x->type == kFloat32 ? c->math : x->type == kFloat64 ? kDefaultMath : kTensorOps;
  for (int algorithm : kAlgorithms) {
    if (*returned == requested) break;
    results[*returned] = {};
    results[*returned].algorithm = algorithm;
    results[*returned].milliseconds = static_cast<float>(*returned + 1);
    results[*returned].workspace_bytes = algorithm == kPrecomputedGemm ? kWorkspace : 0;
    results[*returned].determinism = kDeterministic;
    results[*returned].math = math;
    ++*returned;
  }
  return kSuccess;
}

Status forward_candidates(Handle handle, TensorDesc x, FilterDesc w, ConvolutionDesc c,
                          TensorDesc y, int requested, int* returned, Candidate* results) {
  return candidates(handle, x, w, c, y, requested, returned, results);
}
Status input_grad_candidates(Handle handle, FilterDesc w, TensorDesc dy, ConvolutionDesc c,
                             TensorDesc dx, int requested, int* returned, Candidate* results) {
  return candidates(handle, dx, w, c, dy, requested, returned, results);
}
Status weight_grad_candidates(Handle handle, TensorDesc x, TensorDesc dy, ConvolutionDesc c,
                              FilterDesc dw, int requested, int* returned, Candidate* results) {
  return candidates(handle, x, dw, c, dy, requested, returned, results);
}

Status time_forward(Handle handle, TensorDesc x, const void* x_data, FilterDesc w,
                    const void* w_data, ConvolutionDesc c, TensorDesc y, void* y_data,
                    int requested, int* returned, Candidate* results, void* workspace, size_t) {
  if (!x_data || !w_data || !y_data || !workspace) return kNull;
  return candidates(handle, x, w, c, y, requested, returned, results);
}
Status time_input_grad(Handle handle, FilterDesc w, const void* w_data, TensorDesc dy,
                       const void* dy_data, ConvolutionDesc c, TensorDesc dx, void* dx_data,
                       int requested, int* returned, Candidate* results, void* workspace, size_t) {
  if (!dx_data || !w_data || !dy_data || !workspace) return kNull;
  return candidates(handle, dx, w, c, dy, requested, returned, results);
}
Status time_weight_grad(Handle handle, TensorDesc x, const void* x_data, TensorDesc dy,
                        const void* dy_data, ConvolutionDesc c, FilterDesc dw, void* dw_data,
                        int requested, int* returned, Candidate* results, void* workspace, size_t) {
  if (!x_data || !dw_data || !dy_data || !workspace) return kNull;
  return candidates(handle, x, dw, c, dy, requested, returned, results);
}

}  // namespace

Functions fake_functions() {
  return {version,
          error_string,
          last_error,
          create,
          set_stream,
          make<OpaqueTensor>,
          destroy<OpaqueTensor>,
          tensor_set,
          make<OpaqueFilter>,
          destroy<OpaqueFilter>,
          filter_set,
          make<OpaqueConvolution>,
          destroy<OpaqueConvolution>,
          convolution_set,
          convolution_set_groups,
          convolution_set_math,
          make<OpaqueActivation>,
          destroy<OpaqueActivation>,
          activation_set,
          forward_candidates,
          input_grad_candidates,
          weight_grad_candidates,
          time_forward,
          time_input_grad,
          time_weight_grad,
          forward,
          forward_bias,
          input_grad,
          weight_grad};
}

}  // namespace flambeau::cuda::dnn
