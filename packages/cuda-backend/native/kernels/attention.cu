// Scaled dot-product attention without the matrix of scores (Dao 2023,
// https://arxiv.org/abs/2307.08691): what is the same for all of its kernels, and the choice among
// them.
#include <algorithm>

#include "attention.h"
#include "heads.h"

namespace flambeau::cuda {

namespace {

void require(bool holds, const char* what) {
  if (!holds) throw Failure("ERR_INTERNAL", what);
}

int64_t rows_count(const Tensor& t) { return t.size(t.ndim() - 2); }
int64_t columns_count(const Tensor& t) { return t.size(t.ndim() - 1); }

// `heads`: as many leading axes as this one's, whose last one is shared in groups.
HeadMatrices matrices(const Tensor& t, const Tensor& heads) {
  HeadMatrices m;
  m.axes = t.ndim() - 2;
  require(m.axes >= 0 && m.axes == heads.ndim() - 2, "all operands must have as many axes");
  require(m.axes <= kMaxHeadAxes, "attention has too many leading axes");
  if (heads.numel() > 0 && heads.numel() / rows_count(heads) / columns_count(heads) > INT32_MAX)
    throw Failure("ERR_VALUE", "attention over too many queries, keys and heads");
  m.data = t.data;
  m.row = t.stride(m.axes);
  m.column = t.stride(m.axes + 1);
  for (int axis = 0; axis < m.axes; ++axis) {
    m.sizes[axis] = static_cast<uint32_t>(heads.size(axis));
    m.strides[axis] = t.stride(axis);
    require(axis + 1 == m.axes || t.size(axis) == heads.size(axis), "leading axes differ");
  }
  if (m.axes == 0) return m;
  const int64_t own = t.size(m.axes - 1), all = heads.size(m.axes - 1);
  require(own == all || (own > 0 && all % own == 0), "heads cannot be shared");
  if (own > 0) m.group = static_cast<uint32_t>(all / own);
  return m;
}

// The leading axes of a tensor as few as possible, since the device takes few; a copy if need be.
Tensor few_axes(Call& call, const Tensor& t) {
  if (t.ndim() - 2 <= kMaxHeadAxes) return t;
  // All leading axes but the last (heads may be shared along it) as one.
  const Tensor whole = call.contiguous(t);
  const int last = t.ndim() - 3;
  Tensor few = whole;
  few.shape.ndim = 4;
  few.shape.sizes[0] = 1;
  for (int axis = 0; axis < last; ++axis) few.shape.sizes[0] *= t.size(axis);
  for (int axis = 0; axis < 3; ++axis) few.shape.sizes[1 + axis] = t.size(last + axis);
  contiguous_strides(few.shape, few.strides);
  return few;
}

// An output by queries with few leading axes: those before the heads are one, as they are in
// memory.
Tensor few_output_axes(const Tensor& t) {
  if (t.ndim() - 2 <= kMaxHeadAxes) return t;
  const int last = t.ndim() - 3;
  Tensor few = t;
  few.shape.ndim = 4;
  few.shape.sizes[0] = 1;
  for (int axis = 0; axis < last; ++axis) few.shape.sizes[0] *= t.size(axis);
  few.strides[0] = t.size(last) * t.size(last + 1) * t.size(last + 2);
  for (int axis = 0; axis < 3; ++axis) {
    few.shape.sizes[1 + axis] = t.size(last + axis);
    few.strides[1 + axis] = t.stride(last + axis);
  }
  return few;
}

// The operands that forward and backward share: inputs `first` to `first` + 4 of a call, query,
// key, value, mask and bits; the parameters are scale, causal, keep.
struct Operands {
  Tensor query, key, value;
  AttentionShape s = {};

  Operands(Call& call, int first) {
    query = few_axes(call, call.in(first));
    key = few_axes(call, call.in(first + 1));
    value = few_axes(call, call.in(first + 2));
    for (const Tensor* t : {&key, &value})
      require(t->dtype == query.dtype, "query, key and value must have one type");
    require(query.ndim() >= 2 && key.ndim() >= 2 && value.ndim() >= 2, "operands have two axes");
    s.q = matrices(query, query);
    s.k = matrices(key, query);
    s.v = matrices(value, query);
    require(columns_count(query) == columns_count(key) && rows_count(key) == rows_count(value),
            "the sizes of query, key and value differ");
    require(s.k.group == s.v.group, "key and value must have as many heads");
    s.heads = 1;
    for (int axis = 0; axis + 2 < query.ndim(); ++axis) s.heads *= query.size(axis);
    s.length = rows_count(query);
    s.source = rows_count(key);
    s.e = columns_count(query);
    s.ev = columns_count(value);
    s.scale = call.param(0);
    s.causal = call.flag(1);
    s.keep = call.param(2);
    if (call.has(first + 3)) {
      const Tensor mask = few_axes(call, call.in(first + 3));
      s.mask = matrices(mask, query);
      require(s.mask.group == 1 && rows_count(mask) == s.length && columns_count(mask) == s.source,
              "the mask does not fit the scores");
      require(mask.dtype == query.dtype || mask.dtype == DType::kBool,
              "the mask is bool or of the query's type");
      s.mask_is_bool = mask.dtype == DType::kBool;
    }
    if (call.has(first + 4)) {
      const Tensor bits = call.contiguous(call.in(first + 4));
      require(bits.dtype == DType::kUInt8 &&
                  bits.numel() >= (s.heads * s.length * s.source + 7) / 8 + 8,
              "there are too few bits");
      s.bits = bits.as<uint8_t>();
    }
  }

