// Elements of rows by their rank: the k largest, the k-th, the median, the most frequent.
//
// Which of several equal elements is taken follows from the algorithm (but for the median). So that
// it is the one that PyTorch takes, these are the standard library's where PyTorch uses those:
// partial_sort (a heap), nth_element and sort, on items of an element and its place.
#include <cmath>
#include <limits>
#include <vector>

#include "parallel.h"
#include "rows.h"
#include "scratch.h"
#include "sort_keys.h"

namespace flambeau {

namespace {

template <class T>
struct Item {
  T value;
  int32_t place;
};

// body(row) for all rows, in parallel, for a body that takes some time for each element.
template <class Body>
void for_rows(const Rows& rows, const Body& body) {
  const int64_t grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, rows.n));
  parallel_for(rows.count, grain, [&](int64_t begin, int64_t end) { body(begin, end); });
}

template <class T>
void load(const T* x, int64_t n, Item<T>* items) {
  for (int64_t i = 0; i < n; ++i) items[i] = {x[i], static_cast<int32_t>(i)};
}

// The orders of the largest and of the smallest first; NaN is the largest.
template <class T, bool kLargest>
bool comes_first(T a, T b) {
  return kLargest ? is_less(b, a) : is_less(a, b);
}
template <class T, bool kLargest>
struct First {
  bool operator()(const Item<T>& a, const Item<T>& b) const {
    return comes_first<T, kLargest>(a.value, b.value);
  }
};

// A heap of the best k so far, the worst of them on top, goes along the row: what partial_sort
// does, without an item for every element.
template <class T, bool kLargest>
void top_by_heap(const T* x, int64_t n, int64_t k, Item<T>* heap) {
  const First<T, kLargest> first;
  load(x, k, heap);
  std::make_heap(heap, heap + k, first);
  constexpr int64_t kBlock = 32;
  for (int64_t i = k; i < n;) {
    // Most blocks have nothing for the heap; whether they have is found without branches.
    const int64_t end = std::min(i + kBlock, n);
    const T worst = heap[0].value;
    unsigned any = 0;
    for (int64_t j = i; j < end; ++j) any |= comes_first<T, kLargest>(x[j], worst) ? 1U : 0U;
    for (; any != 0 && i < end; ++i) {
      if (!comes_first<T, kLargest>(x[i], heap[0].value)) continue;
      heap[k] = {x[i], static_cast<int32_t>(i)};
      std::pop_heap(heap, heap + k + 1, first);
    }
    i = end;
  }
}

template <class T, bool kLargest>
void top(const T* x, int64_t n, int64_t k, bool sorted, Item<T>* items) {
  const First<T, kLargest> first;
  if (k * 64 <= n) {
    top_by_heap<T, kLargest>(x, n, k, items);
    std::sort_heap(items, items + k, first);
    return;
  }
  load(x, n, items);
  std::nth_element(items, items + k - 1, items + n, first);
  if (sorted) std::sort(items, items + k - 1, first);
}

// Hoare's selection with the median of three as pivot, as in Numerical Recipes: afterwards items[k]
// is what it would be in sorted order.
template <class T>
void select(Item<T>* items, int64_t n, int64_t k) {
  const auto greater = [](const Item<T>& a, const Item<T>& b) {
    return (is_nan(a.value) && !is_nan(b.value)) || a.value > b.value;
  };
  int64_t left = 0;
  int64_t right = n - 1;
  while (right > left) {
    if (right == left + 1) {
      if (greater(items[left], items[right])) std::swap(items[left], items[right]);
      return;
    }
    std::swap(items[left + (right - left) / 2], items[left + 1]);
    if (greater(items[left + 1], items[right])) std::swap(items[left + 1], items[right]);
    if (greater(items[left], items[right])) std::swap(items[left], items[right]);
    if (greater(items[left + 1], items[left])) std::swap(items[left + 1], items[left]);
    // Now items[left + 1] <= pivot <= items[right]: both scans end there at the latest.
    const Item<T> pivot = items[left];
    int64_t i = left + 1;
    int64_t j = right;
    while (true) {
      do ++i;
      while (greater(pivot, items[i]));
      do --j;
      while (greater(items[j], pivot));
      if (j < i) break;
      std::swap(items[i], items[j]);
    }
    std::swap(items[left], items[j]);
    if (j <= k) left = i;
    if (j >= k) right = j - 1;
  }
}

// The place of the median of x[0 .. n), n > 0, of equal elements as in stable order; the first
// NaN's if there is one, or leaving out NaN.
template <class T>
int64_t median_place(const T* x, int64_t n, bool ignores_nan, SortItem<T>* items) {
  int64_t numbers = n;
  for (int64_t i = 0; i < n; ++i) {
    if (!is_nan(x[i])) continue;
    if (!ignores_nan) return i;
    --numbers;
  }
  for (int64_t i = 0; i < n; ++i) items[i] = SortItem<T>::make(SortKey<T>::of(x[i]), i);
  SortItem<T>* middle = items + std::max<int64_t>(0, (numbers - 1) / 2);
  std::nth_element(items, middle, items + n);
  return middle->place();
}

