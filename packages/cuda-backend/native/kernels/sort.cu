// Stable sorting along an axis, with the places where the elements came from.
//
// Short rows are sorted in shared memory by items of a key and a place, all of which differ. Longer
// ones are sorted together, by digits: rows are told apart by the upper bits of keys, or by a
// second sort.
#include "rows.h"
#include "sort_pairs.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 256;
constexpr int kShortThreads = 512;
constexpr int kShort = 2048;
// Elements that are sorted at a time, so that their numbers take 32 bits.
constexpr int64_t kAtOnce = int64_t{1} << 31;

// The element with a key; `x` is one of those that have it.
template <class T>
FLAMBEAU_DEVICE T element_of(typename SortKey<T>::Type key, bool reversed, const T* x) {
  using Key = typename SortKey<T>::Type;
  constexpr Key kMask = ~Key{0} >> (8 * sizeof(Key) - kKeyBits<T>);
  key ^= reversed ? kMask : Key{0};
  return SortKey<T>::is_unique(key) ? SortKey<T>::element(key) : *x;
}

// A block sorts `per_block` rows, for each of which there is room for `width` items.
template <class T>
__global__ void __launch_bounds__(kShortThreads)
    short_kernel(const T* __restrict__ x, int64_t rows, int n, int width, int per_block,
                 bool reversed, T* __restrict__ values, int64_t* __restrict__ places) {
  using Item = SortItem<T>;
  FLAMBEAU_SHARED(Item, items);
  const int64_t first = static_cast<int64_t>(blockIdx.x) * per_block;
  const int total = per_block * width;
  for (int i = threadIdx.x; i < total; i += blockDim.x) {
    const int64_t row = first + i / width;
    const int place = i % width;
    if (row < rows && place < n) {
      items[i] = Item::make(key_of(x[row * n + place], reversed), place);
    } else {
      set_last(items[i]);
    }
  }
  block_sort(items, width, total);
  for (int i = threadIdx.x; i < total; i += blockDim.x) {
    const int64_t row = first + i / width;
    const int at = i % width;
    if (row >= rows || at >= n) continue;
    const int64_t place = items[i].place();
    places[row * n + at] = place;
    values[row * n + at] = element_of(items[i].key(), reversed, &x[row * n + place]);
  }
}

// Keys of elements first … first + n - 1, with the row's number above each if `with_row`.
template <class T, class Key>
__global__ void __launch_bounds__(kThreads)
    key_kernel(const T* __restrict__ x, uint32_t n, FastDivide row_size, bool with_row,
               bool reversed, Pairs<Key> pairs) {
  for (int64_t i = global_thread(); i < n; i += global_threads()) {
    const uint32_t at = static_cast<uint32_t>(i);
    Key key = key_of(x[at], reversed);
    if constexpr (sizeof(Key) == 8 && kKeyBits<T> < 64)
      if (with_row) key |= static_cast<Key>(row_size.divide(at)) << kKeyBits<T>;
    pairs.keys[at] = key;
    pairs.values[at] = at;
  }
}
__global__ void __launch_bounds__(kThreads)
    row_key_kernel(const uint32_t* __restrict__ from, uint32_t n, FastDivide row_size,
                   Pairs<uint32_t> pairs) {
  for (int64_t i = global_thread(); i < n; i += global_threads()) {
    pairs.keys[i] = row_size.divide(from[i]);
    pairs.values[i] = from[i];
  }
}

// What was sorted: elements are made of their keys, if given, where only one has the key.
template <class T, class Key>
__global__ void __launch_bounds__(kThreads)
    finish_kernel(const T* __restrict__ x, uint32_t n, FastDivide row_size, bool reversed,
                  const Key* __restrict__ keys, const uint32_t* __restrict__ from,
                  T* __restrict__ values, int64_t* __restrict__ places) {
  using Own = typename SortKey<T>::Type;
  constexpr Own kMask = ~Own{0} >> (8 * sizeof(Own) - kKeyBits<T>);
  for (int64_t i = global_thread(); i < n; i += global_threads()) {
    const uint32_t at = from[i];
    places[i] = row_size.remainder(at);
    values[i] = keys ? element_of(static_cast<Own>(keys[i] & kMask), reversed, x + at) : x[at];
  }
}

