// The functions of cuBLASLt that we call, on the processor: plain loops that follow every field of
// the descriptors, and refuse what the library refuses (or is not known to take). So what is said
// to the library is tested, though not its speed.
#include <algorithm>
#include <cstring>

#include "fake_library.h"
#include "libraries/cublas_lt.h"

namespace flambeau::cuda::lt {

struct OpaqueHandle {
  int device;
};

struct OpaqueMatmulDesc {
  Compute compute;
  Type scale;
  Operation transpose_a = kPlain, transpose_b = kPlain;
  Epilogue epilogue = kNoEpilogue;
  const void* bias = nullptr;
};

struct OpaqueLayout {
  Type type;
  uint64_t rows, columns;
  int64_t ld;
  int32_t batch = 1;
  int64_t step = 0;
};

struct OpaquePreference {
  uint64_t workspace = 0;
  uint32_t reductions = 7;
  uint32_t alignment[4] = {256, 256, 256, 256};
};

namespace {

// Is the pointer to a bias read, or written to?
bool has_vector(const OpaqueMatmulDesc& desc) {
  return desc.epilogue == kBias || desc.epilogue == kBiasGradB;
}

constexpr int kAlgorithms = 2;
constexpr uint64_t kMark = 0x666c616d62656175;  // of algorithms that come from here

// Copies a value into the field of an attribute if it has its size.
template <class T>
Status take(const void* value, size_t bytes, T& field) {
  if (!value || bytes != sizeof field) return kInvalidValue;
  std::memcpy(&field, value, sizeof field);
  return kSuccess;
}

Status create(Handle* handle) {
  if (!handle) return kInvalidValue;
  int device = 0;
  cudaGetDevice(&device);
  *handle = new OpaqueHandle{device};
  return kSuccess;
}

size_t version() { return 130000; }

Status matmul_create(MatmulDesc* desc, Compute compute, Type scale) {
  if (!desc) return kInvalidValue;
  const bool fits = compute == kCompute64 ? scale == kFloat64 : scale == kFloat32;
  if (!fits) return kInvalidValue;
  *desc = new OpaqueMatmulDesc{compute, scale};
  return kSuccess;
}

Status matmul_destroy(MatmulDesc desc) {
  delete desc;
  return kSuccess;
}

Status matmul_set(MatmulDesc desc, MatmulAttribute attribute, const void* value, size_t bytes) {
  switch (attribute) {
    case kTransposeA: return take(value, bytes, desc->transpose_a);
    case kTransposeB: return take(value, bytes, desc->transpose_b);
    case kEpilogue: return take(value, bytes, desc->epilogue);
    case kBiasPointer: return take(value, bytes, desc->bias);
    case kBiasBatchStride: break;
  }
  return kInvalidValue;
}

Status layout_create(Layout* layout, Type type, uint64_t rows, uint64_t columns, int64_t ld) {
  if (!layout || rows == 0 || columns == 0 || ld < static_cast<int64_t>(rows)) return kInvalidValue;
  *layout = new OpaqueLayout{type, rows, columns, ld};
  return kSuccess;
}

Status layout_destroy(Layout layout) {
  delete layout;
  return kSuccess;
}

Status layout_set(Layout layout, LayoutAttribute attribute, const void* value, size_t bytes) {
  switch (attribute) {
    case kBatchCount: return take(value, bytes, layout->batch);
    case kStridedBatchOffset: return take(value, bytes, layout->step);
  }
  return kInvalidValue;
}

Status preference_create(Preference* preference) {
  *preference = new OpaquePreference;
  return kSuccess;
}

Status preference_destroy(Preference preference) {
  delete preference;
  return kSuccess;
}

Status preference_set(Preference preference, PreferenceAttribute attribute, const void* value,
                      size_t bytes) {
  if (attribute == kMaxWorkspaceBytes) return take(value, bytes, preference->workspace);
  if (attribute == kReductionMask) return take(value, bytes, preference->reductions);
  if (attribute < kMinAlignmentA || attribute > kMinAlignmentD) return kInvalidValue;
  return take(value, bytes, preference->alignment[attribute - kMinAlignmentA]);
}

// Is this a product that the library takes?
Status judge(const OpaqueMatmulDesc& desc, const OpaqueLayout& a, const OpaqueLayout& b,
             const OpaqueLayout& c, const OpaqueLayout& d) {
  const bool a_turned = desc.transpose_a == kTransposed, b_turned = desc.transpose_b == kTransposed;
  const uint64_t m = a_turned ? a.columns : a.rows, k = a_turned ? a.rows : a.columns;
  const uint64_t n = b_turned ? b.rows : b.columns, inner = b_turned ? b.columns : b.rows;
  if (k != inner || d.rows != m || d.columns != n || c.rows != m || c.columns != n)
    return kInvalidValue;
  for (const OpaqueLayout* layout : {&a, &b, &c})
    if (layout->batch != d.batch) return kInvalidValue;
  // Products of 16-bit floats may come as float32.
  const bool widens = d.type == kFloat32 && (a.type == kFloat16 || a.type == kBFloat16);
  if (a.type != b.type || c.type != d.type || (a.type != d.type && !widens)) return kInvalidValue;
  if (d.batch < 1 || d.batch > 65535) return kNotSupported;
  if (d.batch > 1 && d.step < d.ld * static_cast<int64_t>(n - 1) + static_cast<int64_t>(m))
    return kInvalidValue;  // results would overlap
  if ((desc.compute == kCompute64) != (d.type == kFloat64)) return kNotSupported;
  if (desc.compute == kCompute32Tf32 && a.type != kFloat32) return kNotSupported;
  switch (desc.epilogue) {
    case kNoEpilogue: return kSuccess;
    case kBias:
    case kBiasGradB: break;
    default: return kInvalidValue;
  }
  if (desc.epilogue == kBiasGradB && d.batch != 1) return kNotSupported;
  // Refused here so that our own way of doing them is tested.
  if (d.type == kFloat64) return kNotSupported;
  return kSuccess;
}

// The largest power of two up to 256 that divides an address.
uint64_t alignment_of(const void* data) {
  const auto address = reinterpret_cast<uintptr_t>(data) | 256;
  return address & (~address + 1);
}

size_t workspace_of(const OpaqueLayout& d) { return d.rows * d.columns >= 64 ? 4096 : 0; }

Status heuristic(Handle handle, MatmulDesc desc, Layout a, Layout b, Layout c, Layout d,
                 Preference preference, int requested, Heuristic* results, int* returned) {
  if (!handle || !desc || !a || !b || !c || !d || !preference || requested < 1 || !results)
    return kInvalidValue;
  *returned = 0;
  for (uint32_t alignment : preference->alignment)
    if (alignment == 0 || alignment > 256 || (alignment & (alignment - 1)) != 0)
      return kInvalidValue;
  if (const Status status = judge(*desc, *a, *b, *c, *d); status != kSuccess) return status;
  if (workspace_of(*d) > preference->workspace) return kNotSupported;
  const bool biased = has_vector(*desc);
  for (int number = 0; number < std::min(requested, kAlgorithms); ++number) {
    Heuristic& result = results[number];
    result = {};
    result.algorithm.data[0] = kMark;
    for (int i = 0; i < 4; ++i)
      result.algorithm.data[1 + i] = preference->alignment[static_cast<size_t>(i)];
    // The library knows how a bias is aligned from the pointer that it is told beforehand, and
    // splits sums where it may.
    result.algorithm.data[5] = biased ? alignment_of(desc->bias) : 1;
    result.algorithm.data[6] = preference->reductions & (kInOutput | kInOutputType);
    result.algorithm.data[7] = static_cast<uint64_t>(number);
    result.workspace_bytes = workspace_of(*d);
    result.state = kSuccess;
    ++*returned;
  }
  return kSuccess;
}

double rounded(Type type, double value) {
  double place[1];
  set_value(type, place, 0, value);
  return value_at(type, place, 0);
}

struct Job {
  OpaqueMatmulDesc desc;
  OpaqueLayout a, b, c, d;
  const void *a_data, *b_data, *c_data;
  void* d_data;
  double alpha, beta;
  bool rounds_parts;  // are the halves of a sum rounded to the type of the result?

