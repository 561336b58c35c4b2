// Moving slices between two tensors, one of which is indexed: what indexing, assignment and their
// gradients have in common.
#pragma once

#include <algorithm>
#include <cstring>

#include "index_check.h"
#include "streaming.h"

namespace flambeau {

// Axes of equal sizes of a tensor that is written and one that is read, those of size 1 left out,
// innermost in the written one first. Strides are in bytes.
struct AxisList {
  int count = 0;
  int64_t size[kMaxDims];
  int64_t to[kMaxDims];
  int64_t from[kMaxDims];

  int64_t numel() const {
    int64_t n = 1;
    for (int i = 0; i < count; ++i) n *= size[i];
    return n;
  }

  // Keeps the axes in order, and merges one with the last where they lie together in both tensors.
  // Axes must come in rising order of `to_stride`.
  void add(int64_t n, int64_t to_stride, int64_t from_stride) {
    const int last = count - 1;
    if (count > 0 && to_stride == to[last] * size[last] && from_stride == from[last] * size[last]) {
      size[last] *= n;
      return;
    }
    size[count] = n;
    to[count] = to_stride;
    from[count++] = from_stride;
  }
};

// Assign, past the caches for slices that lie together. fence() ends a series.
template <class T>
struct AssignPastCaches : Assign<T> {
  const CopyTable& table = active::copy_table();
};

// n slices of equal shape, moved one by one. `inside` are the axes of a slice that vary faster in
// the written tensor than the slice's position does, `outside` the others.
struct Transfer {
  char* to = nullptr;
  const char* from = nullptr;
  int64_t n = 0;
  AxisList inside;
  AxisList outside;
  // Where slice p starts, in bytes: at[p] in the indexed tensor, p · step in the other.
  const int64_t* at = nullptr;
  int64_t step = 0;

  // Takes the axes of the slices; those with `to` strides below `pivot` go inside.
  void set_axes(int count, const int64_t* size, const int64_t* to_stride,
                const int64_t* from_stride, int64_t pivot) {
    int order[kMaxDims];
    int used = 0;
    for (int i = count - 1; i >= 0; --i)
      if (size[i] != 1) order[used++] = i;
    std::stable_sort(order, order + used,
                     [&](int a, int b) { return to_stride[a] < to_stride[b]; });
    for (int i = 0; i < used; ++i) {
      const int axis = order[i];
      AxisList& list = to_stride[axis] < pivot ? inside : outside;
      list.add(size[axis], to_stride[axis], from_stride[axis]);
    }
  }
};

namespace detail {

template <class T>
void move_dense(T* to, const T* from, int64_t n, const Assign<T>&) {
  std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
}
template <class T>
void move_dense(T* to, const T* from, int64_t n, const AssignPastCaches<T>& op) {
  op.table.stream(reinterpret_cast<char*>(to), reinterpret_cast<const char*>(from),
                  n * static_cast<int64_t>(sizeof(T)));
}
template <class T>
void move_dense(T* __restrict to, const T* __restrict from, int64_t n, const AddScaled<T>& op) {
  for (int64_t i = 0; i < n; ++i) op(to[i], from[i]);
}

template <class T, class Op>
void move_row(const AxisList& axes, char* to, const char* from, const Op& op) {
  const int64_t n = axes.size[0];
  if (axes.to[0] == sizeof(T) && axes.from[0] == sizeof(T))
    return move_dense(reinterpret_cast<T*>(to), reinterpret_cast<const T*>(from), n, op);
  for (int64_t i = 0; i < n; ++i)
    op(*reinterpret_cast<T*>(to + i * axes.to[0]),
       *reinterpret_cast<const T*>(from + i * axes.from[0]));
}

// One slice.
template <class T, class Op>
void move_slice(const AxisList& axes, char* to, const char* from, const Op& op) {
  if (axes.count == 1) return move_row<T>(axes, to, from, op);
  int64_t at[kMaxDims] = {};
  while (true) {
    move_row<T>(axes, to, from, op);
    int d = 1;
    for (; d < axes.count; ++d) {
      to += axes.to[d];
      from += axes.from[d];
      if (++at[d] < axes.size[d]) break;
      to -= axes.size[d] * axes.to[d];
      from -= axes.size[d] * axes.from[d];
      at[d] = 0;
    }
    if (d == axes.count) return;
  }
}

inline constexpr int64_t kPrefetch = 16;  // slices between asking for memory and using it

}  // namespace detail

// Where the slices of outside position `place` start, in the written and in the read tensor.
struct OutsideStart {
  char* to;
  const char* from;

  OutsideStart(const Transfer& t, int64_t place) : to(t.to), from(t.from) {
    for (int d = 0; d < t.outside.count; ++d) {
      to += place % t.outside.size[d] * t.outside.to[d];
      from += place % t.outside.size[d] * t.outside.from[d];
      place /= t.outside.size[d];
    }
  }
};

// Moves slices [begin, end) of the n · outside.numel() slices, in order, outside axes outermost.
// With `kScatter`, the written tensor is the indexed one, else the one read.
template <class T, bool kScatter, class Op>
void move_slices(const Transfer& t, int64_t begin, int64_t end, const Op& op) {
  while (begin < end) {
    const auto [to, from] = OutsideStart(t, begin / t.n);
    const int64_t first = begin % t.n;
    const int64_t last = std::min(t.n, first + (end - begin));
    if (t.inside.count == 0) {
      for (int64_t p = first; p < last; ++p)
        op(*reinterpret_cast<T*>(to + (kScatter ? t.at[p] : p * t.step)),
           *reinterpret_cast<const T*>(from + (kScatter ? p * t.step : t.at[p])));
    } else {
      for (int64_t p = first; p < last; ++p) {
        if constexpr (!kScatter)
          __builtin_prefetch(from + t.at[std::min(p + detail::kPrefetch, t.n - 1)]);
        detail::move_slice<T>(t.inside, to + (kScatter ? t.at[p] : p * t.step),
                              from + (kScatter ? p * t.step : t.at[p]), op);
      }
    }
    begin += last - first;
  }
}

// Moves, in order, the slices whose place in the written tensor lies in [low, high).
template <class T, class Op>
void scatter_range(const Transfer& t, const int64_t* places, int64_t low, int64_t high,
                   const Op& op) {
  constexpr int64_t kBlock = 1024;
  int64_t chosen[kBlock];
  const int64_t outside = t.outside.numel();
  for (int64_t start = 0; start < t.n; start += kBlock) {
    // Without branches: which places are chosen cannot be predicted.
    const int64_t stop = std::min(t.n, start + kBlock);
    int64_t count = 0;
    for (int64_t p = start; p < stop; ++p) {
      chosen[count] = p;
      count += static_cast<int64_t>(places[p] >= low) & static_cast<int64_t>(places[p] < high);
    }
    for (int64_t o = 0; o < outside; ++o) {
      const auto [to, from] = OutsideStart(t, o);
      for (int64_t k = 0; k < count; ++k) {
        const int64_t p = chosen[k];
        if (t.inside.count == 0) {
          op(*reinterpret_cast<T*>(to + t.at[p]), *reinterpret_cast<const T*>(from + p * t.step));
        } else {
          detail::move_slice<T>(t.inside, to + t.at[p], from + p * t.step, op);
        }
      }
    }
  }
}

}  // namespace flambeau
