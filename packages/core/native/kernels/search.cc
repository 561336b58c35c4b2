// Where numbers belong in sorted sequences.
#include "parallel.h"
#include "rows.h"
#include "searching.h"

namespace flambeau {

namespace {

// The first of n sorted elements at(0), at(1), … that does not come before `value`: elements up to
// it come before if kRight, smaller ones otherwise. NaN comes after everything. The steps depend on
// n alone, so that nothing is guessed.
template <bool kRight, class T, class At>
int64_t search(const At& at, int64_t n, T value) {
  if (n == 0) return 0;
  const auto before = [&](int64_t i) {
    return static_cast<int64_t>(kRight ? !(at(i) > value) : !(at(i) >= value));
  };
  int64_t first = 0;
  while (n > 1) {
    const int64_t half = n / 2;
    first += half * before(first + half - 1);
    n -= half;
  }
  return first + before(first);
}

void require_places(const Tensor& sorter, int64_t n) {
  const int64_t* places = sorter.as<int64_t>();
  for (int64_t i = 0; i < sorter.numel(); ++i)
    if (places[i] < 0 || places[i] >= n)
      throw Failure("ERR_INDEX", "the sorter's index " + std::to_string(places[i]) +
                                     " is outside of a sequence of " + std::to_string(n));
}

}  // namespace

// sequence [n] or [..., n], values [...], (sorter like sequence, int64) -> int64 or int32 like
// values: where each value belongs in its sequence, or in the only one. Parameter: after elements
// that equal it?
FLAMBEAU_KERNEL(searchsorted) {
  const SortedSearch<Tensor> s(call);
  if (s.sorter.data) require_places(s.sorter, s.n);
  Tensor& out = call.out(0);
  if (s.values.numel() == 0) return;
  const int64_t per_row = s.values.numel() / s.rows;
  const bool right = call.flag(0);
  with_element(s.sequence.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto place_of = [&](int64_t row, T value) {
      const T* elements = s.sequence.as<T>() + row * s.n;
      const auto search_in = [&](const auto& at) {
        return right ? search<true>(at, s.n, value) : search<false>(at, s.n, value);
      };
      if (!s.sorter.data) return search_in([elements](int64_t k) { return elements[k]; });
      const int64_t* places = s.sorter.as<int64_t>() + row * s.n;
      return search_in([elements, places](int64_t k) { return elements[places[k]]; });
    };
    parallel_for(s.values.numel(), 2048, [&](int64_t begin, int64_t end) {
      while (begin < end) {
        const int64_t row = begin / per_row;
        const int64_t stop = std::min(end, (row + 1) * per_row);
        for (; begin < stop; ++begin) {
          const int64_t place = place_of(row, s.values.as<T>()[begin]);
          if (s.wide) {
            out.as<int64_t>()[begin] = place;
          } else {
            out.as<int32_t>()[begin] = static_cast<int32_t>(place);
          }
        }
      }
    });
  });
}

}  // namespace flambeau
