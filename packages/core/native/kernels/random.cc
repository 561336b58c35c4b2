// Random tensors and dropout: the numbers that PyTorch's CPU generator gives for the same seed, in
// the order of drawing.h.
#include <cstring>

#include "call_checks.h"
#include "drawing.h"
#include "sampling.h"

namespace flambeau {
namespace {

// Calls body(T{}, Stored{}) with the type in which a kernel sees output 0 and that in which it will
// be stored, on which the numbers depend.
template <class Body>
void with_stored(const Call& call, const Body& body) {
  switch (call.stored_type(0)) {
    case DType::kFloat16: return body(float{}, Half{});
    case DType::kBFloat16: return body(float{}, BFloat16{});
    case DType::kInt8: return body(int32_t{}, int8_t{});
    case DType::kInt16: return body(int32_t{}, int16_t{});
    default: with_type(call.spec(0).dtype, [&](auto zero) { body(zero, zero); });
  }
}

// x as `stored` will hold it.
template <class T>
T rounded(T x, DType stored) {
  if constexpr (std::is_same_v<T, float>) {
    if (stored == DType::kFloat16) return formulas::to_float(formulas::to_half(x));
    if (stored == DType::kBFloat16) return formulas::to_float(formulas::to_bfloat16(x));
  }
  return x;
}

// Throws unless every probability lies in [0, 1].
template <class P>
void require_probabilities(const Tensor& p) {
  const P* values = p.as<P>();
  const int64_t n = p.numel();
  for (int64_t i = 0; i < n; ++i)
    if (!(values[i] >= 0 && values[i] <= 1))
      throw Failure("ERR_VALUE", "probabilities lie in [0, 1], but the one of element " +
                                     std::to_string(i) + " is " + std::to_string(values[i]));
}

}  // namespace

// Uniform in [from, to); parameters: generator, from, to. What a 16-bit float would round up to
// `to` becomes `from`.
FLAMBEAU_KERNEL(uniform) {
  Tensor& out = tensor_to_fill(call);
  const DType stored = call.stored_type(0);
  with_floating(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    draw(call, out, [&](char* data, int64_t n, bool) {
      T* const values = reinterpret_cast<T*>(data);
      fill_uniform(generator_of(call), values, n, call.param(1), call.param(2));
      if (stored == out.dtype) return;
      const T from = static_cast<T>(call.param(1));
      const T to = rounded(static_cast<T>(call.param(2)), stored);
      for (int64_t i = 0; i < n; ++i)
        if (rounded(values[i], stored) == to) values[i] = from;
    });
  });
}

// Normal; parameters: generator, mean, std.
FLAMBEAU_KERNEL(normal) {
  Tensor& out = tensor_to_fill(call);
  with_floating(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    draw(call, out, [&](char* data, int64_t n, bool contiguous) {
      T* const values = reinterpret_cast<T*>(data);
      if constexpr (std::is_same_v<T, float>) {
        if (contiguous)
          return fill_normal(generator_of(call), values, n, call.param(1), call.param(2),
                             call.stored_type(0) != out.dtype);
      }
      if (contiguous)
        return fill_normal(generator_of(call), values, n, call.param(1), call.param(2));
      fill_normal_serial(generator_of(call), values, n, call.param(1), call.param(2));
    });
  });
}

// Normal with a mean and a standard deviation for each element, in a new row-major tensor. Inputs:
// mean and std, either of which may be left out for one number; parameters: generator, mean, std.
FLAMBEAU_KERNEL(normalEach) {
  Tensor& out = call.out(0);
  with_floating(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int i = 0; i < 2; ++i)
      if (call.has(i) && call.in(i).dtype != out.dtype)
        throw Failure("ERR_INTERNAL", "mean, std and the result must have one dtype");
    if (call.has(1)) {
      const Tensor std = call.contiguous(call.in(1));
      for (int64_t i = 0; i < std.numel(); ++i)
        if (!(std.as<T>()[i] >= 0))
          throw Failure("ERR_VALUE", "standard deviations are at least 0, but that of element " +
                                         std::to_string(i) + " is " +
                                         std::to_string(std.as<T>()[i]));
    }
    fill_normal(generator_of(call), out.as<T>(), out.numel(), 0, call.has(1) ? 1 : call.param(2));
    if (call.has(1)) {
      Iteration<2>(out.shape, {&out, &call.in(1)})
          .run(kGrain, [](const auto& data, const auto& strides, int64_t n) {
            for (int64_t i = 0; i < n; ++i)
              *reinterpret_cast<T*>(data[0] + i * strides[0]) *=
                  *reinterpret_cast<const T*>(data[1] + i * strides[1]);
          });
    }
    const T mean = static_cast<T>(call.param(1));
    Tensor single;
    single.dtype = out.dtype;
    single.data = reinterpret_cast<char*>(const_cast<T*>(&mean));
    Iteration<2>(out.shape, {&out, call.has(0) ? &call.in(0) : &single})
        .run(kGrain, [](const auto& data, const auto& strides, int64_t n) {
          for (int64_t i = 0; i < n; ++i)
            *reinterpret_cast<T*>(data[0] + i * strides[0]) +=
                *reinterpret_cast<const T*>(data[1] + i * strides[1]);
        });
  });
}

