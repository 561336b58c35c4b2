// Tensors that become one: several by one launch, where their memory lies in rows of the output's.
#include <algorithm>

#include "call.h"
#include "elements.h"
#include "geometry.h"
#include "primitives.h"
#include "tensor_parts.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 256;
constexpr int kJoined = 24;

// Tensors that one launch joins: rows of so many items each, which lie at `offset` in the rows of
// the output.
struct Joined {
  const void* data[kJoined];
  int64_t offset[kJoined];
  int64_t width[kJoined];
  FastDivide by_width[kJoined];
};

// blockIdx.y is the tensor. Rows are as many as all have.
template <class T>
__global__ void __launch_bounds__(kThreads)
    join_rows(Joined joined, T* out, int64_t rows, int64_t out_width) {
  const T* __restrict__ const from = static_cast<const T*>(joined.data[blockIdx.y]);
  const int64_t width = joined.width[blockIdx.y];
  T* __restrict__ const to = out + joined.offset[blockIdx.y];
  const int64_t numel = rows * width;
  if (numel <= INT32_MAX) {
    const FastDivide by_width = joined.by_width[blockIdx.y];
#pragma unroll 4
    for (uint32_t i = blockIdx.x * kThreads + threadIdx.x; i < numel; i += gridDim.x * kThreads) {
      uint32_t column;
      const uint32_t row = by_width.divide(i, &column);
      to[row * out_width + column] = from[i];
    }
  } else {
    for (int64_t i = global_thread(); i < numel; i += global_threads()) {
      const int64_t row = i / width;
      to[row * out_width + (i - row * width)] = from[i];
    }
  }
}

// Joins dense tensors whose memory is rows of the output's rows: `widths` and `out_width` in bytes.
class Join {
 public:
  Join(Call& call, const Tensor& out, int64_t rows, int64_t out_width)
      : call_(call), out_(out), rows_(rows), out_width_(out_width), bits_(bits_of(out.data)) {
    bits_ |= static_cast<uint64_t>(out_width);
  }
  void add(const Tensor& t, int64_t offset, int64_t width) {
    if (width == 0 || rows_ == 0) return;
    if (count_ == kJoined) flush();
    joined_.data[count_] = t.data;
    joined_.offset[count_] = offset;
    joined_.width[count_] = width;
    bits_ |= bits_of(t.data) | static_cast<uint64_t>(offset) | static_cast<uint64_t>(width);
    widest_ = std::max(widest_, width);
    ++count_;
  }
  void flush() {
    if (count_ == 0) return;
    // The largest item that everything is a multiple of.
    const uint64_t item = bits_ % 16 == 0 ? 16 : bits_ & -bits_;
    if (item == 16) {
      launch_items<uint4>();
    } else {
      with_item(item, [&](auto zero) { launch_items<decltype(zero)>(); });
    }
    count_ = 0;
    widest_ = 0;
    bits_ = bits_of(out_.data) | static_cast<uint64_t>(out_width_);
  }

 private:
  static uint64_t bits_of(const void* data) { return reinterpret_cast<uintptr_t>(data); }

  template <class T>
  void launch_items() {
    constexpr auto kItem = static_cast<int64_t>(sizeof(T));
    Joined joined = joined_;
    for (int i = 0; i < count_; ++i) {
      joined.offset[i] /= kItem;
      joined.width[i] /= kItem;
      joined.by_width[i] =
          FastDivide(static_cast<uint32_t>(std::min<int64_t>(joined.width[i], INT32_MAX)));
    }
    const unsigned blocks = grid_for(rows_ * widest_ / kItem, 4, call_.properties(), kThreads);
    launch(join_rows<T>, dim3(blocks, static_cast<unsigned>(count_)), kThreads, 0, call_.stream(),
           joined, reinterpret_cast<T*>(out_.data), rows_, out_width_ / kItem);
  }

