// Segments of 64 MiB, cut into chunks of whole units: best fit, split, coalesce. Part of the
// allocator.
#pragma once

#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "memory_pages.h"

namespace flambeau::allocation {

inline constexpr size_t kUnit = 64 * kKiB;  // granularity of what is cut from a segment
inline constexpr size_t kSegment = 64 * kMiB;
inline constexpr size_t kUnits = kSegment / kUnit;
inline constexpr size_t kUnitsPerPage = kHugePage / kUnit;

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

}  // namespace flambeau::allocation