// Rows of n elements, `rows` of them, with up to kAtOnce elements or one row.
template <class T, class Key>
void sort_long(Call& call, const T* x, int64_t rows, int64_t n, bool reversed, T* values,
               int64_t* places) {
  const int64_t total = rows * n;
  const uint32_t count = static_cast<uint32_t>(total);
  const FastDivide row_size(static_cast<uint32_t>(n));
  const unsigned grid = grid_for(total, 1, call.properties(), kThreads);
  constexpr bool kRoom = sizeof(Key) == 8 && kKeyBits<T> < 64;  // for a row's number
  const bool with_row = kRoom && rows > 1;
  const int row_bits = bits_up_to(static_cast<uint64_t>(rows - 1));
  Pairs<Key> pairs(call, total);
  Pairs<Key> other(call, total);
  launch(key_kernel<T, Key>, grid, kThreads, 0, call.stream(), x, count, row_size, with_row,
         reversed, pairs);
  sort_pairs(call, pairs, other, total, kKeyBits<T> + (with_row ? row_bits : 0));
  const uint32_t* from = pairs.values;
  const Key* keys = pairs.keys;
  if (rows > 1 && !with_row) {
    Pairs<uint32_t> by_row(call, total);
    Pairs<uint32_t> other_by_row(call, total);
    launch(row_key_kernel, grid, kThreads, 0, call.stream(), pairs.values, count, row_size, by_row);
    sort_pairs(call, by_row, other_by_row, total, row_bits);
    from = by_row.values;
    keys = nullptr;
  }
  launch(finish_kernel<T, Key>, grid, kThreads, 0, call.stream(), x, count, row_size, reversed,
         keys, from, values, places);
}

template <class T>
void sort_short(Call& call, const T* x, int64_t rows, int n, bool reversed, T* values,
                int64_t* places) {
  int width = 1;
  while (width < n) width *= 2;
  const int per_block = std::max(1, kShortThreads / width);
  launch(short_kernel<T>, static_cast<unsigned>((rows + per_block - 1) / per_block),
         std::min(kShortThreads, std::max(kWarp, per_block * width / 2)),
         sizeof(SortItem<T>) * static_cast<size_t>(per_block * width), call.stream(), x, rows, n,
         width, per_block, reversed, values, places);
}

}  // namespace

void sort_rows(Call& call, const Rows& rows, bool descending, void* values, int64_t* places) {
  if (rows.n > int64_t{0xffffffff}) throw Failure("ERR_VALUE", "rows of more than 2^32 elements");
  if (rows.count * rows.n == 0) return;
  with_element(rows.x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* x = rows.x.as<T>();
    T* const out = static_cast<T*>(values);
    const int64_t at_once = std::max<int64_t>(1, kAtOnce / rows.n);
    for (int64_t row = 0; row < rows.count; row += at_once) {
      const int64_t count = std::min(at_once, rows.count - row);
      const int64_t at = row * rows.n;
      if (rows.n <= kShort) {
        sort_short(call, x + at, count, static_cast<int>(rows.n), descending, out + at,
                   places + at);
      } else if (sizeof(T) <= 4 && count == 1) {
        if constexpr (sizeof(T) <= 4)
          sort_long<T, uint32_t>(call, x + at, count, rows.n, descending, out + at, places + at);
      } else {
        sort_long<T, uint64_t>(call, x + at, count, rows.n, descending, out + at, places + at);
      }
    }
  });
}

