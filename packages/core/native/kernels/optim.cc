// Optimizer steps: all parameters of a group in one call and one parallel loop.
#include "optim.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <vector>

#include "isa.h"
#include "iterate.h"
#include "overlap.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(OptimTable, optim_table)

namespace {

constexpr int kMaxRoles = 5;
constexpr int kGradient = 1;

// One parameter and what belongs to it (role 0: the parameter, 1: its gradient, then the state), as
// pointers into memory of one dense order.
struct Item {
  char* at[kMaxRoles] = {};
  int64_t begin = 0;  // in the row of all elements
  int64_t count = 0;
};

// The items of a call whose inputs are [role 0 of all items, role 1 of all items, …] and whose
// outputs are the same without the gradients, written in place.
class Items {
 public:
  Items(Call& call, int64_t count, int roles) {
    require_internal(count >= 0 && count * roles == call.num_inputs() &&
                         count * (roles - 1) == call.num_outputs(),
                     "an optimizer step has the wrong number of tensors");
    const int n = static_cast<int>(count);
    items_.resize(static_cast<size_t>(n));
    if (n == 0) return;
    dtype_ = call.in(0).dtype;
    for (int i = 0; i < n; ++i) {
      Item& item = items_[static_cast<size_t>(i)];
      item.begin = total_;
      item.count = call.in(i).numel();
      total_ += item.count;
      // The order in memory is the parameter's, or row-major where it has gaps.
      const Tensor* like = &call.in(i);
      for (int role = 0; role < roles; ++role) {
        const Tensor& t = call.in(role * n + i);
        require_internal(t.dtype == dtype_ && t.shape == call.in(i).shape,
                         "a gradient or state differs from its parameter");
        if (role != kGradient) check_target(call, (role > kGradient ? role - 1 : 0) * n + i, t);
        Tensor used = t;
        if (!in_order_of(t, *like)) {
          used = call.temporary(t.shape, dtype_);
          if (like->is_dense()) std::copy(like->strides, like->strides + t.ndim(), used.strides);
          copy_into(used, t);
          if (role != kGradient) copied_back_.push_back({t, used});
        }
        item.at[role] = used.data;
        kept_.push_back(std::move(used));
      }
    }
  }

  DType dtype() const { return dtype_; }

  // f(item, offset, n) for pieces of all items.
  template <class F>
  void for_all(F&& f) const {
    parallel_for(total_, kGrain / 4, [&](int64_t begin, int64_t end) {
      auto item = std::upper_bound(items_.begin(), items_.end(), begin,
                                   [](int64_t at, const Item& one) { return at < one.begin; });
      for (--item; begin < end; ++item) {
        const int64_t stop = std::min(end, item->begin + item->count);
        if (begin < stop) f(*item, begin - item->begin, stop - begin);
        begin = std::max(begin, stop);
      }
    });
    for (const auto& [to, from] : copied_back_) copy_into(to, from);
  }

 private:
  static void check_target(Call& call, int output, const Tensor& t) {
    require_internal(call.in_place(output) && same_elements(call.out(output), t) &&
                         call.out(output).dtype == t.dtype,
                     "an optimizer writes its inputs in place");
    require_writable(t);
  }
  static bool in_order_of(const Tensor& t, const Tensor& like) {
    if (!like.is_dense()) return &t != &like && t.is_contiguous();
    for (int axis = 0; axis < t.ndim(); ++axis)
      if (t.size(axis) > 1 && t.stride(axis) != like.stride(axis)) return false;
    return true;
  }

  DType dtype_ = DType::kFloat32;
  int64_t total_ = 0;
  std::vector<Item> items_;
  std::vector<Tensor> kept_;
  std::vector<std::pair<Tensor, Tensor>> copied_back_;
};

template <class T>
T* role(const Item& item, int role, int64_t offset) {
  char* at = item.at[role];
  return at ? reinterpret_cast<T*>(at) + offset : nullptr;
}

template <class Body>
void with_float(DType dtype, Body&& body) {
  if (dtype == DType::kFloat64) return body(double{}, active::optim_table().f64);
  require_internal(dtype == DType::kFloat32, "an optimizer is for floating types");
  body(float{}, active::optim_table().f32);
}

}  // namespace

