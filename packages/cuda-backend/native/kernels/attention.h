// What the kernels of attention share: where the matrices of heads lie, and what hides scores.
#pragma once

#include "call.h"

namespace flambeau::cuda {

inline constexpr int kMaxHeadAxes = 4;

// The matrices [rows, columns] that the last two axes of a tensor hold, by number of head. The last
// leading axis may have fewer of them than there are heads: each then serves `group` in a row.
struct HeadMatrices {
  void* data = nullptr;
  int64_t row = 0, column = 0;
  int axes = 0;  // leading ones, the outermost first
  int64_t sizes[kMaxHeadAxes] = {};
  int64_t strides[kMaxHeadAxes] = {};
  int64_t group = 1;

  template <class T>
  __host__ __device__ T* of(int64_t head) const {
    int64_t offset = 0;
    for (int axis = axes - 1; axis >= 0; --axis) {
      int64_t at = head % sizes[axis];
      head /= sizes[axis];
      if (axis == axes - 1) at /= group;
      offset += at * strides[axis];
    }
    return static_cast<T*>(data) + offset;
  }
};

// One head's matrix on the device.
template <class T>
struct Rows {
  const T* data;
  int64_t row, column;
};
template <class T>
__device__ __forceinline__ Rows<T> rows_of(const HeadMatrices& m, int64_t head) {
  return {m.of<const T>(head), m.row, m.column};
}

// The operands of forward and backward.
struct AttentionShape {
  HeadMatrices q, k, v, mask;
  int64_t heads, length, source;  // queries, keys
  int64_t e, ev;                  // sizes of queries and keys, of values
  double scale;
  double keep;          // what kept weights are multiplied by
  bool causal;          // query i sees keys up to i
  bool mask_is_bool;    // else summands of the query's type
  const uint8_t* bits;  // of dropout, one for each weight of each head; null: none

  // Keys that queries up to `last` see.
  __host__ __device__ int64_t seen(int64_t last) const {
    return causal && last + 1 < source ? last + 1 : source;
  }
};

}  // namespace flambeau::cuda
