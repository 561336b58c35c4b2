// Elements of rows by their rank: the k largest, the k-th, the median.
//
// A block finds the element of a rank digit by digit, from the top: it counts how often each digit
// occurs among the elements that have the digits found so far. Of equal elements those at lower
// places come first.
#include "rows.h"

namespace flambeau::cuda {

namespace {

constexpr int kDigits = 256;
static_assert(kShortRowThreads >= kDigits, "a thread counts each digit");
// The largest k whose items are sorted in shared memory.
constexpr int kMostItems = 2048;
// Rows of at least this many elements are sorted, all together, where there are few of them.
constexpr int64_t kVeryLong = int64_t{1} << 18;
constexpr int64_t kFewRows = 32;

template <class T>
using KeyOf = typename SortKey<T>::Type;

// The key of rank `k` (from 0) among those of a row, in rising order.
template <class T>
struct Ranked {
  KeyOf<T> key;
  int64_t below;  // how many keys are less
};

// All threads of the block call it, and get the result.
template <class T>
FLAMBEAU_DEVICE Ranked<T> find_rank(const T* row, int64_t n, int64_t k, bool reversed) {
  using Key = KeyOf<T>;
  __shared__ int counts[kDigits];
  __shared__ int chosen;
  __shared__ int chosen_below;
  Ranked<T> result{0, 0};
  Key mask = 0;
  for (int shift = kKeyBits<T> - 8; shift >= 0; shift -= 8) {
    for (int i = threadIdx.x; i < kDigits; i += blockDim.x) counts[i] = 0;
    __syncthreads();
    // Lanes with the same digit, of which there are often many, count it together.
    for (int64_t base = 0; base < n; base += blockDim.x) {
      const int64_t i = base + threadIdx.x;
      int digit = kDigits;
      if (i < n) {
        const Key key = key_of(row[i], reversed);
        if ((key & mask) == result.key) digit = static_cast<int>(key >> shift & (kDigits - 1));
      }
      const unsigned peers = __match_any_sync(kAllLanes, digit);
      if (digit < kDigits && __ffs(static_cast<int>(peers)) - 1 == lane_index())
        atomicAdd(&counts[digit], __popc(peers));
    }
    __syncthreads();
    const int own = threadIdx.x < kDigits ? counts[threadIdx.x] : 0;
    const int before = block_scan_exclusive<Sum>(own);
    const int64_t wanted = k - result.below;
    if (before <= wanted && wanted < int64_t{before} + own) {
      chosen = static_cast<int>(threadIdx.x);
      chosen_below = before;
    }
    __syncthreads();
    result.key |= static_cast<Key>(chosen) << shift;
    result.below += chosen_below;
    mask |= static_cast<Key>(kDigits - 1) << shift;
  }
  return result;
}

// The place of the `nth` (from 0) of the elements with this key. There is shared memory behind it:
// all threads call it.
template <class T>
FLAMBEAU_DEVICE int64_t find_place(const T* row, int64_t n, KeyOf<T> key, int64_t nth,
                                   bool reversed) {
  __shared__ long long place;
  int64_t before = 0;
  for (int64_t base = 0; base < n; base += blockDim.x) {
    const int64_t i = base + threadIdx.x;
    const int equal = i < n && key_of(row[i], reversed) == key ? 1 : 0;
    int total = 0;
    const int64_t rank = before + block_scan_exclusive<Sum>(equal, &total);
    if (equal != 0 && rank == nth) place = i;
    before += total;
    if (before > nth) break;
  }
  __syncthreads();
  const int64_t result = place;
  __syncthreads();
  return result;
}

// --- the k largest ---

// A block per row. `width` is a power of two of at least k.
template <class T>
__global__ void __launch_bounds__(kLongRowThreads)
    top_kernel(const T* __restrict__ x, int64_t n, int k, int width, bool largest, bool sorted,
               T* __restrict__ values, int64_t* __restrict__ places) {
  using Item = SortItem<T>;
  FLAMBEAU_SHARED(Item, items);
  const T* const row = x + blockIdx.x * n;
  const Ranked<T> last = find_rank(row, n, k - 1, largest);
  // Those before the last one's key, and of those with it as many as there is room for.
  int less_before = 0;
  int equal_before = static_cast<int>(last.below);
  for (int i = k + threadIdx.x; i < width; i += blockDim.x) set_last(items[i]);
  for (int64_t base = 0; base < n; base += blockDim.x) {
    const int64_t i = base + threadIdx.x;
    const KeyOf<T> key = i < n ? key_of(row[i], largest) : KeyOf<T>{0};
    const bool less = i < n && key < last.key;
    const bool equal = i < n && key == last.key;
    // Both counts in one number: a block has no more than 1024 threads.
    const uint32_t own = (less ? 1u : 0u) | (equal ? 1u << 16 : 0u);
    uint32_t total = 0;
    const uint32_t before = block_scan_exclusive<Sum>(own, &total);
    int to = k;
    if (less) to = less_before + static_cast<int>(before & 0xffffu);
    if (equal) to = min(int64_t{k}, equal_before + static_cast<int64_t>(before >> 16));
    if (to < k) items[to] = Item::make(key, i);
    less_before += static_cast<int>(total & 0xffffu);
    equal_before = min(k, equal_before + static_cast<int>(total >> 16));
    if (less_before == last.below && equal_before >= k) break;
  }
  if (sorted) {
    block_sort(items, width, width);
  } else {
    __syncthreads();
  }
  for (int i = threadIdx.x; i < k; i += blockDim.x) {
    const int64_t place = items[i].place();
    values[int64_t{blockIdx.x} * k + i] = row[place];
    places[int64_t{blockIdx.x} * k + i] = place;
  }
}

// The first k of sorted rows.
template <class T>
__global__ void __launch_bounds__(kShortRowThreads)
    first_kernel(const T* __restrict__ sorted, const int64_t* __restrict__ from, int64_t rows,
                 int64_t n, int64_t k, T* __restrict__ values, int64_t* __restrict__ places) {
  for (int64_t i = global_thread(); i < rows * k; i += global_threads()) {
    const int64_t at = i / k * n + i % k;
    values[i] = sorted[at];
    places[i] = from[at];
  }
}

bool is_few_long(const Rows& rows) { return rows.n >= kVeryLong && rows.count < kFewRows; }

}  // namespace

// x of any layout -> the k largest (or smallest) elements of every row along an axis, and their
// places (int64). Parameters: the axis, k <= n, largest, sorted.
FLAMBEAU_CUDA_KERNEL(topk) {
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
    if (k > kMostItems || is_few_long(rows)) {
      const SortedRows all = sorted_rows(call, rows, largest);
      launch(first_kernel<T>, grid_for(rows.count * k, 1, call.properties(), kShortRowThreads),
             kShortRowThreads, 0, call.stream(), static_cast<const T*>(all.values), all.places,
             rows.count, rows.n, k, values.data<T>(), places.data<int64_t>());
      return;
    }
    int width = 1;
    while (width < k) width *= 2;
    launch(top_kernel<T>, blocks_for(rows), threads_for(rows.n),
           sizeof(SortItem<T>) * static_cast<size_t>(width), call.stream(), rows.x.as<T>(), rows.n,
           static_cast<int>(k), width, largest, sorted, values.data<T>(), places.data<int64_t>());
  });
  values.finish();
  places.finish();
}

