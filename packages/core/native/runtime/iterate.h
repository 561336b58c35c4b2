// One loop nest for every elementwise kernel: broadcasts operands to a common shape, orders axes by
// memory, merges those that are contiguous together, and splits the whole over threads.
#pragma once

#include <algorithm>
#include <array>

#include "in_place.h"
#include "kernel.h"
#include "parallel.h"

namespace flambeau {

// Elements per chunk below which work is not worth a second thread (cheap operations).
inline constexpr int64_t kGrain = 32768;

template <int N>
class Iteration {
 public:
  using Pointers = std::array<char*, N>;
  using Strides = std::array<int64_t, N>;  // bytes

  // Operand 0 is the one that orders the axes: the output. Each operand's shape must broadcast to
  // `shape`. An output must not be expanded over itself.
  Iteration(const Shape& shape, const std::array<const Tensor*, N>& operands) {
    numel_ = shape.numel();
    int axes[kMaxDims];
    int count = 0;
    int64_t strides[N][kMaxDims];
    for (int k = 0; k < N; ++k) {
      const Tensor& t = *operands[k];
      base_[k] = t.data;
      const int lead = shape.ndim - t.ndim();
      if (lead < 0) throw Failure("ERR_INTERNAL", "an operand has more axes than the loop");
      for (int axis = 0; axis < shape.ndim; ++axis) {
        const int64_t size = axis < lead ? 1 : t.size(axis - lead);
        if (size != shape.sizes[axis] && size != 1)
          throw Failure("ERR_INTERNAL", "an operand does not broadcast to the loop");
        strides[k][axis] =
            size == 1 ? 0 : t.stride(axis - lead) * static_cast<int64_t>(t.item_bytes());
      }
    }
    for (int axis = shape.ndim - 1; axis >= 0; --axis)
      if (shape.sizes[axis] != 1) axes[count++] = axis;
    // Insertion sort, innermost first: by the first operand that tells the two axes apart.
    const auto inner = [&](int a, int b) {
      for (int k = 0; k < N; ++k) {
        if (strides[k][a] == strides[k][b] || strides[k][a] == 0 || strides[k][b] == 0) continue;
        return strides[k][a] < strides[k][b];
      }
      return false;
    };
    for (int i = 1; i < count; ++i)
      for (int j = i; j > 0 && inner(axes[j], axes[j - 1]); --j) std::swap(axes[j], axes[j - 1]);
    for (int i = 0; i < count; ++i) {
      const int64_t size = shape.sizes[axes[i]];
      bool merges = ndim_ > 0;
      for (int k = 0; k < N && merges; ++k)
        merges = strides[k][axes[i]] == strides_[ndim_ - 1][k] * sizes_[ndim_ - 1];
      if (merges) {
        sizes_[ndim_ - 1] *= size;
        continue;
      }
      sizes_[ndim_] = size;
      for (int k = 0; k < N; ++k) strides_[ndim_][k] = strides[k][axes[i]];
      ++ndim_;
    }
    if (ndim_ == 0) {
      ndim_ = 1;
      sizes_[0] = numel_;
      strides_[0].fill(0);
    }
  }

  int64_t numel() const { return numel_; }
  // True where the whole iteration is one inner loop.
  bool is_flat() const { return ndim_ == 1; }
  int64_t inner_size() const { return sizes_[0]; }
  const Strides& inner_strides() const { return strides_[0]; }

  // inner(pointers, strides, n): n elements, operand k at pointers[k] + i * strides[k].
  // Runs over threads in chunks of at least `grain` elements.
  template <class Inner>
  void run(int64_t grain, const Inner& inner) const {
    if (numel_ == 0) return;
    if (ndim_ == 1) {
      parallel_for(numel_, grain, [&](int64_t begin, int64_t end) {
        Pointers p = base_;
        for (int k = 0; k < N; ++k) p[k] += begin * strides_[0][k];
        inner(p, strides_[0], end - begin);
      });
      return;
    }
    parallel_for(numel_, grain, [&](int64_t begin, int64_t end) { walk(begin, end, inner); });
  }

  // The same on the calling thread, in order.
  template <class Inner>
  void run_serial(const Inner& inner) const {
    if (numel_ > 0) walk(0, numel_, inner);
  }

 private:
  template <class Inner>
  void walk(int64_t begin, int64_t end, const Inner& inner) const {
    int64_t at[kMaxDims];
    Pointers p = base_;
    int64_t rest = begin;
    for (int d = 0; d < ndim_; ++d) {
      at[d] = rest % sizes_[d];
      rest /= sizes_[d];
      for (int k = 0; k < N; ++k) p[k] += at[d] * strides_[d][k];
    }
    while (true) {
      const int64_t n = std::min(sizes_[0] - at[0], end - begin);
      inner(p, strides_[0], n);
      begin += n;
      if (begin >= end) return;
      // The inner axis is at its end: rewind it and carry.
      for (int k = 0; k < N; ++k) p[k] -= at[0] * strides_[0][k];
      at[0] = 0;
      for (int d = 1; d < ndim_; ++d) {
        for (int k = 0; k < N; ++k) p[k] += strides_[d][k];
        if (++at[d] < sizes_[d]) break;
        for (int k = 0; k < N; ++k) p[k] -= sizes_[d] * strides_[d][k];
        at[d] = 0;
      }
    }
  }

  int ndim_ = 0;
  int64_t numel_ = 0;
  int64_t sizes_[kMaxDims] = {};
  std::array<Strides, kMaxDims> strides_;
  Pointers base_ = {};
};

}  // namespace flambeau