// The place of the most frequent element of x[0 .. n), n > 0: the smallest of several, and of equal
// ones the last in sorted order. Every NaN is an element of its own.
template <class T>
int64_t mode_place(const T* x, int64_t n, Item<T>* items) {
  load(x, n, items);
  std::sort(items, items + n, First<T, false>{});
  int64_t best = 0;
  int64_t best_count = 0;
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) {
    ++count;
    if (i + 1 < n && items[i].value == items[i + 1].value) continue;
    if (count > best_count) {
      best = items[i].place;
      best_count = count;
    }
    count = 0;
  }
  return best;
}

// Runs place(row, items), with scratch memory for as many items, for every row: the outputs are the
// element there and, if asked, the place.
template <template <class> class ItemOf, class Place>
void select_one(Call& call, const Rows& rows, const Place& place) {
  require_short_rows(rows);
  if (rows.n == 0 && rows.count > 0)
    throw Failure("ERR_INTERNAL", "there is nothing to select of no elements");
  const DType dtype = rows.x.dtype;
  Tensor& values = output_of_rows(call, 0, rows, dtype);
  Tensor* places = call.num_outputs() > 1 ? &output_of_rows(call, 1, rows, DType::kInt64) : nullptr;
  with_element(dtype, [&](auto zero) {
    using T = decltype(zero);
    for_rows(rows, [&](int64_t begin, int64_t end) {
      const Scratch<ItemOf<T>> items(rows.n);
      for (int64_t i = begin; i < end; ++i) {
        const int64_t at = place(rows.row<T>(i), items.data());
        values.as<T>()[i] = rows.row<T>(i)[at];
        if (places) places->as<int64_t>()[i] = at;
      }
    });
  });
}

}  // namespace

// x of any layout -> the k largest (or smallest) elements of every row along an axis, and their
// places (int64). Parameters: the axis, k <= n, largest, sorted.
FLAMBEAU_KERNEL(topk) {
  const Tensor& x = call.in(0);
  const Rows rows(call, x, call.integer(0));
  require_short_rows(rows);
  const int64_t k = call.integer(1);
  const bool largest = call.flag(2);
  const bool sorted = call.flag(3);
  if (k < 0 || k > rows.n) throw Failure("ERR_INTERNAL", "k is larger than the row");
  const RowsOutput values(call, 0, rows, k, x.dtype);
  const RowsOutput places(call, 1, rows, k, DType::kInt64);
  if (k == 0 || rows.count == 0) return;
  with_element(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_rows(rows, [&](int64_t begin, int64_t end) {
      const Scratch<Item<T>> items(rows.n + 1);
      for (int64_t i = begin; i < end; ++i) {
        if (largest) {
          top<T, true>(rows.row<T>(i), rows.n, k, sorted, items.data());
        } else {
          top<T, false>(rows.row<T>(i), rows.n, k, sorted, items.data());
        }
        for (int64_t j = 0; j < k; ++j) {
          values.data<T>()[i * k + j] = items.data()[j].value;
          places.data<int64_t>()[i * k + j] = items.data()[j].place;
        }
      }
    });
  });
  values.finish();
  places.finish();
}

// The k-th smallest element of every row, and its place. Parameters: the axis, k from 1 to n.
FLAMBEAU_KERNEL(kthvalue) {
  const Rows rows(call, call.in(0), call.integer(0));
  const int64_t k = call.integer(1) - 1;
  if (k < 0 || k >= rows.n) throw Failure("ERR_INTERNAL", "no element has this rank");
  select_one<Item>(call, rows, [&](const auto* x, auto* items) {
    load(x, rows.n, items);
    select(items, rows.n, k);
    return int64_t{items[k].place};
  });
}

// The median of every row (of an even number the lower one), and its place if there is a second
// output. Parameters: the axis, -1 for all elements as one row; and whether NaN is left out.
FLAMBEAU_KERNEL(median) {
  Tensor x = call.in(0);
  const bool all = call.integer(0) == -1;
  if (all) {
    x = call.contiguous(x);
    const int64_t n = x.numel();
    x.shape = Shape{n};
    x.strides[0] = 1;
  }
  const Rows rows(call, x, all ? 0 : call.integer(0));
  const bool ignores_nan = call.flag(1);
  select_one<SortItem>(call, rows, [&](const auto* row, auto* items) {
    return median_place(row, rows.n, ignores_nan, items);
  });
}

// The most frequent element of every row, and its place. Parameter: the axis.
FLAMBEAU_KERNEL(mode) {
  const Rows rows(call, call.in(0), call.integer(0));
  select_one<Item>(call, rows,
                   [&](const auto* x, auto* items) { return mode_place(x, rows.n, items); });
}

}  // namespace flambeau