// Exponential; parameters: generator, rate.
FLAMBEAU_KERNEL(exponential) {
  Tensor& out = tensor_to_fill(call);
  with_floating(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    draw(call, out, [&](char* data, int64_t n, bool) {
      fill_exponential(generator_of(call), reinterpret_cast<T*>(data), n, call.param(1));
    });
  });
}

// Integers in [low, high); parameters: generator, low, high (two numbers each).
FLAMBEAU_KERNEL(randint) {
  Tensor& out = tensor_to_fill(call);
  with_stored(call, [&]<class T, class Stored>(T, Stored) {
    draw(call, out, [&](char* data, int64_t n, bool) {
      fill_randint<T, Stored>(generator_of(call), reinterpret_cast<T*>(data), n, integer64(call, 1),
                              integer64(call, 3));
    });
  });
}

// Integers up to the largest of the type; parameters: generator, and the lowest (two numbers), 0
// if left out.
FLAMBEAU_KERNEL(random) {
  Tensor& out = tensor_to_fill(call);
  with_stored(call, [&]<class T, class Stored>(T, Stored) {
    draw(call, out, [&](char* data, int64_t n, bool) {
      T* const values = reinterpret_cast<T*>(data);
      if (call.num_params() == 1) return fill_random<T, Stored>(generator_of(call), values, n);
      fill_random_from<T, Stored>(generator_of(call), values, n, integer64(call, 1));
    });
  });
}

// 1 with probability p, else 0; parameters: generator, p.
FLAMBEAU_KERNEL(bernoulli) {
  Tensor& out = tensor_to_fill(call);
  with_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    draw(call, out, [&](char* data, int64_t n, bool) {
      fill_bernoulli(generator_of(call), reinterpret_cast<T*>(data), n, call.param(1));
    });
  });
}

// The same with a probability for each element. Inputs: what `target` takes, and p, floating, which
// broadcasts to the output.
FLAMBEAU_KERNEL(bernoulliEach) {
  const Tensor& p = call.in(1);
  Tensor& out = tensor_to_fill(call);
  with_floating(p.dtype, [&](auto probability) {
    using P = decltype(probability);
    require_probabilities<P>(call.contiguous(p));
    if (out.numel() == 0) return;
    // In drawing order, and apart from what is written.
    const Tensor each = drawing_order(call, out, p.dtype);
    copy_into(each, p);
    with_type(out.dtype, [&](auto zero) {
      using T = decltype(zero);
      draw(call, out, [&](char* data, int64_t n, bool) {
        fill_bernoulli_each(generator_of(call), reinterpret_cast<T*>(data), each.as<P>(), n);
      });
    });
  });
}

// A permutation of 0 … n - 1 in a new tensor [n], not bool; parameters: generator.
FLAMBEAU_KERNEL(randperm) {
  Tensor& out = call.out(0);
  if (out.dtype == DType::kBool) throw Failure("ERR_INTERNAL", "bools cannot be permuted");
  with_stored(call, [&]<class T, class Stored>(T, Stored) {
    if constexpr (!std::is_same_v<T, bool>)
      draw(call, out, [&](char* data, int64_t n, bool) {
        randperm<T, Stored>(generator_of(call), reinterpret_cast<T*>(data), n);
      });
  });
}

