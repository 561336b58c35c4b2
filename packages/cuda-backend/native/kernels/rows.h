// What kernels that work on whole rows share: sorting, selecting.
#pragma once

#include "call.h"
#include "primitives.h"
#include "sort_keys.h"
#include "tensor_rows.h"

namespace flambeau::cuda {

using Rows = TensorRows<Tensor>;
using RowsOutput = TensorRowsOutput<Call, Tensor>;

template <class T>
FLAMBEAU_HD bool is_nan(T x) {
  return x != x;
}

// Bits of the keys of elements of type T: those above are 0.
template <class T>
inline constexpr int kKeyBits = 8 * sizeof(T);
// The key of an element, or its complement, which has the reverse order.
template <class T>
FLAMBEAU_HD typename SortKey<T>::Type key_of(T x, bool reversed) {
  using Key = typename SortKey<T>::Type;
  constexpr Key kMask = ~Key{0} >> (8 * sizeof(Key) - kKeyBits<T>);
  return SortKey<T>::of(x) ^ (reversed ? kMask : Key{0});
}

// values, places = the elements of every row in rising (or falling) order, NaN as the largest, and
// where they were; equal elements keep their order. Both are row by row; of `values` elements of
// x's type. (sort.cu)
void sort_rows(Call& call, const Rows& rows, bool descending, void* values, int64_t* places);
// The same into memory that dies with the call.
struct SortedRows {
  void* values;
  int64_t* places;
};
SortedRows sorted_rows(Call& call, const Rows& rows, bool descending);

// --- kernels with a block for each row ---

inline constexpr int kShortRowThreads = 256;
inline constexpr int kLongRowThreads = 1024;  // of a block that has a long row
inline constexpr int64_t kLongRow = 8192;

inline unsigned blocks_for(const Rows& rows) {
  if (rows.count > INT32_MAX) throw Failure("ERR_VALUE", "more than 2^31 - 1 rows");
  return static_cast<unsigned>(rows.count);
}
inline unsigned threads_for(int64_t n) { return n > kLongRow ? kLongRowThreads : kShortRowThreads; }

#if defined(FLAMBEAU_DEVICE_CODE)

// Items of keys and places (sort_keys.h) that come after all others.
FLAMBEAU_DEVICE void set_last(PackedItem& item) { item.bits = ~uint64_t{0}; }
FLAMBEAU_DEVICE void set_last(WideItem& item) {
  item.bits = ~uint64_t{0};
  item.at = INT64_MAX;
}

// Sorts each of the runs of `n` items, a power of two, that `items` in shared memory has `total`
// of. All threads of the block call it; it ends with a barrier.
template <class Item>
FLAMBEAU_DEVICE void block_sort(Item* items, int n, int total) {
  __syncthreads();
  for (int size = 2; size <= n; size *= 2) {
    for (int distance = size / 2; distance > 0; distance /= 2) {
      for (int p = block_thread(); p < total / 2; p += block_threads()) {
        const int low = 2 * p - (p & (distance - 1));
        const Item a = items[low];
        const Item b = items[low + distance];
        // Bitonic: runs of `size` rise and fall in turn, but the last, of all n, rises.
        const bool rises = (low & (n - 1) & size) == 0;
        if (rises ? b < a : a < b) {
          items[low] = b;
          items[low + distance] = a;
        }
      }
      __syncthreads();
    }
  }
}

#endif

}  // namespace flambeau::cuda
