// Where elements lie: shapes and strides, whatever memory they are in.
#pragma once

#include <initializer_list>

#include "dtype.h"

namespace flambeau {

inline constexpr int kMaxDims = 16;

// Sizes of a shape, outermost axis first.
//
// Only the first `ndim` sizes have a value: copies leave the rest alone, which every operation
// would pay for.
struct Shape {
  int ndim = 0;
  int64_t sizes[kMaxDims];

  Shape() {}  // NOLINT(modernize-use-equals-default): a default would set all sizes to zero
  Shape(const Shape& other) { *this = other; }
  Shape& operator=(const Shape& other) {
    ndim = other.ndim;
    for (int i = 0; i < ndim; ++i) sizes[i] = other.sizes[i];
    return *this;
  }
  Shape(std::initializer_list<int64_t> list) {
    for (int64_t size : list) sizes[ndim++] = size;
  }
  Shape(const int64_t* first, int count) : ndim(count) {
    for (int i = 0; i < count; ++i) sizes[i] = first[i];
  }
  int64_t numel() const {
    int64_t n = 1;
    for (int i = 0; i < ndim; ++i) n *= sizes[i];
    return n;
  }
  bool operator==(const Shape& other) const {
    if (ndim != other.ndim) return false;
    for (int i = 0; i < ndim; ++i)
      if (sizes[i] != other.sizes[i]) return false;
    return true;
  }
};

// A strided view of memory. Strides count elements and may be zero (expanded axes); they are never
// negative. As with shapes, only the first `ndim` strides have a value.
struct Strided {
  char* data = nullptr;  // the first element
  DType dtype = DType::kFloat32;
  Shape shape;
  int64_t strides[kMaxDims];

  Strided() {}  // NOLINT(modernize-use-equals-default): a default would set all strides to zero
  Strided(const Strided& other) noexcept { *this = other; }
  Strided& operator=(const Strided& other) noexcept {
    data = other.data;
    dtype = other.dtype;
    shape = other.shape;
    for (int i = 0; i < shape.ndim; ++i) strides[i] = other.strides[i];
    return *this;
  }

  int ndim() const { return shape.ndim; }
  int64_t size(int axis) const { return shape.sizes[axis]; }
  int64_t stride(int axis) const { return strides[axis]; }
  int64_t numel() const { return shape.numel(); }
  size_t item_bytes() const { return element_size(dtype); }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }

  // Row-major without gaps. Axes of size 1 do not matter; an empty tensor is contiguous.
  bool is_contiguous() const;
  // A 4-D tensor [N, C, H, W] stored as N, H, W, C without gaps.
  bool is_channels_last() const;
  // No gaps and no overlaps in any order of axes.
  bool is_dense() const;
};

// Writes row-major strides for `shape`.
void contiguous_strides(const Shape& shape, int64_t* strides);
// Writes strides of a dense tensor of `shape` whose axes are ordered in memory as those of `like`
// (same rank); row-major where `like` leaves the order open.
void strides_like(const Shape& shape, const Strided& like, int64_t* strides);
// Writes the strides of [N, C, …] stored as N, …, C.
void channels_last_strides(const Shape& shape, int64_t* strides);

// Product of the sizes times the element size; throws std::bad_alloc where it exceeds 2^47.
size_t checked_bytes(const Shape& shape, DType dtype);

}  // namespace flambeau
