// The tensors of an optimizer step, and the loop over all of their elements. For the .cu files that
// register steps.
#pragma once

#include <utility>
#include <vector>

#include "many_tensors.h"
#include "optim_rules.h"

namespace flambeau::cuda {

inline constexpr int kGradient = 1;  // the role of gradients, which a step does not change

template <class T, int kRoles, class Rule>
__global__ void __launch_bounds__(kManyThreads)
    optim_loop(const __grid_constant__ ManyTable table, Rule rule, const Rule* live) {
  if (live) rule = *live;
  using C = Computed<T>;
  constexpr int V = kPack<T>;
  const ManyEntry& entry = table.find();
  for_share<V>(entry, [&](int64_t i, int count, bool packed) {
    C v[kRoles][V];
#pragma unroll
    for (int role = 0; role < kRoles; ++role) {
      const T* const from = reinterpret_cast<const T*>(entry.at[role]) + i;
      if (packed) {
        load_values<V>(from, v[role]);
      } else {
#pragma unroll
        for (int j = 0; j < V; ++j) v[role][j] = j < count ? widened(from[j]) : C(0);
      }
    }
#pragma unroll
    for (int j = 0; j < V; ++j) {
      C one[kRoles];
#pragma unroll
      for (int role = 0; role < kRoles; ++role) one[role] = v[role][j];
      rule.template apply<kRoles>(one);
#pragma unroll
      for (int role = 0; role < kRoles; ++role) v[role][j] = one[role];
    }
#pragma unroll
    for (int role = 0; role < kRoles; ++role) {
      if (role == kGradient) continue;
      T* const to = reinterpret_cast<T*>(entry.at[role]) + i;
      if (packed) {
        store_values<V>(to, v[role]);
      } else {
#pragma unroll
        for (int j = 0; j < V; ++j)
          if (j < count) to[j] = narrowed<T>(v[role][j]);
      }
    }
  });
}

// The items of a call whose inputs are [role 0 of all items, role 1 of all items, …] and whose
// outputs are the same without the gradients, written in place.
class Items {
 public:
  Items(Call& call, int64_t count, int roles) : call_(call), many_(item_of(call, count)) {
    require_internal(count >= 0 && roles <= kMaxRoles && count * roles == call.num_inputs() &&
                         count * (roles - 1) == call.num_outputs(),
                     "an optimizer step has the wrong number of tensors");
    const int n = static_cast<int>(count);
    if (n == 0) return;
    dtype_ = call.in(0).dtype;
    for (int i = 0; i < n; ++i) {
      // The order in memory is the parameter's, or row-major where it has gaps.
      const Tensor& like = call.in(i);
      const bool dense = like.is_dense();
      char* at[kMaxRoles] = {};
      for (int role = 0; role < roles; ++role) {
        const Tensor& t = call.in(role * n + i);
        require_internal(t.dtype == dtype_ && t.shape == like.shape,
                         "a gradient or state differs from its parameter");
        if (role != kGradient) check_target((role > kGradient ? role - 1 : 0) * n + i, t);
        at[role] = t.data;
        if (in_order_of(t, like, dense)) continue;
        Tensor used = call.temporary(t.shape, dtype_);
        if (dense) std::copy(like.strides, like.strides + t.ndim(), used.strides);
        copy_into(call, used, t);
        at[role] = used.data;
        if (role != kGradient) copied_back_.emplace_back(t, used);
      }
      many_.add(at, roles, like.numel());
    }
  }

  DType dtype() const { return dtype_; }

  // `make` gives the rule from the call's parameters, which each replay of a graph may change.
  template <class T, int kRoles, class Make>
  void run(const Make& make) const {
    using Rule = decltype(make(call_.params()));
    const Rule rule = make(call_.params());
    const Rule* const live = call_.live<Rule>(make);
    many_.run(call_, [&](unsigned grid, const ManyTable& table) {
      launch(optim_loop<T, kRoles, Rule>, grid, kManyThreads, 0, call_.stream(), table, rule, live);
    });
    for (const auto& [to, from] : copied_back_) copy_into(call_, to, from);
  }

 private:
  static size_t item_of(Call& call, int64_t count) {
    return count > 0 && call.num_inputs() > 0 ? call.in(0).item_bytes() : 4;
  }
  void check_target(int output, const Tensor& t) {
    require_internal(call_.in_place(output) && same_elements(call_.out(output), t) &&
                         call_.out(output).dtype == t.dtype,
                     "an optimizer writes its inputs in place");
    require_writable(t);
  }
  static bool in_order_of(const Tensor& t, const Tensor& like, bool dense) {
    if (!dense) return &t != &like && t.is_contiguous();
    for (int axis = 0; axis < t.ndim(); ++axis)
      if (t.size(axis) > 1 && t.stride(axis) != like.stride(axis)) return false;
    return true;
  }

  Call& call_;
  DType dtype_ = DType::kFloat32;
  Many many_;
  std::vector<std::pair<Tensor, Tensor>> copied_back_;
};

}  // namespace flambeau::cuda
