// Alone in its unit: CUB takes long to compile.
#include <algorithm>
#include <utility>

#include "sort_pairs.h"

#if !defined(FLAMBEAU_EMULATED)
#include <cub/device/device_radix_sort.cuh>
#else
#include <vector>
#endif

namespace flambeau::cuda {

#if defined(FLAMBEAU_EMULATED)

namespace {

// By one thread.
template <class Key>
__global__ void sort_kernel(Pairs<Key> from, Pairs<Key> to, int64_t n, int bits) {
  const Key mask = bits >= static_cast<int>(sizeof(Key)) * 8 ? ~Key{0} : (Key{1} << bits) - 1;
  std::vector<std::pair<Key, uint32_t>> items(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) items[static_cast<size_t>(i)] = {from.keys[i], from.values[i]};
  std::stable_sort(items.begin(), items.end(), [mask](const auto& a, const auto& b) {
    return (a.first & mask) < (b.first & mask);
  });
  for (int64_t i = 0; i < n; ++i) {
    to.keys[i] = items[static_cast<size_t>(i)].first;
    to.values[i] = items[static_cast<size_t>(i)].second;
    from.keys[i] = ~Key{0};  // overwritten
  }
}

}  // namespace

template <class Key>
void sort_pairs(Call& call, Pairs<Key>& pairs, Pairs<Key>& other, int64_t n, int bits) {
  if (n < 2) return;
  launch(sort_kernel<Key>, 1, 1, 0, call.stream(), pairs, other, n, bits);
  std::swap(pairs, other);
}

#else

template <class Key>
void sort_pairs(Call& call, Pairs<Key>& pairs, Pairs<Key>& other, int64_t n, int bits) {
  if (n < 2) return;
  cub::DoubleBuffer<Key> keys(pairs.keys, other.keys);
  cub::DoubleBuffer<uint32_t> values(pairs.values, other.values);
  const int end = std::min(bits, static_cast<int>(sizeof(Key)) * 8);
  size_t bytes = 0;
  check(cub::DeviceRadixSort::SortPairs(nullptr, bytes, keys, values, n, 0, end, call.stream()),
        "a sort");
  void* const room = call.scratch(bytes);
  check(cub::DeviceRadixSort::SortPairs(room, bytes, keys, values, n, 0, end, call.stream()),
        "a sort");
  pairs.keys = keys.Current();
  pairs.values = values.Current();
  other.keys = keys.Alternate();
  other.values = values.Alternate();
}

#endif

template void sort_pairs(Call&, Pairs<uint32_t>&, Pairs<uint32_t>&, int64_t, int);
template void sort_pairs(Call&, Pairs<uint64_t>&, Pairs<uint64_t>&, int64_t, int);

}  // namespace flambeau::cuda
