// Tensors made of a rule instead of other tensors. Each kernel makes a row-major output or writes
// into a target of any layout.
#include <array>
#include <cstring>

#include "devices.h"
#include "iterate.h"
#include "kernel.h"
#include "overlap.h"
#include "parallel.h"
#include "streaming.h"

namespace flambeau {

namespace {

// `value` as an element of `dtype`, converted as `to` does.
std::array<char, 8> element(double value, DType dtype) {
  alignas(8) std::array<char, 8> bytes = {};
  char* const pointers[2] = {bytes.data(), reinterpret_cast<char*>(&value)};
  const int64_t strides[2] = {0, 0};
  const Loop convert =
      active::copy_table().convert[static_cast<int>(DType::kFloat64)][static_cast<int>(dtype)];
  convert(pointers, strides, 1, nullptr);
  return bytes;
}

}  // namespace

void fill_with(const Tensor& target, double number) {
  if (target.numel() == 0) return;
  if (any_device() && device_of(target)) return fill_on_device(target, number);
  // Elements that share memory get the same value: an expanded tensor may be filled.
  Tensor out = target;
  for (int axis = 0; axis < out.ndim(); ++axis)
    if (out.stride(axis) == 0) out.shape.sizes[axis] = 1;
  const CopyTable& table = active::copy_table();
  const std::array<char, 8> value = element(number, out.dtype);
  const int64_t item = static_cast<int64_t>(out.item_bytes());
  const Iteration<1> iteration(out.shape, {&out});
  if (iteration.is_flat() && iteration.inner_strides()[0] == item &&
      iteration.numel() * item >= kStreamBytes) {
    parallel_for(iteration.numel(), kGrain, [&](int64_t begin, int64_t end) {
      stream_pieces(out.data, item, begin, end, [&](char* to, int64_t first, int64_t last) {
        table.fill(to, item, value.data(), item, last - first);
      });
    });
    return;
  }
  iteration.run(kGrain, [&](const auto& data, const auto& strides, int64_t n) {
    table.fill(data[0], strides[0], value.data(), item, n);
  });
}

namespace {

// out[i] = at(i, T{}) over the elements in row-major order.
template <class At>
void generate(const Tensor& out, const At& at) {
  if (!out.is_contiguous()) {
    const Tensor dense = empty_tensor(out.shape, out.dtype);
    generate(dense, at);
    return copy_into(out, dense);
  }
  with_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    parallel_for(out.numel(), kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) out.as<T>()[i] = at(i, zero);
    });
  });
}

// Whole numbers from -2^63 on up to 2^63; what lies outside becomes the smallest.
int64_t whole(double value) {
  return value >= -0x1p63 && value < 0x1p63 ? static_cast<int64_t>(value) : INT64_MIN;
}

int64_t times(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
int64_t plus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

}  // namespace

// Every element is parameter 0. An input, if given, lends its memory order.
FLAMBEAU_KERNEL_ANY_DEVICE(fill) {
  fill_with(call.has(0) ? call.out_like(0, call.in(0)) : call.out(0), call.param(0));
}

// out[i] = start + i · step; parameters: start, step. Floats are rounded as PyTorch does with
// vectors of 32 bytes: in each of them the elements follow from the first, which is rounded before,
// and a rest of less than two vectors is computed one by one. Integers take the whole parts of
// start and step, and wrap.
FLAMBEAU_KERNEL(arange) {
  const double start = call.param(0);
  const double step = call.param(1);
  Tensor& out = call.out(0);
  const int64_t n = out.numel();
  generate(out, [=](int64_t i, auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>) {
      constexpr int64_t kLanes = 32 / sizeof(T);
      if (i >= n - n % (2 * kLanes)) return static_cast<T>(start + i * step);
      const int64_t first = i - i % kLanes;
      return static_cast<T>(static_cast<double>(static_cast<T>(start + first * step)) +
                            (i - first) * step);
    }
    return static_cast<T>(plus(whole(start), times(i, whole(step))));
  });
}

// n numbers from start to end, both included, counted from the nearer end so that both are exact;
// parameters: start, end. A single one is start. The step has the precision of the output (double
// for integers, which then drop the fraction).
FLAMBEAU_KERNEL(linspace) {
  const double start = call.param(0);
  const double end = call.param(1);
  Tensor& out = call.out(0);
  const int64_t n = out.numel();
  generate(out, [=](int64_t i, auto zero) {
    using T = decltype(zero);
    using Step = std::conditional_t<std::is_floating_point_v<T>, T, double>;
    if (n == 1) return static_cast<T>(std::is_floating_point_v<T> ? start : whole(start));
    const double first = static_cast<Step>(start);
    const double last = static_cast<Step>(end);
    const double step = static_cast<Step>((static_cast<Step>(end) - static_cast<Step>(start)) /
                                          static_cast<Step>(n - 1));
    const double y = i < n / 2 ? first + step * i : last - step * (n - 1 - i);
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(y);
    return static_cast<T>(whole(y));
  });
}

// Ones on the diagonal of an [n, m] output, zeros elsewhere.
FLAMBEAU_KERNEL_ANY_DEVICE(eye) {
  Tensor& out = call.out(0);
  if (out.ndim() != 2) throw Failure("ERR_INTERNAL", "eye: the output has two axes");
  fill_with(out, 0);
  Tensor line = out;
  line.shape = Shape{std::min(out.size(0), out.size(1))};
  line.strides[0] = out.stride(0) + out.stride(1);
  fill_with(line, 1);
}

}  // namespace flambeau