  // The sums of the columns of op(b) [k, n].
  void sum_columns(int64_t n, int64_t k, bool turned) const {
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < k; ++l)
        sum += value_at(b.type, b_data, turned ? l * b.ld + j : j * b.ld + l);
      set_value(d.type, const_cast<void*>(desc.bias), j, sum);
    }
  }

  void run() const {
    const auto m = static_cast<int64_t>(d.rows), n = static_cast<int64_t>(d.columns);
    const bool a_turned = desc.transpose_a == kTransposed;
    const bool b_turned = desc.transpose_b == kTransposed;
    const auto k = static_cast<int64_t>(a_turned ? a.rows : a.columns);
    const bool is_double = desc.compute == kCompute64;
    const bool tf32 = desc.compute == kCompute32Tf32;
    for (int64_t number = 0; number < d.batch; ++number)
      for (int64_t j = 0; j < n; ++j)
        for (int64_t i = 0; i < m; ++i) {
          double sum = 0;
          for (int64_t l = 0; l < k; ++l) {
            if (rounds_parts && l == k / 2) sum = rounded(d.type, sum);
            double x = value_at(a.type, a_data,
                                number * a.step + (a_turned ? i * a.ld + l : l * a.ld + i));
            double y = value_at(b.type, b_data,
                                number * b.step + (b_turned ? l * b.ld + j : j * b.ld + l));
            if (tf32) x = tf32_of(x), y = tf32_of(y);
            sum += x * y;
            if (!is_double) sum = static_cast<float>(sum);
          }
          double value = alpha * sum;
          if (beta != 0) value += beta * value_at(c.type, c_data, number * c.step + j * c.ld + i);
          if (desc.epilogue == kBias) value += value_at(d.type, desc.bias, i);
          set_value(d.type, d_data, number * d.step + j * d.ld + i, value);
        }
    if (desc.epilogue == kBiasGradB) sum_columns(n, k, b_turned);
  }
};