namespace {

// --- dropout: bit i & 7 of byte i / 8 says whether element i (in logical order) is kept ---

// Packs n bytes of 0 or 1; the bits after the last one are 0.
void pack_bits(const uint8_t* flags, int64_t n, uint8_t* bits) {
  for (int64_t i = 0; i < n; i += 8) {
    uint64_t eight = 0;
    std::memcpy(&eight, flags + i, static_cast<size_t>(std::min<int64_t>(8, n - i)));
    // Moves bit 8 k to bit 56 + k.
    bits[i / 8] = static_cast<uint8_t>(eight * 0x0102040810204080u >> 56);
  }
}

void draw_bits(Generator& generator, int64_t n, double p, uint8_t* bits) {
  alignas(64) uint8_t flags[4096];
  for (int64_t i = 0; i < n; i += sizeof(flags)) {
    const int64_t count = std::min<int64_t>(sizeof(flags), n - i);
    fill_bernoulli<uint8_t>(generator, flags, count, p);
    pack_bits(flags, count, bits + i / 8);
  }
}

// The eight bits of each byte as numbers.
template <class T>
struct Factors {
  alignas(64) T of[256][8];
  constexpr Factors() : of{} {
    for (int byte = 0; byte < 256; ++byte)
      for (int i = 0; i < 8; ++i) of[byte][i] = static_cast<T>(byte >> i & 1);
  }
};
template <class T>
constexpr Factors<T> kFactors;

// y = x · bit · scale; a product rather than a choice, so that what is not finite becomes NaN.
template <class T>
void apply_flat(const T* x, const uint8_t* bits, T scale, T* y, int64_t begin, int64_t end) {
  int64_t i = begin;  // a multiple of 8
  for (; i + 8 <= end; i += 8) {
    const T* factors = kFactors<T>.of[bits[i / 8]];
    for (int k = 0; k < 8; ++k) y[i + k] = x[i + k] * (factors[k] * scale);
  }
  for (; i < end; ++i) y[i] = x[i] * (kFactors<T>.of[bits[i / 8]][i & 7] * scale);
}

template <class T>
void apply_bits(Call& call, const Tensor& x, const Tensor& bits, T scale, Tensor& y) {
  const uint8_t* packed = bits.as<uint8_t>();
  const int64_t n = x.numel();
  if (x.is_contiguous() && y.is_contiguous()) {
    parallel_for((n + 7) / 8, kGrain / 8, [&](int64_t begin, int64_t end) {
      apply_flat(x.as<T>(), packed, scale, y.as<T>(), begin * 8, std::min(end * 8, n));
    });
    return;
  }
  const Tensor factors = call.temporary(x.shape, dtype_of<T>);
  parallel_for(n, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      factors.as<T>()[i] = kFactors<T>.of[packed[i / 8]][i & 7] * scale;
  });
  Iteration<3>(y.shape, {&y, &x, &factors})
      .run(kGrain, [](const auto& data, const auto& strides, int64_t count) {
        for (int64_t i = 0; i < count; ++i)
          *reinterpret_cast<T*>(data[0] + i * strides[0]) =
              *reinterpret_cast<const T*>(data[1] + i * strides[1]) *
              *reinterpret_cast<const T*>(data[2] + i * strides[2]);
      });
}

int64_t bytes_for(int64_t bits) { return (bits + 7) / 8; }

// What kept elements are multiplied by, rounded as PyTorch does: to the type of the result.
template <class T>
T scale_for(double p, DType stored) {
  return rounded(T(1) / static_cast<T>(1 - p), stored);
}

}  // namespace

// x floating [*] -> x with elements zeroed with probability p, the rest divided by 1 - p; and the
// bits of the kept ones, uint8 [⌈n / 8⌉]. Parameters: generator, p in [0, 1).
FLAMBEAU_KERNEL(dropout) {
  const Tensor& x = call.in(0);
  const int64_t n = x.numel();
  Tensor& y = call.out_like(0, x);
  Tensor& bits = call.out(1);
  if (bits.numel() != bytes_for(n) || !(y.shape == x.shape) || y.dtype != x.dtype)
    throw Failure("ERR_INTERNAL", "dropout's outputs do not fit its input");
  const double p = call.param(1);
  if (in_logical_order(x)) {
    draw_bits(generator_of(call), n, 1 - p, bits.as<uint8_t>());
  } else {
    const Tensor drawn = drawing_order(call, x, DType::kUInt8);
    fill_bernoulli<uint8_t>(generator_of(call), drawn.as<uint8_t>(), n, 1 - p);
    pack_bits(call.contiguous(drawn).as<uint8_t>(), n, bits.as<uint8_t>());
  }
  with_floating(x.dtype, [&](auto zero) {
    apply_bits(call, x, bits, scale_for<decltype(zero)>(p, call.stored_type(0)), y);
  });
}

// grad floating [*], bits uint8 [⌈n / 8⌉] -> grad where kept, divided by 1 - p; parameters: p.
FLAMBEAU_KERNEL(dropoutGrad) {
  const Tensor& grad = call.in(0);
  const Tensor bits = call.contiguous(call.in(1));
  Tensor& y = call.out_like(0, grad);
  if (bits.dtype != DType::kUInt8 || bits.numel() != bytes_for(grad.numel()) ||
      !(y.shape == grad.shape) || y.dtype != grad.dtype)
    throw Failure("ERR_INTERNAL", "the bits do not fit the gradient");
  with_floating(grad.dtype, [&](auto zero) {
    apply_bits(call, grad, bits, scale_for<decltype(zero)>(call.param(0), call.stored_type(0)), y);
  });
}

// The bits of what dropout keeps, uint8 [⌈n / 8⌉ and more]: those that `dropout` draws for a
// row-major tensor of n elements, then zeros. Parameters: generator, p in [0, 1), n.
FLAMBEAU_KERNEL(dropoutBits) {
  const int64_t n = call.integer(2);
  Tensor& bits = call.out(0);
  if (bits.dtype != DType::kUInt8 || n < 0 || bits.numel() < bytes_for(n))
    throw Failure("ERR_INTERNAL", "the bits have no room");
  draw_bits(generator_of(call), n, 1 - call.param(1), bits.as<uint8_t>());
  std::memset(bits.as<uint8_t>() + bytes_for(n), 0,
              static_cast<size_t>(bits.numel() - bytes_for(n)));
}

}  // namespace flambeau