namespace {

// --- one element of each row ---

enum class Rank { kGiven, kMedian, kMedianOfNumbers };

// A block per row. `places` may be null.
template <class T>
__global__ void __launch_bounds__(kLongRowThreads)
    rank_kernel(const T* __restrict__ x, int64_t n, Rank rank, int64_t given,
                T* __restrict__ values, int64_t* __restrict__ places) {
  const T* const row = x + blockIdx.x * n;
  int64_t k = given;
  if (rank != Rank::kGiven) {
    int64_t numbers = 0;
    for (int64_t i = threadIdx.x; i < n; i += blockDim.x) numbers += is_nan(row[i]) ? 0 : 1;
    numbers = block_reduce<Sum>(numbers);
    // NaN comes last: the first one is right behind the numbers.
    const bool nan = rank == Rank::kMedian && numbers < n;
    k = nan ? numbers : max(int64_t{0}, (numbers - 1) / 2);
  }
  const Ranked<T> found = find_rank(row, n, k, false);
  const int64_t place = find_place(row, n, found.key, k - found.below, false);
  if (threadIdx.x != 0) return;
  values[blockIdx.x] = row[place];
  if (places) places[blockIdx.x] = place;
}

void select_one(Call& call, const Rows& rows, Rank rank, int64_t k) {
  require_short_rows(rows);
  if (rows.n == 0 && rows.count > 0)
    throw Failure("ERR_INTERNAL", "there is nothing to select of no elements");
  const DType dtype = rows.x.dtype;
  const Tensor& values = output_of_rows(call, 0, rows, dtype);
  const Tensor* places =
      call.num_outputs() > 1 ? &output_of_rows(call, 1, rows, DType::kInt64) : nullptr;
  if (rows.count == 0) return;
  with_element(dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(rank_kernel<T>, blocks_for(rows), threads_for(rows.n), 0, call.stream(), rows.x.as<T>(),
           rows.n, rank, k, values.as<T>(), places ? places->as<int64_t>() : nullptr);
  });
}

}  // namespace

// The k-th smallest element of every row, and its place. Parameters: the axis, k from 1 to n.
FLAMBEAU_CUDA_KERNEL(kthvalue) {
  const Rows rows(call, call.in(0), call.integer(0));
  const int64_t k = call.integer(1) - 1;
  if (k < 0 || k >= rows.n) throw Failure("ERR_INTERNAL", "no element has this rank");
  select_one(call, rows, Rank::kGiven, k);
}

// The median of every row (of an even number the lower one), and its place if there is a second
// output. Parameters: the axis, -1 for all elements as one row; and whether NaN is left out.
FLAMBEAU_CUDA_KERNEL(median) {
  Tensor x = call.in(0);
  const bool all = call.integer(0) == -1;
  if (all) {
    x = call.contiguous(x);
    const int64_t n = x.numel();
    x.shape = Shape{n};
    x.strides[0] = 1;
  }
  const Rows rows(call, x, all ? 0 : call.integer(0));
  select_one(call, rows, call.flag(1) ? Rank::kMedianOfNumbers : Rank::kMedian, 0);
}

}  // namespace flambeau::cuda