// Inputs: n parameters, n gradients and, with momentum, n buffers; outputs: the parameters and the
// buffers, in place. params [n, lr, momentum, dampening, weight decay, nesterov, maximize, first]:
// `first` starts the buffers as the gradients, whatever they hold. Tensors of one item may differ
// in memory order.
FLAMBEAU_KERNEL(sgd_step) {
  SgdNumbers numbers = {};
  numbers.lr = call.param(1);
  numbers.momentum = call.param(2);
  numbers.dampening = call.param(3);
  numbers.weight_decay = call.param(4);
  numbers.nesterov = call.flag(5);
  numbers.maximize = call.flag(6);
  numbers.first = call.flag(7);
  const bool moves = numbers.momentum != 0;
  const Items items(call, call.integer(0), moves ? 3 : 2);
  with_float(items.dtype(), [&](auto zero, const auto& table) {
    using T = decltype(zero);
    items.for_all([&](const Item& item, int64_t at, int64_t n) {
      table.sgd(n, numbers, role<T>(item, 0, at), role<T>(item, 1, at), role<T>(item, 2, at));
    });
  });
}

// Inputs: n parameters, n gradients, n first moments, n second moments and, with AMSGrad, n largest
// second moments; outputs: the same without the gradients, in place. params [n, lr, beta1, beta2,
// eps, weight decay, decoupled, amsgrad, maximize, step], the first step being 1.
FLAMBEAU_KERNEL(adam_step) {
  AdamNumbers numbers = {};
  numbers.lr = call.param(1);
  numbers.beta1 = call.param(2);
  numbers.beta2 = call.param(3);
  numbers.eps = call.param(4);
  numbers.weight_decay = call.param(5);
  numbers.decoupled = call.flag(6);
  numbers.maximize = call.flag(8);
  const double step = call.param(9);
  numbers.correction1 = 1 - std::pow(numbers.beta1, step);
  numbers.correction2 = 1 - std::pow(numbers.beta2, step);
  const Items items(call, call.integer(0), call.flag(7) ? 5 : 4);
  with_float(items.dtype(), [&](auto zero, const auto& table) {
    using T = decltype(zero);
    items.for_all([&](const Item& item, int64_t at, int64_t n) {
      table.adam(n, numbers, role<T>(item, 0, at), role<T>(item, 1, at), role<T>(item, 2, at),
                 role<T>(item, 3, at), role<T>(item, 4, at));
    });
  });
}

// Inputs: n parameters, n gradients, and n tensors of each kind of state; outputs: the same without
// the gradients, in place. params [n, rule (StepRule), its numbers (simd/optim.h)…].
FLAMBEAU_KERNEL(optim_step) {
  constexpr int kStateTensors[kNumStepRules] = {1, 1, 2, 2, 2, 2, 1, 2, 0};
  constexpr int kNumbers[kNumStepRules] = {7, 4, 5, 6, 9, 8, 5, 6, 3};
  const int64_t rule = call.integer(1);
  require_internal(rule >= 0 && rule < kNumStepRules, "there is no such optimizer");
  require_internal(call.num_params() == 2 + kNumbers[rule],
                   "an optimizer step has the wrong numbers");
  const double* numbers = call.params().data() + 2;
  int roles = 2 + kStateTensors[rule];
  if (rule == static_cast<int>(StepRule::kRmsprop)) roles += (numbers[5] > 0) + (numbers[6] != 0);
  const Items items(call, call.integer(0), roles);
  with_float(items.dtype(), [&](auto zero, const auto& table) {
    using T = decltype(zero);
    items.for_all([&](const Item& item, int64_t at, int64_t n) {
      T* pointers[kMaxRoles];
      for (int k = 0; k < kMaxRoles; ++k) pointers[k] = role<T>(item, k, at);
      table.rules[rule](n, numbers, pointers);
    });
  });
}