SortedRows sorted_rows(Call& call, const Rows& rows, bool descending) {
  const int64_t total = rows.count * rows.n;
  const SortedRows result{call.scratch(static_cast<size_t>(total) * rows.x.item_bytes()),
                          call.scratch_of<int64_t>(total)};
  sort_rows(call, rows, descending, result.values, result.places);
  return result;
}

// x of any layout -> its elements sorted along an axis, and their places along it (int64); NaN
// counts as the largest, and equal elements keep their order. Parameters: the axis, descending.
FLAMBEAU_CUDA_KERNEL(sort) {
  const Tensor& x = call.in(0);
  const Rows rows(call, x, call.integer(0));
  const RowsOutput values(call, 0, rows, rows.n, x.dtype);
  const RowsOutput places(call, 1, rows, rows.n, DType::kInt64);
  sort_rows(call, rows, call.flag(1), values.data<char>(), places.data<int64_t>());
  values.finish();
  places.finish();
}

namespace {

__global__ void __launch_bounds__(kThreads) count_kernel(uint32_t* values, uint32_t n) {
  for (int64_t i = global_thread(); i < n; i += global_threads())
    values[i] = static_cast<uint32_t>(i);
}

// The keys of columns [begin, end) of rows in the order that `pairs` has so far, as one key.
template <class T>
__global__ void __launch_bounds__(kThreads)
    column_kernel(const T* __restrict__ x, uint32_t n, int64_t m, int64_t begin, int64_t end,
                  Pairs<uint64_t> pairs) {
  for (int64_t i = global_thread(); i < n; i += global_threads()) {
    const T* const row = x + static_cast<int64_t>(pairs.values[i]) * m;
    uint64_t key = 0;
    for (int64_t column = begin; column < end; ++column) {
      if constexpr (kKeyBits<T> < 64) key <<= kKeyBits<T>;
      key |= key_of(row[column], false);
    }
    pairs.keys[i] = key;
  }
}

__global__ void __launch_bounds__(kThreads)
    widen_kernel(const uint32_t* __restrict__ from, uint32_t n, int64_t* __restrict__ to) {
  for (int64_t i = global_thread(); i < n; i += global_threads()) to[i] = from[i];
}

}  // namespace

// x [n, m] of any layout -> int64 [n]: the places of the rows in lexicographic order, equal rows in
// the order of their places.
FLAMBEAU_CUDA_KERNEL(sortRows) {
  const Tensor x = call.contiguous(call.in(0));
  if (x.ndim() != 2 || call.in_place(0) || call.spec(0).dtype != DType::kInt64 ||
      call.spec(0).shape.numel() != x.size(0))
    throw Failure("ERR_INTERNAL", "one place for each row");
  const int64_t n = x.size(0);
  const int64_t m = x.size(1);
  if (n > int64_t{0xffffffff}) throw Failure("ERR_VALUE", "more than 2^32 rows");
  const Tensor& out = call.out(0);
  if (n == 0) return;
  const uint32_t count = static_cast<uint32_t>(n);
  const unsigned grid = grid_for(n, 1, call.properties(), kThreads);
  Pairs<uint64_t> pairs(call, n);
  Pairs<uint64_t> other(call, n);
  launch(count_kernel, grid, kThreads, 0, call.stream(), pairs.values, count);
  with_element(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    constexpr int64_t kColumns =
        64 / kKeyBits<T>;  // the last ones first, as many as a key has room for
    for (int64_t end = m; end > 0; end -= std::min(end, kColumns)) {
      const int64_t begin = std::max<int64_t>(0, end - kColumns);
      launch(column_kernel<T>, grid, kThreads, 0, call.stream(), x.as<T>(), count, m, begin, end,
             pairs);
      sort_pairs(call, pairs, other, n, static_cast<int>(end - begin) * kKeyBits<T>);
    }
  });
  launch(widen_kernel, grid, kThreads, 0, call.stream(), pairs.values, count, out.as<int64_t>());
}

}  // namespace flambeau::cuda
