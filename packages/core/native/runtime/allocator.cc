#include "allocator.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace flambeau {
namespace {

constexpr size_t kKiB = 1024;
constexpr size_t kMiB = 1024 * kKiB;
constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = 2 * kMiB;
constexpr size_t kUnit = 64 * kKiB;  // granularity of what is cut from a segment
constexpr size_t kSegment = 64 * kMiB;
constexpr size_t kUnits = kSegment / kUnit;
constexpr size_t kUnitsPerPage = kHugePage / kUnit;
constexpr size_t kMaxSmall = 896 * kKiB;  // larger: chunks of segments
constexpr size_t kMaxMedium = 16 * kMiB;  // larger: a mapping of its own
constexpr size_t kMaxBytes = size_t{1} << 47;
constexpr size_t kFreeCache = 64 * kMiB;  // this much may always be cached

constexpr size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

// Makes room for `size` elements, growing geometrically, so that later push_backs cannot throw.
template <class T>
void reserve_room(std::vector<T>& list, size_t size) {
  if (size > list.capacity()) list.reserve(std::max(size, 2 * list.capacity()));
}

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
// The operating system.

void unmap_pages(void* ptr, size_t bytes) noexcept {
  // munmap can fail only when the kernel is out of mapping slots; the address space is lost then,
  // the memory is not.
  if (bytes != 0 && munmap(ptr, bytes) != 0) madvise(ptr, bytes, MADV_DONTNEED);
}

// Maps `bytes` (a multiple of 2 MiB), aligned to 2 MiB and asking for huge pages; nullptr if the
// system refuses.
std::byte* map_pages(size_t bytes) noexcept {
  const size_t span = bytes + kHugePage;
  void* raw = mmap(nullptr, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  auto* start = static_cast<std::byte*>(raw);
  const size_t head =
      round_up(reinterpret_cast<uintptr_t>(raw), kHugePage) - reinterpret_cast<uintptr_t>(raw);
  unmap_pages(start, head);
  unmap_pages(start + head + bytes, kHugePage - head);
#ifdef MADV_HUGEPAGE
  madvise(start + head, bytes, MADV_HUGEPAGE);  // only advice: without huge pages all still works
#endif
  return start + head;
}

// -------------------------------------------------------------------------------------------------
// Segments of 64 MiB, cut into chunks of whole units: best fit, split, coalesce.

struct Segment;

// State of the chunk that begins at a unit. The last unit of a chunk knows where it begins.
struct Chunk {
  Segment* segment = nullptr;
  Chunk* previous = nullptr;  // neighbours in the bin, free chunks only
  Chunk* next = nullptr;
  uint16_t units = 0;
  uint16_t first = 0;
  bool free = false;
};

struct Segment {
  std::byte* base;
  uint32_t touched = 0;  // a bit per 2 MiB page: in use since it was last given back
  std::array<Chunk, kUnits> chunks;
};
static_assert(kUnits / kUnitsPerPage == 32);

class SegmentPool {
 public:
  size_t touched_bytes() const { return touched_bytes_; }
  size_t reserved_bytes() const { return segments_.size() * kSegment; }

  // Returns `units` units, or nullptr if the system refuses another segment. Throws std::bad_alloc
  // without effect.
  void* take(size_t units) {
    Chunk* chunk = best_fit(units);
    if (chunk == nullptr) chunk = grow();
    if (chunk == nullptr) return nullptr;
    unlink(chunk);
    Segment& segment = *chunk->segment;
    const size_t first = index_of(chunk);
    const size_t rest = chunk->units - units;
    set_extent(segment, first, units);
    chunk->free = false;
    if (rest != 0) link(set_extent(segment, first + units, rest));
    const uint32_t pages =
        page_mask(first / kUnitsPerPage, (first + units - 1) / kUnitsPerPage + 1);
    touched_bytes_ += std::popcount(pages & ~segment.touched) * kHugePage;
    segment.touched |= pages;
    return segment.base + first * kUnit;
  }

  void give(void* ptr, size_t units) noexcept {
    Chunk* chunk = find(ptr);
    if (chunk == nullptr || chunk->free || chunk->units != units) {
      std::fputs("flambeau: allocator: a block was freed twice or its size was overwritten\n",
                 stderr);
      std::abort();
    }
    Segment& segment = *chunk->segment;
    size_t first = index_of(chunk);
    size_t end = first + units;
    if (end < kUnits && segment.chunks[end].free) {
      unlink(&segment.chunks[end]);
      end += std::exchange(segment.chunks[end].units, uint16_t{0});
    }
    chunk->units = 0;  // freed once more, it is not mistaken for a live chunk
    if (first > 0 && segment.chunks[segment.chunks[first - 1].first].free) {
      first = segment.chunks[first - 1].first;
      unlink(&segment.chunks[first]);
    }
    link(set_extent(segment, first, end - first));
  }

  // Gives free memory back until `goal` bytes are gone or nothing more can go: first segments
  // without a live chunk, then free pages elsewhere.
  void release(size_t goal) noexcept {
    const size_t target = touched_bytes_ > goal ? touched_bytes_ - goal : 0;
    for (size_t i = segments_.size(); i-- > 0 && touched_bytes_ > target;) {
      Segment& segment = *segments_[i];
      if (!segment.chunks[0].free || segment.chunks[0].units != kUnits) continue;
      unlink(&segment.chunks[0]);
      touched_bytes_ -= std::popcount(segment.touched) * kHugePage;
      unmap_pages(segment.base, kSegment);
      segments_.erase(segments_.begin() + static_cast<ptrdiff_t>(i));
    }
    for (size_t i = segments_.size(); i-- > 0 && touched_bytes_ > target;) {
      release_pages(*segments_[i]);
    }
  }

 private:
  static size_t index_of(const Chunk* chunk) {
    return static_cast<size_t>(chunk - chunk->segment->chunks.data());
  }

  // Bits [begin, end) of a segment's page map.
  static uint32_t page_mask(size_t begin, size_t end) {
    if (begin >= end) return 0;
    return static_cast<uint32_t>((uint64_t{1} << end) - (uint64_t{1} << begin));
  }

  static Chunk* set_extent(Segment& segment, size_t first, size_t units) {
    Chunk& chunk = segment.chunks[first];
    chunk.units = static_cast<uint16_t>(units);
    chunk.first = static_cast<uint16_t>(first);
    segment.chunks[first + units - 1].first = static_cast<uint16_t>(first);
    return &chunk;
  }

  void link(Chunk* chunk) {
    chunk->free = true;
    chunk->previous = nullptr;
    chunk->next = bins_[chunk->units];
    if (chunk->next != nullptr) chunk->next->previous = chunk;
    bins_[chunk->units] = chunk;
    occupied_[chunk->units / 64] |= uint64_t{1} << chunk->units % 64;
  }

  void unlink(Chunk* chunk) {
    chunk->free = false;
    if (chunk->next != nullptr) chunk->next->previous = chunk->previous;
    if (chunk->previous != nullptr) {
      chunk->previous->next = chunk->next;
    } else {
      bins_[chunk->units] = chunk->next;
      if (chunk->next == nullptr) {
        occupied_[chunk->units / 64] &= ~(uint64_t{1} << chunk->units % 64);
      }
    }
  }

  Chunk* best_fit(size_t units) const {
    uint64_t word = occupied_[units / 64] >> units % 64 << units % 64;
    for (size_t i = units / 64;;) {
      if (word != 0) return bins_[i * 64 + static_cast<size_t>(std::countr_zero(word))];
      if (++i == occupied_.size()) return nullptr;
      word = occupied_[i];
    }
  }

  Chunk* grow() {
    auto segment = std::make_unique<Segment>();
    reserve_room(segments_, segments_.size() + 1);
    segment->base = map_pages(kSegment);
    if (segment->base == nullptr) return nullptr;
    for (Chunk& chunk : segment->chunks) chunk.segment = segment.get();
    Chunk* whole = set_extent(*segment, 0, kUnits);
    link(whole);
    const auto place = std::upper_bound(segments_.begin(), segments_.end(), segment->base, below);
    segments_.insert(place, std::move(segment));
    return whole;
  }

  Chunk* find(const void* ptr) const {
    const auto* address = static_cast<const std::byte*>(ptr);
    const auto after = std::upper_bound(segments_.begin(), segments_.end(), address, below);
    if (after == segments_.begin()) return nullptr;
    Segment& segment = **(after - 1);
    const auto offset = static_cast<size_t>(address - segment.base);
    if (offset >= kSegment || offset % kUnit != 0) return nullptr;
    return &segment.chunks[offset / kUnit];
  }

  void release_pages(Segment& segment) {
    for (size_t i = 0; i < kUnits; i += segment.chunks[i].units) {
      if (!segment.chunks[i].free) continue;
      const size_t begin = round_up(i, kUnitsPerPage) / kUnitsPerPage;
      const size_t end = (i + segment.chunks[i].units) / kUnitsPerPage;
      const uint32_t pages = page_mask(begin, end) & segment.touched;
      if (pages == 0) continue;
      madvise(segment.base + begin * kHugePage, (end - begin) * kHugePage, MADV_DONTNEED);
      segment.touched &= ~pages;
      touched_bytes_ -= std::popcount(pages) * kHugePage;
    }
  }

  static bool below(const std::byte* address, const std::unique_ptr<Segment>& segment) {
    return address < segment->base;
  }

  std::vector<std::unique_ptr<Segment>> segments_;  // by address
  std::array<Chunk*, kUnits + 1> bins_{};           // free chunks by length, the last freed first
  std::array<uint64_t, kUnits / 64 + 1> occupied_{};
  size_t touched_bytes_ = 0;
};

// -------------------------------------------------------------------------------------------------
// Blocks above 16 MiB, cut from mappings of whole 2 MiB pages; free ones are kept oldest first.

class HugePool {
 public:
  size_t touched_bytes() const { return mapped_bytes_; }

  // Returns the best fit among the free blocks, cut to size, or a fresh mapping, or an empty Block
  // if the system refuses.
  Block take(size_t bytes) {
    const size_t size = round_up(bytes, kHugePage);
    reserve_room(free_, blocks_ + 1);  // so that give() cannot throw
    auto best = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it) {
      if (it->bytes < size) continue;
      if (best == free_.end() || it->bytes <= best->bytes) best = it;
    }
    if (best != free_.end()) {
      const Block block = {best->ptr, size};
      if (best->bytes == size) {
        free_.erase(best);
      } else {
        best->ptr = static_cast<std::byte*>(best->ptr) + size;
        best->bytes -= size;
        ++blocks_;
      }
      return block;
    }
    std::byte* ptr = map_pages(size);
    if (ptr == nullptr) return {};
    ++blocks_;
    mapped_bytes_ += size;
    return {ptr, size};
  }

  // Takes a block back, and joins it with its neighbours.
  void give(Block block) noexcept {
    for (size_t i = free_.size(); i-- > 0;) {
      if (end_of(free_[i]) == block.ptr) {
        block.ptr = free_[i].ptr;
      } else if (free_[i].ptr != end_of(block)) {
        continue;
      }
      block.bytes += free_[i].bytes;
      free_.erase(free_.begin() + static_cast<ptrdiff_t>(i));
      --blocks_;
    }
    free_.push_back(block);
  }

  // Unmaps what is longest unused until `goal` bytes are gone or nothing is left.
  void release(size_t goal) noexcept {
    size_t released = 0;
    auto it = free_.begin();
    for (; it != free_.end() && released < goal; ++it) {
      unmap_pages(it->ptr, it->bytes);
      released += it->bytes;
      --blocks_;
    }
    free_.erase(free_.begin(), it);
    mapped_bytes_ -= released;
  }

 private:
  static void* end_of(const Block& block) {
    return static_cast<std::byte*>(block.ptr) + block.bytes;
  }

  std::vector<Block> free_;
  size_t blocks_ = 0;  // free and handed out
  size_t mapped_bytes_ = 0;
};

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