// Multiplies n gradients by a factor, in place, and sets an element to 1 if one of theirs was
// infinite or NaN. Inputs: the gradients, of one type, and the element, which keeps what it is
// otherwise; outputs: the same, in place. params [factor].
FLAMBEAU_KERNEL(unscale_many) {
  const int n = call.num_inputs() - 1;
  require_internal(n >= 0 && call.num_outputs() == n + 1,
                   "gradients and a flag are written in place");
  for (int i = 0; i <= n; ++i)
    require_internal(call.in_place(i) && same_elements(call.out(i), call.in(i)),
                     "all is written in place");
  const Tensor& flag = call.in(n);
  require_internal(flag.numel() == 1, "the flag has one element");
  if (n == 0) return;
  const DType dtype = call.in(0).dtype;
  struct Span {
    char* data;
    int64_t begin, count;
  };
  std::vector<Span> spans;
  std::vector<std::pair<Tensor, Tensor>> copied_back;
  int64_t total = 0;
  for (int i = 0; i < n; ++i) {
    const Tensor& t = call.in(i);
    require_internal(t.dtype == dtype, "the gradients of a call have one type");
    require_writable(t);
    if (t.numel() == 0) continue;
    Tensor used = t;
    if (!t.is_dense()) {
      used = call.temporary(t.shape, dtype);
      copy_into(used, t);
      copied_back.push_back({t, used});
    }
    spans.push_back({used.data, total, t.numel()});
    total += t.numel();
  }
  std::atomic<bool> found = false;
  with_float(dtype, [&](auto zero, const auto& table) {
    using T = decltype(zero);
    const T factor = static_cast<T>(call.param(0));
    parallel_for(total, kGrain / 4, [&](int64_t begin, int64_t end) {
      auto span = std::upper_bound(spans.begin(), spans.end(), begin,
                                   [](int64_t at, const Span& one) { return at < one.begin; });
      for (--span; begin < end; ++span) {
        const int64_t stop = std::min(end, span->begin + span->count);
        T* data = reinterpret_cast<T*>(span->data) + (begin - span->begin);
        if (table.unscale(stop - begin, factor, data)) found = true;
        begin = stop;
      }
    });
  });
  for (const auto& [to, from] : copied_back) copy_into(to, from);
  if (found) fill_with(flag, 1);
}

// Sets all inputs to zero in place; any types and layouts.
FLAMBEAU_KERNEL_ALL_TYPES(zero_many) {
  require_internal(call.num_inputs() == call.num_outputs(), "every input is zeroed");
  struct Span {
    char* data;
    int64_t begin, bytes;
  };
  std::vector<Span> spans;
  int64_t total = 0;
  for (int i = 0; i < call.num_inputs(); ++i) {
    const Tensor& t = call.in(i);
    require_internal(call.in_place(i) && same_elements(call.out(i), t),
                     "zeros are written in place");
    if (t.numel() == 0) continue;
    if (!t.is_dense()) {
      require_writable(t);
      alignas(8) char zero[8] = {};
      Tensor number;
      number.data = zero;
      number.dtype = t.dtype;
      copy_into(t, number);
      continue;
    }
    const int64_t bytes = t.numel() * static_cast<int64_t>(t.item_bytes());
    spans.push_back({t.data, total, bytes});
    total += bytes;
  }
  parallel_for(total, int64_t{1} << 18, [&](int64_t begin, int64_t end) {
    auto span = std::upper_bound(spans.begin(), spans.end(), begin,
                                 [](int64_t at, const Span& one) { return at < one.begin; });
    for (--span; begin < end; ++span) {
      const int64_t stop = std::min(end, span->begin + span->bytes);
      std::memset(span->data + (begin - span->begin), 0, static_cast<size_t>(stop - begin));
      begin = stop;
    }
  });
}

}  // namespace flambeau
