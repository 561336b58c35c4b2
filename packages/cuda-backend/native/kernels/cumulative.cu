// Running sums and products along an axis, and the linear recurrence that their gradients are.
#include "scan.h"
#include "sums.h"

namespace flambeau::cuda {

namespace {

// Floats are added in double, whole numbers wrap.
template <class T>
using Carry = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

template <class T, bool kProduct>
struct Accumulate {
  using State = Carry<T>;
  __device__ static State empty() { return State(kProduct ? 1 : 0); }
  __device__ static State load(const ScanArgs& args, int64_t at, int64_t) {
    return static_cast<State>(static_cast<const T*>(args.x)[at]);
  }
  __device__ static State merge(State a, State b) {
    if constexpr (kProduct) {
      return a * b;
    } else {
      return a + b;
    }
  }
  __device__ static void store(const ScanArgs& args, int64_t at, State state) {
    static_cast<T*>(args.y)[at] = static_cast<T>(state);
  }
};

// y = term + factor · (y before).
template <class T>
struct Recurrence {
  struct State {
    double factor, term;
    int64_t count;  // nothing comes before no elements, whatever the factor is
  };
  __device__ static State empty() { return {1, 0, 0}; }
  __device__ static State load(const ScanArgs& args, int64_t at, int64_t i) {
    // The factor between this element and the one before it: that of the later of the two.
    const int64_t later = args.backwards && i > 0 ? at + args.inner : at;
    const double factor =
        i == 0 ? 0 : static_cast<double>(static_cast<const T*>(args.factors)[later]);
    return {factor, static_cast<double>(static_cast<const T*>(args.x)[at]), 1};
  }
  __device__ static State merge(const State& a, const State& b) {
    if (a.count == 0) return b;
    if (b.count == 0) return a;
    return {a.factor * b.factor, b.term + b.factor * a.term, a.count + b.count};
  }
  __device__ static void store(const ScanArgs& args, int64_t at, const State& state) {
    static_cast<T*>(args.y)[at] = static_cast<T>(state.term);
  }
};

template <bool kProduct>
void accumulate(Call& call) {
  const Tensor x = dense(call, call.in(0));
  if (x.dtype == DType::kBool) throw Failure("ERR_INTERNAL", "not for bools");
  if (x.ndim() == 0) throw Failure("ERR_INTERNAL", "no such axis");
  const DenseLines lines(x, call.integer(0));
  ScanArgs args;
  args.x = x.data;
  args.y = dense_output(call, 0, x, x.dtype).data;
  args.backwards = call.flag(1);
  with_type(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_same_v<T, bool>) launch_scan<Accumulate<T, kProduct>>(call, args, lines);
  });
}

}  // namespace

void running_sums(Call& call, int64_t* data, int64_t n) {
  DenseLines lines;
  lines.outer = 1;
  lines.n = n;
  ScanArgs args;
  args.x = data;
  args.y = data;  // a thread writes what it alone has read
  launch_scan<Accumulate<int64_t, false>>(call, args, lines);
}

// y[i] = x[0] + … + x[i] along an axis; parameters: the axis, and whether it starts at the end. The
// output has the type and the memory order of x.
FLAMBEAU_CUDA_KERNEL(cumsum) { accumulate<false>(call); }

// y[i] = x[0] · … · x[i], likewise.
FLAMBEAU_CUDA_KERNEL(cumprod) { accumulate<true>(call); }

// Floats a and b of one shape -> y[i] = b[i] + a[i] · y[i - 1] along an axis, a[0] being unused;
// or, backwards, y[i] = b[i] + a[i + 1] · y[i + 1]. Parameters: the axis, and whether backwards.
FLAMBEAU_CUDA_KERNEL(recurrence) {
  const Tensor a = call.contiguous(call.in(0));
  const Tensor b = call.contiguous(call.in(1));
  if (call.in_place(0) || !is_floating(a.dtype) || a.dtype != b.dtype ||
      call.spec(0).dtype != a.dtype || !(a.shape == b.shape) || !(call.spec(0).shape == a.shape))
    throw Failure("ERR_INTERNAL", "recurrence: two floats of one type and shape");
  if (a.ndim() == 0) throw Failure("ERR_INTERNAL", "no such axis");
  const DenseLines lines(a, call.integer(0));
  ScanArgs args;
  args.x = b.data;
  args.factors = a.data;
  args.y = call.out(0).data;
  args.backwards = call.flag(1);
  if (a.dtype == DType::kFloat64) {
    launch_scan<Recurrence<double>>(call, args, lines);
  } else {
    launch_scan<Recurrence<float>>(call, args, lines);
  }
}

}  // namespace flambeau::cuda
