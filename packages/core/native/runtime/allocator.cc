#include "allocator.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "huge_pool.h"
#include "segment_pool.h"

namespace flambeau {
namespace {

using namespace allocation;

constexpr size_t kAlignment = 64;
constexpr size_t kMaxSmall = 896 * kKiB;  // larger: chunks of segments
constexpr size_t kMaxMedium = 16 * kMiB;  // larger: a mapping of its own
constexpr size_t kMaxBytes = size_t{1} << 47;
constexpr size_t kFreeCache = 64 * kMiB;  // this much may always be cached

// -------------------------------------------------------------------------------------------------
// Size classes: multiples of 64 bytes with four steps per power of two: 64 128 192 256 320 384 …

constexpr size_t size_class(size_t bytes) {
  const size_t last = bytes <= kAlignment ? 0 : (bytes - 1) / kAlignment;  // 64-byte line
  if (last < 4) return last;
  const auto width = static_cast<size_t>(std::bit_width(last));
  return (width - 2) * 4 + ((last >> (width - 3)) & 3);
}

constexpr size_t class_bytes(size_t index) {
  if (index < 4) return (index + 1) * kAlignment;
  return (5 + index % 4) * kAlignment << (index / 4 - 1);
}

constexpr size_t kClasses = size_class(kMaxSmall) + 1;

static_assert(class_bytes(kClasses - 1) == kMaxSmall);
static_assert([] {
  for (size_t i = 0; i < kClasses; ++i) {
    if (size_class(class_bytes(i)) != i || size_class(class_bytes(i) + 1) != i + 1) return false;
  }
  return true;
}());

// Whole units; at most a tenth is lost to the remainder, little is tied up in the large classes.
constexpr size_t slab_bytes(size_t index) {
  return round_up(class_bytes(index) * (class_bytes(index) <= kUnit ? 8 : 4), kUnit);
}
constexpr size_t slab_blocks(size_t index) { return slab_bytes(index) / class_bytes(index); }

// -------------------------------------------------------------------------------------------------

// Statistics shared by both builds of the allocator; guarded by its mutex, except that live() may
// be read freely.
class Statistics {
 public:
  size_t live() const noexcept { return live_.load(std::memory_order_relaxed); }
  void add(size_t bytes, bool hit) noexcept {
    const size_t now = live() + bytes;
    live_.store(now, std::memory_order_relaxed);
    peak_ = std::max(peak_, now);
    ++allocations_;
    hits_ += hit;
  }
  void remove(size_t bytes) noexcept { live_.store(live() - bytes, std::memory_order_relaxed); }
  void reset_peak() noexcept { peak_ = live(); }
  AllocatorStats read(size_t cached, size_t reserved) const {
    return {live(), cached, peak_, reserved, allocations_, hits_};
  }

 private:
  std::atomic<size_t> live_{0};
  size_t peak_ = 0;
  uint64_t allocations_ = 0;
  uint64_t hits_ = 0;
};

#ifdef FLAMBEAU_ASAN

class Allocator {
 public:
  Block allocate(size_t bytes) {
    if (bytes > kMaxBytes >> 8) throw std::bad_alloc();  // what the sanitizer itself can serve
    const size_t size = bytes == 0 ? kAlignment : bytes;
    void* ptr = nullptr;
    if (posix_memalign(&ptr, kAlignment, size) != 0) throw std::bad_alloc();
    const std::lock_guard lock(mutex_);
    statistics_.add(size, false);
    return {ptr, size};
  }

  void deallocate(Block block) noexcept {
    std::free(block.ptr);
    const std::lock_guard lock(mutex_);
    statistics_.remove(block.bytes);
  }

  AllocatorStats stats() {
    const std::lock_guard lock(mutex_);
    return statistics_.read(0, statistics_.live());
  }

  size_t live() const noexcept { return statistics_.live(); }
  void reset_peak() {
    const std::lock_guard lock(mutex_);
    statistics_.reset_peak();
  }
  void trim_cache(size_t) {}  // nothing is cached

 private:
  std::mutex mutex_;
  Statistics statistics_;
};

#else

class Allocator {
 public:
  Block allocate(size_t bytes) {
    if (bytes > kMaxBytes) throw std::bad_alloc();
    const std::lock_guard lock(mutex_);
    if (bytes <= kMaxSmall) [[likely]] {
      const size_t index = size_class(bytes);
      SmallClass& small = classes_[index];
      const bool hit = !small.free.empty();
      if (!hit) [[unlikely]] {
        cut_slab(index);
      }
      void* ptr = small.free.back();
      small.free.pop_back();
      return account({ptr, class_bytes(index)}, hit);
    }
    const size_t held_before = held();
    const Block block = with_retry([&] { return take_large(bytes); });
    const bool hit = held() == held_before;
    account(block, hit);
    if (!hit) enforce_limit();
    return block;
  }

  void deallocate(Block block) noexcept {
    const std::lock_guard lock(mutex_);
    if (block.bytes <= kMaxSmall) [[likely]] {
      // Cannot throw: room was reserved when the slab was cut.
      classes_[size_class(block.bytes)].free.push_back(block.ptr);
    } else if (block.bytes <= kMaxMedium) {
      medium_.give(block.ptr, block.bytes / kUnit);
    } else {
      huge_.give(block);
    }
    statistics_.remove(block.bytes);
    if (held() - statistics_.live() > check_above_) [[unlikely]] {
      enforce_limit();
    }
  }

  AllocatorStats stats() {
    const std::lock_guard lock(mutex_);
    return statistics_.read(
        held() - statistics_.live(),
        slabs_.reserved_bytes() + medium_.reserved_bytes() + huge_.touched_bytes());
  }

