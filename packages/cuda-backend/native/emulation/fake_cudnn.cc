// The functions of cuDNN that we call, on the processor: plain loops that follow every field of the
// descriptors, and refuse what the library refuses (or is not known to take). So what is said to
// the library is tested, though not its speed.
#include <cstring>
#include <vector>

#include "cuda.h"
#include "half.h"
#include "libraries/cudnn.h"

namespace flambeau::cuda::dnn {

constexpr int kMaxAxes = 8;

struct OpaqueHandle {
  void* stream = nullptr;
};

struct OpaqueTensor {
  Type type = kFloat32;
  int dims = 0;
  int64_t sizes[kMaxAxes];
  int64_t strides[kMaxAxes];
};

struct OpaqueFilter {
  Type type = kFloat32;
  Format format = kRowMajor;
  int dims = 0;
  int64_t sizes[kMaxAxes];
  int64_t strides[kMaxAxes];
};

struct OpaqueConvolution {
  int dims = 0;
  int64_t pads[3], strides[3], dilations[3];
  Mode mode = kConvolution;
  Type compute = kFloat32;
  int groups = 1;
  Math math = kDefaultMath;
};

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
  *desc = {type, format, dims, {}, {}};
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
  if (x->dims != c->dims + 2 || w->dims != x->dims || y->dims != x->dims) return kBadParam;
  if (x->type != w->type || x->type != y->type) return kBadParam;
  if (c->compute != (x->type == kFloat64 ? kFloat64 : kFloat32)) return kNotSupported;
  if (c->mode != kCrossCorrelation) return kNotSupported;
  if (x->sizes[0] != y->sizes[0] || w->sizes[0] != y->sizes[1] ||
      w->sizes[1] * c->groups != x->sizes[1] || w->sizes[0] % c->groups != 0)
    return kBadParam;
  for (int i = 0; i < c->dims; ++i) {
    const int64_t free = x->sizes[2 + i] + 2 * c->pads[i] - (w->sizes[2 + i] - 1) * c->dilations[i];
    if (free < 1 || (free - 1) / c->strides[i] + 1 != y->sizes[2 + i]) return kBadParam;
  }
  // The layouts of tensors and filter go together.
  for (const OpaqueTensor* t : {x, y}) {
    int64_t step = w->format == kChannelsLast ? t->sizes[1] : 1;
    if (w->format == kChannelsLast && t->sizes[1] > 1 && t->strides[1] != 1) return kNotSupported;
    for (int axis = t->dims - 1; axis > 1; --axis) {
      if (t->sizes[axis] > 1 && t->strides[axis] != step) return kNotSupported;
      step *= t->sizes[axis];
    }
  }
  if (x->type == kFloat64 && w->format == kChannelsLast) return kNotSupported;
  return kSuccess;
}

double read(Type type, const void* data, int64_t at) {
  switch (type) {
    case kFloat64: return static_cast<const double*>(data)[at];
    case kFloat16: return formulas::to_float(static_cast<const Half*>(data)[at]);
    case kBFloat16: return formulas::to_float(static_cast<const BFloat16*>(data)[at]);
    case kFloat32: break;
  }
  return static_cast<const float*>(data)[at];
}

void write(Type type, void* data, int64_t at, double value) {
  const auto narrow = static_cast<float>(value);
  switch (type) {
    case kFloat64: static_cast<double*>(data)[at] = value; return;
    case kFloat16: static_cast<Half*>(data)[at] = formulas::to_half(narrow); return;
    case kBFloat16: static_cast<BFloat16*>(data)[at] = formulas::to_bfloat16(narrow); return;
    case kFloat32: break;
  }
  static_cast<float*>(data)[at] = narrow;
}

template <class Desc>
int64_t elements_of(const Desc& desc) {
  int64_t last = 0;
  for (int i = 0; i < desc.dims; ++i) last += (desc.sizes[i] - 1) * desc.strides[i];
  return last + 1;
}

// Whatever a pass computes is a sum of products that link an element each of x, w and y.
struct Links {
  OpaqueTensor x;
  OpaqueFilter w;
  OpaqueConvolution c;
  OpaqueTensor y;