  // Brings the rows of all to where tensor cores can take them.
  void align(Call& call) {
    for (Tensor* t : {&query, &key, &value}) *t = aligned_rows(call, *t);
    s.q = matrices(query, query);
    s.k = matrices(key, query);
    s.v = matrices(value, query);
  }
};

// The type of sums: that which tensors of this type are computed in.
DType sum_type(DType dtype) { return is_16bit_float(dtype) ? DType::kFloat32 : dtype; }

void forward(Call& call) {
  Operands o(call, 0);
  const AttentionShape& s = o.s;
  const DType dtype = o.query.dtype;
  Shape expected = call.in(0).shape;
  expected.sizes[expected.ndim - 1] = s.ev;
  require(call.spec(0).shape == expected && call.spec(0).dtype == dtype, "the output does not fit");
  const Tensor out = few_output_axes(output_by_queries(call, 0));
  void* lse = nullptr;
  if (call.num_outputs() > 1) {
    require(
        call.spec(1).shape.numel() == s.heads * s.length && call.spec(1).dtype == sum_type(dtype),
        "there is one sum for each query");
    lse = call.out(1).data;
  }
  const HeadMatrices to = matrices(out, o.query);
  if (tensor_cores_attend(call, dtype, s)) {
    o.align(call);
    tensor_attention_forward(call, dtype, s, to, static_cast<float*>(lse));
  } else {
    attention_forward(call, dtype, s, to, lse);
  }
}

void backward(Call& call) {
  Operands o(call, 1);
  const AttentionShape& s = o.s;
  const DType dtype = o.query.dtype;
  Tensor grad = few_axes(call, call.in(0)), out = few_axes(call, call.in(6));
  const Tensor lse = call.contiguous(call.in(7));
  require(grad.shape == out.shape && rows_count(grad) == s.length && columns_count(grad) == s.ev &&
              matrices(grad, o.query).group == 1,
          "the gradient does not look like the output");
  require(grad.dtype == dtype && out.dtype == dtype && lse.dtype == sum_type(dtype) &&
              lse.numel() == s.heads * s.length,
          "the gradient does not fit");
  HeadMatrices results[3];
  for (int i = 0; i < 3; ++i) {
    const Tensor& input = call.in(1 + i);
    require(call.spec(i).dtype == input.dtype, "gradients have the types of their inputs");
    if (!(call.spec(i).shape == input.shape)) {
      call.out(i);  // not wanted
    } else if (input.numel() > 0) {
      results[i] = matrices(few_output_axes(output_by_queries(call, i)), o.query);
    } else {
      output_by_queries(call, i);
    }
  }
  if (s.heads == 0) return;
  const bool on_tensor_cores = tensor_cores_attend_back(call, dtype, s);
  if (on_tensor_cores) {
    o.align(call);
    grad = aligned_rows(call, grad);
    out = aligned_rows(call, out);
  }
  const int64_t queries = std::max<int64_t>(s.heads * s.length, 1);
  const AttentionGradient g = {matrices(grad, o.query),
                               matrices(out, o.query),
                               lse.data,
                               call.scratch(element_size(lse.dtype) * static_cast<size_t>(queries)),
                               results[0],
                               results[1],
                               results[2]};
  if (on_tensor_cores) {
    tensor_attention_backward(call, dtype, s, g);
  } else {
    attention_backward(call, dtype, s, g);
  }
}

// Are query, key, value and the result of one 16-bit floating type, from input `first` on?
bool is_16bit_attention(const Call& call, int first) {
  const DType dtype = call.spec(0).dtype;
  if (!is_16bit_float(dtype)) return false;
  for (int i = first; i < first + 3; ++i)
    if (!call.has(i) || call.in(i).dtype != dtype) return false;
  if (call.has(first + 3) && call.in(first + 3).dtype != dtype &&
      call.in(first + 3).dtype != DType::kBool)
    return false;
  return true;
}

bool is_16bit_backward(const Call& call) {
  return is_16bit_attention(call, 1) && call.has(0) && call.has(6) &&
         call.in(0).dtype == call.spec(0).dtype && call.in(6).dtype == call.spec(0).dtype;
}

}  // namespace

// softmax(scale · q · kᵀ + mask) · v. Inputs, of any strides: query [*, L, E], key [*, S, E], value
// [*, S, Ev], where the last leading axis of key and value (the heads) may be a divisor of the
// query's; if given the mask [*, L, S], bool or floating, and the bits of dropout, uint8, one for
// each weight in row-major order and eight bytes more. Parameters: scale, causal, and what kept
// weights are multiplied by. Outputs: [*, L, Ev], stored [*, L, heads, Ev]; if wanted the
// logarithms of the sums of exp(scores), [*, L], float32 where tensors are narrower. A query that
// sees nothing gives zeros.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(scaledDotProductAttention, is_16bit_attention(call, 0)) {
  forward(call);
}

// The gradients of query, key and value, each of another shape where it is not wanted. Inputs: the
// gradient of the output, then those of scaledDotProductAttention, its output and its logarithms.
// Parameters as there.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(scaledDotProductAttentionGrad, is_16bit_backward(call)) {
  backward(call);
}

}  // namespace flambeau::cuda
