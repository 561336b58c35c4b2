// Stable sorting along an axis, with the places where the elements came from.
//
// Short rows are sorted by comparison, longer ones by digits (least significant first). Both work
// on items of a key and a place, all of which differ: elements that compare equal are told apart by
// their place, which makes any order of items a stable one of elements.
#include <array>
#include <vector>

#include "parallel.h"
#include "rows.h"
#include "scratch.h"
#include "sort_keys.h"

namespace flambeau {

namespace {

constexpr int kDigits = 256;
// Rows of at least this many elements are sorted by digits …
constexpr int64_t kLong = 80;
// … and single rows of this many on all threads.
constexpr int64_t kShared = int64_t{1} << 17;

template <class Item>
void insertion_sort(Item* items, int64_t n) {
  for (int64_t i = 1; i < n; ++i) {
    const Item item = items[i];
    int64_t j = i;
    for (; j > 0 && item < items[j - 1]; --j) items[j] = items[j - 1];
    items[j] = item;
  }
}

// Sorts items[0 .. n) using `other` of the same size; returns the one of both that has the result.
// `counts` has, for each byte of the key, how often each digit occurs.
template <class Item>
Item* digit_sort(Item* items, Item* other, int64_t n,
                 std::array<std::array<int64_t, kDigits>, Item::kKeyBytes>& counts) {
  for (int byte = 0; byte < Item::kKeyBytes; ++byte) {
    std::array<int64_t, kDigits>& next = counts[static_cast<size_t>(byte)];
    // A digit that all keys share moves nothing.
    if (next[static_cast<size_t>(items[0].digit(byte))] == n) continue;
    int64_t sum = 0;
    for (int64_t& count : next) {
      const int64_t before = sum;
      sum += count;
      count = before;
    }
    for (int64_t i = 0; i < n; ++i)
      other[next[static_cast<size_t>(items[i].digit(byte))]++] = items[i];
    std::swap(items, other);
  }
  return items;
}

// The same on all threads: every chunk counts its digits, and then knows where its items go.
template <class Item>
Item* shared_digit_sort(Item* items, Item* other, int64_t n) {
  constexpr int64_t kChunk = kShared / 4;
  using Counts = std::array<int64_t, kDigits>;
  std::vector<Counts> counts(static_cast<size_t>((n - 1) / kChunk + 1));
  const auto for_chunks = [&](const auto& body) {
    parallel_for(static_cast<int64_t>(counts.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c)
        body(counts[static_cast<size_t>(c)], c * kChunk, std::min(n, (c + 1) * kChunk));
    });
  };
  for (int byte = 0; byte < Item::kKeyBytes; ++byte) {
    for_chunks([&](Counts& own, int64_t begin, int64_t end) {
      own.fill(0);
      for (int64_t i = begin; i < end; ++i) ++own[static_cast<size_t>(items[i].digit(byte))];
    });
    int64_t sum = 0;
    bool moves = true;
    for (size_t digit = 0; digit < kDigits; ++digit) {
      const int64_t first = sum;
      for (Counts& own : counts) {
        const int64_t before = sum;
        sum += own[digit];
        own[digit] = before;
      }
      moves = moves && sum - first < n;
    }
    if (!moves) continue;
    for_chunks([&](Counts& next, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        other[next[static_cast<size_t>(items[i].digit(byte))]++] = items[i];
    });
    std::swap(items, other);
  }
  return items;
}

// Sorts rows of one length, one after another, with memory of its own.
template <class T>
class Sorter {
 public:
  using Item = SortItem<T>;
  using Key = typename Item::Key;

  Sorter(int64_t n, bool descending)
      : n_(n), flip_(descending ? ~Key{0} : Key{0}), items_(n), other_(n >= kLong ? n : 0) {}

  void sort(const T* x, T* values, int64_t* places) {
    if (n_ < kLong) return sort_short(x, values, places);
    std::array<std::array<int64_t, kDigits>, Item::kKeyBytes> counts = {};
    Item* items = items_.data();
    for (int64_t i = 0; i < n_; ++i) {
      items[i] = item(x, i);
      for (int byte = 0; byte < Item::kKeyBytes; ++byte)
        ++counts[static_cast<size_t>(byte)][static_cast<size_t>(items[i].digit(byte))];
    }
    write(digit_sort(items, other_.data(), n_, counts), x, values, places, 0, n_);
  }

