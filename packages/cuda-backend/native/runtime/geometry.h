// Where the elements of several tensors that are visited together lie. Axes are ordered by the
// memory of the first tensor, those that are contiguous together in all of them are one, and what
// is left is small enough for 32-bit arithmetic on the device.
#pragma once

#include <array>

#include "in_place.h"
#include "layout.h"
#include "primitives.h"

namespace flambeau::cuda {

inline constexpr int kMaxOperands = 4;
// Elements of one launch at the most: a few more may be counted without overflow.
inline constexpr int64_t kMaxVisits = int64_t{1} << 30;

// The axes of a visit, innermost first, at least one. Strides count elements; they are 0 where an
// operand is broadcast.
struct Axes {
  int operands = 0;
  int ndim = 0;
  int64_t numel = 1;
  int64_t sizes[kMaxDims];
  int64_t strides[kMaxOperands][kMaxDims];
  const char* data[kMaxOperands];
  int64_t items[kMaxOperands];  // bytes

  // Operand 0 orders the axes: the output. Each operand's shape must broadcast to `shape`; throws
  // ERR_INTERNAL where one does not.
  Axes(const Shape& shape, const Strided* const* tensors, int count);
  template <size_t n>
  Axes(const Shape& shape, const std::array<const Strided*, n>& tensors)
      : Axes(shape, tensors.data(), static_cast<int>(n)) {}

  // The visit of row-major tensors of `numel` elements, and of single elements, which are known by
  // having no axes, as one axis.
  static Axes line(int64_t numel, const Strided* const* tensors, int count);

  // Are the elements of operand k one after the other, in the order of the visit?
  bool contiguous(int k) const { return ndim == 1 && (strides[k][0] == 1 || numel == 1); }
  // Is operand k a single element?
  bool single(int k) const { return ndim == 1 && strides[k][0] == 0; }
  // Does operand k lie so that `count` neighbours along the innermost axis can be one access?
  bool aligned(int k, int count) const;

  // The same without axes a and b, or at least one axis of size 1.
  Axes without(int a, int b) const;
  // The same of elements that are `count` neighbours along the innermost axis, for operands that
  // are `aligned` so.
  Axes grouped(int count) const;

  // body(axes) for parts of the whole that are small enough for one launch.
  template <class Body>
  void for_parts(const Body& body) const {
    const int axis = split_axis();
    if (axis < 0) return body(*this);
    for (int half = 0; half < 2; ++half) part(axis, half).for_parts(body);
  }

 private:
  Axes() {}  // NOLINT(modernize-use-equals-default): what is not used is left as it is
  // The axis to be cut in halves, or -1.
  int split_axis() const;
  Axes part(int axis, int half) const;
};

// Axes for the device: N operands.
template <int N>
struct Geometry {
  uint32_t numel;
  uint32_t inner;  // the size of the innermost axis
  int ndim;
  FastDivide sizes[kMaxDims];
  int32_t strides[kMaxDims][N];

  Geometry() {}  // NOLINT(modernize-use-equals-default): what is not used is left as it is
  // Of axes that for_parts gave.
  explicit Geometry(const Axes& axes)
      : numel(static_cast<uint32_t>(axes.numel)),
        inner(static_cast<uint32_t>(axes.sizes[0])),
        ndim(axes.ndim) {
    for (int d = 0; d < ndim; ++d) {
      sizes[d] = FastDivide(static_cast<uint32_t>(axes.sizes[d]));
      for (int k = 0; k < N; ++k) strides[d][k] = static_cast<int32_t>(axes.strides[k][d]);
    }
  }

#if defined(FLAMBEAU_DEVICE_CODE)
  // at[k] = the offset of element `index` of operand k, in elements.
  FLAMBEAU_DEVICE void locate(uint32_t index, int64_t (&at)[N]) const {
    for (int k = 0; k < N; ++k) at[k] = 0;
    uint32_t rest = index;
#pragma unroll 1
    for (int d = 0; d < ndim; ++d) {
      uint32_t place = rest;
      if (d + 1 < ndim) rest = sizes[d].divide(rest, &place);
#pragma unroll
      for (int k = 0; k < N; ++k)
        at[k] += static_cast<int64_t>(strides[d][k]) * static_cast<int32_t>(place);
    }
  }
#endif
};

// Can `data` be accessed by so many bytes at once?
inline bool is_aligned(const void* data, size_t bytes) {
  return reinterpret_cast<uintptr_t>(data) % bytes == 0;
}

inline int64_t ceil_divide(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace flambeau::cuda