  Call& call_;
  const Tensor& out_;
  int64_t rows_;
  int64_t out_width_;
  uint64_t bits_;
  int64_t widest_ = 0;
  int count_ = 0;
  Joined joined_ = {};
};

// Are the rows of `t` pieces of the rows of `out`, a dense tensor, along an axis?
bool lies_in_rows(const Tensor& t, const Tensor& out, int axis) {
  if (!t.is_dense() || (t.size(axis) > 1 && t.stride(axis) != out.stride(axis))) return false;
  for (int b = 0; b < out.ndim(); ++b) {
    if (b == axis || out.size(b) == 1) continue;
    const bool inner = out.stride(b) < out.stride(axis);
    if (inner ? t.stride(b) != out.stride(b)
              : t.stride(b) * out.size(axis) != out.stride(b) * t.size(axis))
      return false;
  }
  return true;
}

}  // namespace

// Inputs [.., n_i, ..] equal but for one axis, axis -> [.., Σ n_i, ..] in the given order.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(cat) {
  const int64_t axis = call.integer(0);
  if (call.num_inputs() == 0) throw Failure("ERR_INTERNAL", "cat needs an input");
  const Tensor& out = call.out_like(0, call.in(0));
  if (axis < 0 || axis >= out.ndim())
    throw Failure("ERR_INTERNAL", "the inputs do not fit the output");
  const int at = static_cast<int>(axis);
  const auto item = static_cast<int64_t>(out.item_bytes());
  const int64_t total = out.size(at);
  const bool dense = out.numel() > 0 && out.is_dense() && total > 1;
  const int64_t inner = dense ? out.stride(at) * item : 0;
  Join join(call, out, dense ? out.numel() * item / (inner * total) : 0, inner * total);
  int64_t start = 0;
  for (int i = 0; i < call.num_inputs(); ++i) {
    const Tensor& input = call.in(i);
    bool fits = input.dtype == out.dtype && input.ndim() == out.ndim();
    for (int b = 0; fits && b < out.ndim(); ++b) fits = b == at || input.size(b) == out.size(b);
    if (!fits) throw Failure("ERR_INTERNAL", "the inputs do not fit the output");
    const int64_t count = input.size(at);
    if (start + count > total) throw Failure("ERR_INTERNAL", "the inputs do not fill the output");
    if (dense && count > 0 && lies_in_rows(input, out, at) && !overlaps(out, input)) {
      join.add(input, start * inner, count * inner);
    } else {
      copy_into(call, window(out, axis, start, 1, count), input);
    }
    start += count;
  }
  join.flush();
  if (start != total) throw Failure("ERR_INTERNAL", "the inputs do not fill the output");
}

// k inputs of one shape, axis -> [.., k, ..]: input i at position i of the new axis.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(stack) {
  const int64_t axis = call.integer(0);
  const Tensor& out = call.out(0);
  if (axis < 0 || axis >= out.ndim() || out.size(static_cast<int>(axis)) != call.num_inputs())
    throw Failure("ERR_INTERNAL", "the inputs do not fill the output");
  const int at = static_cast<int>(axis);
  const auto item = static_cast<int64_t>(out.item_bytes());
  int64_t inner = item, rows = 1;
  for (int b = 0; b < out.ndim(); ++b) {
    if (b > at) inner *= out.size(b);
    if (b < at) rows *= out.size(b);
  }
  const bool dense = out.is_contiguous();
  Join join(call, out, rows, inner * call.num_inputs());
  for (int i = 0; i < call.num_inputs(); ++i) {
    const Tensor& input = call.in(i);
    const Tensor part = position(out, axis, i);
    if (input.dtype != out.dtype || !(input.shape == part.shape))
      throw Failure("ERR_INTERNAL", "the inputs do not fit the output");
    if (dense && input.is_contiguous() && !overlaps(out, input)) {
      join.add(input, i * inner, inner);
    } else {
      copy_into(call, part, input);
    }
  }
  join.flush();
}

}  // namespace flambeau::cuda