  // body(x offset, w offset, y offset) for all products.
  template <class Body>
  void each(Body&& body) const {
    const int dims = c.dims;
    int64_t taps = 1, pixels = 1;
    for (int i = 0; i < dims; ++i) taps *= w.sizes[2 + i], pixels *= y.sizes[2 + i];
    const int64_t inputs = w.sizes[1], outputs = w.sizes[0] / c.groups;
    for (int64_t n = 0; n < y.sizes[0]; ++n)
      for (int64_t o = 0; o < w.sizes[0]; ++o)
        for (int64_t pixel = 0; pixel < pixels; ++pixel)
          for (int64_t tap = 0; tap < taps; ++tap) {
            int64_t from = n * x.strides[0], to = n * y.strides[0] + o * y.strides[1];
            int64_t weight = o * w.strides[0], p = pixel, t = tap;
            bool inside = true;
            for (int i = dims - 1; i >= 0; --i) {
              const int64_t out = p % y.sizes[2 + i], k = t % w.sizes[2 + i];
              p /= y.sizes[2 + i];
              t /= w.sizes[2 + i];
              const int64_t in = out * c.strides[i] - c.pads[i] + k * c.dilations[i];
              inside = inside && in >= 0 && in < x.sizes[2 + i];
              from += in * x.strides[2 + i];
              to += out * y.strides[2 + i];
              weight += k * w.strides[2 + i];
            }
            if (!inside) continue;
            const int64_t first = o / outputs * inputs;
            for (int64_t i = 0; i < inputs; ++i)
              body(from + (first + i) * x.strides[1], weight + i * w.strides[1], to);
          }
  }
};

Status enqueue(Handle handle, std::function<void()> body) {
  const cudaError_t error =
      emulation::launch({reinterpret_cast<const void*>(&enqueue), dim3(1), dim3(1), 0,
                         std::move(body), std::source_location::current()},
                        static_cast<cudaStream_t>(handle->stream));
  return error == cudaSuccess ? kSuccess : kExecutionFailed;
}

double scalar(Type type, const void* value) {
  return type == kFloat64 ? *static_cast<const double*>(value) : *static_cast<const float*>(value);
}

Status check_run(const Links& links, int algorithm, const void* workspace, size_t bytes) {
  if (algorithm != kAlgorithms[0] && algorithm != kAlgorithms[1]) return kBadParam;
  if (algorithm == kPrecomputedGemm && links.c.dims == 3) return kNotSupported;
  if (algorithm == kPrecomputedGemm && (bytes < kWorkspace || !workspace)) return kBadParam;
  if (links.x.type == kFloat32 && links.c.math == kTensorOps) return kNotSupported;
  return kSuccess;
}

// out [elements of Desc] = alpha · sums + beta · out
template <class Desc, class Sums>
void store(const Desc& desc, void* out, double alpha, double beta, const Sums& sums,
           const std::vector<char>& used) {
  for (size_t i = 0; i < sums.size(); ++i) {
    if (!used[i]) continue;
    const auto at = static_cast<int64_t>(i);
    write(desc.type, out, at, alpha * sums[i] + (beta == 0 ? 0 : beta * read(desc.type, out, at)));
  }
}

// Which offsets of a strided tensor belong to it.
template <class Desc>
std::vector<char> used_by(const Desc& desc) {
  std::vector<char> used(static_cast<size_t>(elements_of(desc)), 0);
  int64_t count = 1;
  for (int i = 0; i < desc.dims; ++i) count *= desc.sizes[i];
  for (int64_t item = 0; item < count; ++item) {
    int64_t rest = item, at = 0;
    for (int i = desc.dims - 1; i >= 0; --i) {
      at += rest % desc.sizes[i] * desc.strides[i];
      rest /= desc.sizes[i];
    }
    used[static_cast<size_t>(at)] = 1;
  }
  return used;
}