Status matmul(Handle handle, MatmulDesc desc, const void* alpha, const void* a, Layout a_layout,
              const void* b, Layout b_layout, const void* beta, const void* c, Layout c_layout,
              void* d, Layout d_layout, const Algorithm* algorithm, void* workspace,
              size_t workspace_bytes, void* stream) {
  if (!handle || !desc || !alpha || !beta || !algorithm || algorithm->data[0] != kMark)
    return kInvalidValue;
  if (const Status status = judge(*desc, *a_layout, *b_layout, *c_layout, *d_layout);
      status != kSuccess)
    return status;
  const void* const data[] = {a, b, c, d};
  for (int i = 0; i < 4; ++i)
    if (!data[i] || !is_aligned(data[i], algorithm->data[1 + i])) return kInvalidValue;
  const size_t needed = workspace_of(*d_layout);
  if (workspace_bytes < needed || (needed > 0 && (!workspace || !is_aligned(workspace, 16))))
    return kInvalidValue;
  const bool biased = has_vector(*desc);
  if (biased &&
      (!desc->bias || !is_aligned(desc->bias, 16) || !is_aligned(desc->bias, algorithm->data[5])))
    return kInvalidValue;
  const double factor = factor_of(desc->scale, alpha), keep = factor_of(desc->scale, beta);
  // Refused here so that others are tried: the first algorithm does no sums of 9 products, and none
  // does a bias with them.
  const uint64_t inner = desc->transpose_a == kTransposed ? a_layout->rows : a_layout->columns;
  if (inner == 9 && (biased || algorithm->data[7] == 0)) return kNotSupported;
  if (keep != 0 && c == d && (c_layout->ld != d_layout->ld || c_layout->step != d_layout->step))
    return kInvalidValue;
  const Job job = {*desc, *a_layout, *b_layout, *c_layout, *d_layout, a,
                   b,     c,         d,         factor,    keep,      algorithm->data[6] != 0};
  return enqueue(stream, [job] { job.run(); }) ? kSuccess : kExecutionFailed;
}

}  // namespace

Functions fake_functions() {
  return {create,         version,        matmul_create, matmul_destroy,    matmul_set,
          layout_create,  layout_destroy, layout_set,    preference_create, preference_destroy,
          preference_set, heuristic,      matmul};
}

}  // namespace flambeau::cuda::lt