  size_t live() const noexcept { return statistics_.live(); }
  void reset_peak() {
    const std::lock_guard lock(mutex_);
    statistics_.reset_peak();
  }
  void trim_cache(size_t keep) {
    const std::lock_guard lock(mutex_);
    trim(keep);
  }

 private:
  struct SmallClass {
    // The last freed on top. Not linked through the blocks, so that idle memory stays untouched.
    std::vector<void*> free;
    std::vector<std::byte*> slabs;
  };

  // Memory that holds or held data: live + cached.
  size_t held() const {
    return slabs_.touched_bytes() + medium_.touched_bytes() + huge_.touched_bytes();
  }

  Block take_large(size_t bytes) {
    if (bytes > kMaxMedium) return huge_.take(bytes);
    const size_t size = round_up(bytes, kUnit);
    return {medium_.take(size / kUnit), size};
  }

  // Empties the cache and tries once more when the system has no memory left.
  template <class Take>
  Block with_retry(Take take) {
    Block block = take();
    if (block.ptr == nullptr) {
      trim(0);
      block = take();
    }
    if (block.ptr == nullptr) throw std::bad_alloc();
    return block;
  }

  void cut_slab(size_t index) {
    SmallClass& small = classes_[index];
    const size_t count = slab_blocks(index);
    reserve_room(small.slabs, small.slabs.size() + 1);
    reserve_room(small.free, (small.slabs.size() + 1) * count);
    const Block slab = with_retry([&] {
      return Block{slabs_.take(slab_bytes(index) / kUnit), slab_bytes(index)};
    });
    auto* base = static_cast<std::byte*>(slab.ptr);
    small.slabs.push_back(base);
    for (size_t i = count; i-- > 0;) small.free.push_back(base + i * class_bytes(index));
  }

  // Returns slabs without a live block to their segments. Both lists are sorted, lowest address on
  // top: the slab that a block belongs to is then found by merging, and what is handed out next is
  // packed together.
  void collect_slabs() noexcept {
    for (size_t index = 0; index < kClasses; ++index) {
      SmallClass& small = classes_[index];
      std::sort(small.free.begin(), small.free.end(), std::greater<>());
      std::sort(small.slabs.begin(), small.slabs.end(), std::greater<>());
      auto block = small.free.begin();
      auto kept_block = small.free.begin();
      auto kept_slab = small.slabs.begin();
      for (std::byte* slab : small.slabs) {
        const auto first = block;
        while (block != small.free.end() && *block >= slab) ++block;
        if (static_cast<size_t>(block - first) == slab_blocks(index)) {
          slabs_.give(slab, slab_bytes(index) / kUnit);
        } else {
          for (auto it = first; it != block; ++it) *kept_block++ = *it;
          *kept_slab++ = slab;
        }
      }
      small.free.erase(kept_block, small.free.end());
      small.slabs.erase(kept_slab, small.slabs.end());
    }
  }

  void trim(size_t keep) noexcept {
    const auto excess = [&] {
      const size_t cached = held() - statistics_.live();
      return cached > keep ? cached - keep : 0;
    };
    huge_.release(excess());
    medium_.release(excess());
    if (excess() == 0) return;
    collect_slabs();
    slabs_.release(excess());
  }

  Block account(Block block, bool hit) {
    statistics_.add(block.bytes, hit);
    recent_peak_ = std::max(recent_peak_, statistics_.live());
    // Small blocks count as a page each, so that a long run of them closes a window too.
    window_left_ -= static_cast<int64_t>(std::max(block.bytes, 4 * kKiB));
    if (window_left_ < 0) [[unlikely]] {
      next_window();
    }
    return block;
  }

  // A window spans eight times the peak in allocations: enough to contain a whole training step.
  void next_window() {
    previous_peak_ = std::exchange(recent_peak_, statistics_.live());
    window_left_ = static_cast<int64_t>(8 * std::max(previous_peak_, kFreeCache));
    check_above_ = kFreeCache;
    enforce_limit();
  }

  // The rule of what may stay cached: 256 MiB, or what keeps live + cached within 5/4 of the recent
  // peak of live.
  void enforce_limit() noexcept {
    const size_t live = statistics_.live();
    const size_t peak = std::max(recent_peak_, previous_peak_);
    const size_t limit = std::max(kFreeCache, peak + peak / 4 - live);
    if (held() - live <= limit) return;
    trim(limit - limit / 8);
    // What could not go is scattered between live blocks: look again only after the cache has grown
    // some more.
    check_above_ = std::max(kFreeCache, held() - live + kFreeCache / 4);
  }

  std::mutex mutex_;
  Statistics statistics_;
  std::array<SmallClass, kClasses> classes_;
  SegmentPool slabs_;
  SegmentPool medium_;
  HugePool huge_;
  size_t recent_peak_ = 0;  // of live bytes, in this window and the one before
  size_t previous_peak_ = 0;
  int64_t window_left_ = static_cast<int64_t>(8 * kFreeCache);
  size_t check_above_ = kFreeCache;
};

#endif

// Never destroyed: threads may still free tensors while the process exits.
Allocator& allocator() {
  static Allocator* const instance = new Allocator;
  return *instance;
}

}  // namespace

Block allocate(size_t bytes) { return allocator().allocate(bytes); }

void deallocate(Block block) noexcept {
  if (block.ptr != nullptr) allocator().deallocate(block);
}

AllocatorStats allocator_stats() { return allocator().stats(); }

size_t live_bytes() noexcept { return allocator().live(); }

void reset_peak() { allocator().reset_peak(); }

void trim_cache(size_t keep_bytes) { allocator().trim_cache(keep_bytes); }

}  // namespace flambeau