  // On all threads.
  void sort_shared(const T* x, T* values, int64_t* places) {
    Item* items = items_.data();
    parallel_for(n_, kShared / 4, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) items[i] = item(x, i);
    });
    const Item* sorted = shared_digit_sort(items, other_.data(), n_);
    parallel_for(n_, kShared / 4,
                 [&](int64_t begin, int64_t end) { write(sorted, x, values, places, begin, end); });
  }

 private:
  Item item(const T* x, int64_t i) const { return Item::make(SortKey<T>::of(x[i]) ^ flip_, i); }

  void sort_short(const T* x, T* values, int64_t* places) {
    Item* items = items_.data();
    for (int64_t i = 0; i < n_; ++i) items[i] = item(x, i);
    if (n_ <= 24) {
      insertion_sort(items, n_);
    } else {
      std::sort(items, items + n_);
    }
    write(items, x, values, places, 0, n_);
  }

  void write(const Item* sorted, const T* x, T* values, int64_t* places, int64_t begin,
             int64_t end) const {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t place = sorted[i].place();
      const Key key = sorted[i].key() ^ flip_;
      places[i] = place;
      // What several elements have as their key is looked up.
      values[i] = SortKey<T>::is_unique(key) ? SortKey<T>::element(key) : x[place];
    }
  }

  int64_t n_;
  Key flip_;
  Scratch<Item> items_;
  Scratch<Item> other_;
};

}  // namespace

// x of any layout -> its elements sorted along an axis, and their places along it (int64); NaN
// counts as the largest, and equal elements keep their order. Parameters: the axis, descending.
FLAMBEAU_KERNEL(sort) {
  const Tensor& x = call.in(0);
  const Rows rows(call, x, call.integer(0));
  const bool descending = call.flag(1);
  if (rows.n > int64_t{0xffffffff}) throw Failure("ERR_VALUE", "rows of more than 2^32 elements");
  const RowsOutput values(call, 0, rows, rows.n, x.dtype);
  const RowsOutput places(call, 1, rows, rows.n, DType::kInt64);
  if (rows.count * rows.n == 0) return;
  with_element(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto sort_row = [&](int64_t i, const auto& sort) {
      sort(rows.row<T>(i), values.data<T>() + i * rows.n, places.data<int64_t>() + i * rows.n);
    };
    if (rows.n >= kShared && rows.count < 4) {
      Sorter<T> sorter(rows.n, descending);
      for (int64_t i = 0; i < rows.count; ++i)
        sort_row(i, [&](auto... row) { sorter.sort_shared(row...); });
      return;
    }
    const int64_t grain = std::max<int64_t>(1, 4096 / rows.n);
    parallel_for(rows.count, grain, [&](int64_t begin, int64_t end) {
      Sorter<T> sorter(rows.n, descending);
      for (int64_t i = begin; i < end; ++i) sort_row(i, [&](auto... row) { sorter.sort(row...); });
    });
  });
  values.finish();
  places.finish();
}

// x [n, m] of any layout -> int64 [n]: the places of the rows in lexicographic order, equal rows in
// the order of their places.
FLAMBEAU_KERNEL(sortRows) {
  const Tensor x = call.contiguous(call.in(0));
  if (x.ndim() != 2 || call.in_place(0) || call.spec(0).dtype != DType::kInt64 ||
      call.spec(0).shape.numel() != x.size(0))
    throw Failure("ERR_INTERNAL", "one place for each row");
  const int64_t n = x.size(0);
  const int64_t m = x.size(1);
  int64_t* places = call.out(0).as<int64_t>();
  for (int64_t i = 0; i < n; ++i) places[i] = i;
  with_element(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* rows = x.as<T>();
    std::sort(places, places + n, [&](int64_t i, int64_t j) {
      const T* a = rows + i * m;
      const T* b = rows + j * m;
      for (int64_t k = 0; k < m; ++k) {
        const auto left = SortKey<T>::of(a[k]);
        const auto right = SortKey<T>::of(b[k]);
        if (left != right) return left < right;
      }
      return i < j;
    });
  });
}

}  // namespace flambeau
