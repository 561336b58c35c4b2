// One launch for many tensors: a table of where they lie goes with the launch, and each block finds
// the tensor that it works on.
#pragma once

#include <utility>
#include <vector>

#include "numbers.h"

namespace flambeau::cuda {

inline constexpr int kMaxRoles = 5;
inline constexpr int kManyThreads = 256;
// Accesses of 16 bytes that a thread does.
inline constexpr int kManyAccesses = 2;

// Tensors that belong together (a parameter, its gradient, its state), as pointers into memory of
// one dense order.
struct ManyEntry {
  char* at[kMaxRoles];
  int64_t count;    // elements
  uint32_t block;   // the first one that works on it
  uint32_t packed;  // may be accessed by 16 bytes at a time
};
// What fits into the 4 KB that go with a launch.
inline constexpr int kInlineEntries = 64;

struct ManyTable {
  const ManyEntry* uploaded;  // null: `here`
  int count;
  ManyEntry here[kInlineEntries];

#if defined(FLAMBEAU_DEVICE_CODE)
  // The entry of this block.
  FLAMBEAU_DEVICE const ManyEntry& find() const {
    const ManyEntry* const entries = uploaded ? uploaded : here;
    int low = 0;
    int high = count;
    while (high - low > 1) {
      const int middle = (low + high) / 2;
      if (entries[middle].block <= blockIdx.x) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return entries[low];
  }
#endif
};

// Collects entries and launches.
class Many {
 public:
  // Elements of `item` bytes.
  explicit Many(size_t item) : per_block_(int64_t{kManyThreads} * kManyAccesses * 16 / item) {}

  void add(char* const* at, int roles, int64_t count) {
    if (count == 0) return;
    ManyEntry entry = {};
    entry.count = count;
    entry.block = static_cast<uint32_t>(blocks_);
    entry.packed = 1;
    for (int role = 0; role < roles; ++role) {
      entry.at[role] = at[role];
      if (!is_aligned(at[role], 16)) entry.packed = 0;
    }
    blocks_ += ceil_divide(count, per_block_);
    require_internal(blocks_ < (int64_t{1} << 31), "there are too many elements");
    entries_.push_back(entry);
  }

  // launcher(grid, table)
  template <class Launcher>
  void run(Call& call, const Launcher& launcher) const {
    if (entries_.empty()) return;
    ManyTable table;
    table.count = static_cast<int>(entries_.size());
    table.uploaded = nullptr;
    if (entries_.size() <= kInlineEntries) {
      std::copy(entries_.begin(), entries_.end(), table.here);
    } else {
      table.uploaded = static_cast<const ManyEntry*>(
          call.upload(entries_.data(), entries_.size() * sizeof(ManyEntry)));
    }
    launcher(static_cast<unsigned>(blocks_), table);
  }

 private:
  int64_t per_block_;
  int64_t blocks_ = 0;
  std::vector<ManyEntry> entries_;
};

#if defined(FLAMBEAU_DEVICE_CODE)
// body(place of the first of V elements, how many of them there are, whether they are one access)
// for this thread's share of an entry.
template <int V, class Body>
FLAMBEAU_DEVICE void for_share(const ManyEntry& entry, const Body& body) {
  constexpr int64_t kPerBlock = int64_t{kManyThreads} * kManyAccesses * V;
  const int64_t first = (blockIdx.x - entry.block) * kPerBlock;
#pragma unroll 1
  for (int k = 0; k < kManyAccesses; ++k) {
    const int64_t i = first + (k * kManyThreads + static_cast<int>(threadIdx.x)) * V;
    if (i >= entry.count) break;
    const bool whole = i + V <= entry.count;
    body(i, whole ? V : static_cast<int>(entry.count - i), whole && entry.packed);
  }
}
#endif

}  // namespace flambeau::cuda