Status forward_with(Handle handle, const void* alpha, TensorDesc x, const void* x_data,
                    FilterDesc w, const void* w_data, ConvolutionDesc c, int algorithm,
                    void* workspace, size_t bytes, const void* beta, TensorDesc y, void* y_data,
                    const OpaqueTensor* bias, const void* bias_data) {
  if (const Status status = judge(x, w, c, y); status != kSuccess) return status;
  const Links links = {*x, *w, *c, *y};
  if (const Status status = check_run(links, algorithm, workspace, bytes); status != kSuccess)
    return status;
  const double factor = scalar(x->type, alpha), keep = scalar(x->type, beta);
  const OpaqueTensor bias_desc = bias ? *bias : OpaqueTensor{};
  return enqueue(handle, [=] {
    std::vector<double> sums(static_cast<size_t>(elements_of(links.y)), 0.0);
    links.each([&](int64_t from, int64_t weight, int64_t to) {
      sums[static_cast<size_t>(to)] +=
          read(links.x.type, x_data, from) * read(links.w.type, w_data, weight);
    });
    if (bias_data)
      for (int64_t n = 0; n < links.y.sizes[0]; ++n)
        for (size_t i = 0; i < sums.size(); ++i) {
          // The channel of an offset of one image.
          const auto at = static_cast<int64_t>(i) - n * links.y.strides[0];
          if (at < 0 || (links.y.sizes[0] > 1 && at >= links.y.strides[0])) continue;
          const int64_t o = at / links.y.strides[1] % links.y.sizes[1];
          sums[i] += read(bias_desc.type, bias_data, o * bias_desc.strides[1]);
        }
    store(links.y, y_data, factor, keep, sums, used_by(links.y));
  });
}

Status forward(Handle handle, const void* alpha, TensorDesc x, const void* x_data, FilterDesc w,
               const void* w_data, ConvolutionDesc c, int algorithm, void* workspace, size_t bytes,
               const void* beta, TensorDesc y, void* y_data) {
  return forward_with(handle, alpha, x, x_data, w, w_data, c, algorithm, workspace, bytes, beta, y,
                      y_data, nullptr, nullptr);
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
  return forward_with(handle, alpha1, x, x_data, w, w_data, c, algorithm, workspace, bytes, alpha2,
                      y, y_data, bias, bias_data);
}

Status input_grad(Handle handle, const void* alpha, FilterDesc w, const void* w_data, TensorDesc dy,
                  const void* dy_data, ConvolutionDesc c, int algorithm, void* workspace,
                  size_t bytes, const void* beta, TensorDesc dx, void* dx_data) {
  if (const Status status = judge(dx, w, c, dy); status != kSuccess) return status;
  const Links links = {*dx, *w, *c, *dy};
  if (const Status status = check_run(links, algorithm, workspace, bytes); status != kSuccess)
    return status;
  const double factor = scalar(dx->type, alpha), keep = scalar(dx->type, beta);
  return enqueue(handle, [=] {
    std::vector<double> sums(static_cast<size_t>(elements_of(links.x)), 0.0);
    links.each([&](int64_t to, int64_t weight, int64_t from) {
      sums[static_cast<size_t>(to)] +=
          read(links.y.type, dy_data, from) * read(links.w.type, w_data, weight);
    });
    store(links.x, dx_data, factor, keep, sums, used_by(links.x));
  });
}

Status weight_grad(Handle handle, const void* alpha, TensorDesc x, const void* x_data,
                   TensorDesc dy, const void* dy_data, ConvolutionDesc c, int algorithm,
                   void* workspace, size_t bytes, const void* beta, FilterDesc dw, void* dw_data) {
  if (const Status status = judge(x, dw, c, dy); status != kSuccess) return status;
  const Links links = {*x, *dw, *c, *dy};
  if (const Status status = check_run(links, algorithm, workspace, bytes); status != kSuccess)
    return status;
  const double factor = scalar(x->type, alpha), keep = scalar(x->type, beta);
  return enqueue(handle, [=] {
    std::vector<double> sums(static_cast<size_t>(elements_of(links.w)), 0.0);
    links.each([&](int64_t from, int64_t weight, int64_t to) {
      sums[static_cast<size_t>(weight)] +=
          read(links.x.type, x_data, from) * read(links.y.type, dy_data, to);
    });
    store(links.w, dw_data, factor, keep, sums, used_by(links.w));
  });
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
