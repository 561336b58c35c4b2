// Elements in another order: reversed axes, and positions that come several times.
#include <algorithm>

#include "iterate.h"
#include "streaming.h"
#include "tensor_parts.h"

namespace flambeau {

// x, axes… -> x with these axes reversed, in the memory order of x.
FLAMBEAU_KERNEL_ALL_TYPES(flip) {
  const Tensor& x = call.in(0);
  Tensor& out = call.out_like(0, x);
  if (!(x.shape == out.shape) || x.dtype != out.dtype)
    throw Failure("ERR_INTERNAL", "flip keeps shape and type");
  if (x.numel() == 0) return;
  // Seen from its other end, with negative strides, which only this loop nest meets.
  const Tensor from = flipped(call, x);
  const int code = static_cast<int>(x.dtype);
  const Loop copy = active::copy_table().convert[code][code];
  const Iteration<2> iteration(out.shape, {&out, &from});
  iteration.run(kGrain, [copy](const auto& pointers, const auto& strides, int64_t n) {
    copy(pointers.data(), strides.data(), n, nullptr);
  });
}

// repeats [n], int64 or int32 -> int64 [Σ repeats]: position i as often as repeats[i] says.
FLAMBEAU_KERNEL(repeatIndex) {
  const Tensor& repeats = call.in(0);
  Tensor& out = call.out(0);
  if (repeats.ndim() != 1 || out.ndim() != 1 || out.dtype != DType::kInt64)
    throw Failure("ERR_INTERNAL", "repeats have one axis");
  const auto count = [&](int64_t i) {
    const int64_t at = i * repeats.stride(0);
    return repeats.dtype == DType::kInt64 ? repeats.as<int64_t>()[at]
                                          : int64_t{repeats.as<int32_t>()[at]};
  };
  if (repeats.dtype != DType::kInt64 && repeats.dtype != DType::kInt32)
    throw Failure("ERR_INTERNAL", "repeats are int64 or int32");
  const int64_t total = out.size(0);
  int64_t sum = 0;
  for (int64_t i = 0; i < repeats.size(0); ++i) {
    const int64_t times = count(i);
    if (times < 0) throw Failure("ERR_VALUE", "repeats must not be negative");
    if (times > total - sum)
      throw Failure("ERR_VALUE", "the repeats add up to more than the size of the output");
    std::fill_n(out.as<int64_t>() + sum, times, i);
    sum += times;
  }
  if (sum != total)
    throw Failure("ERR_VALUE", "the repeats add up to less than the size of the output");
}

}  // namespace flambeau
