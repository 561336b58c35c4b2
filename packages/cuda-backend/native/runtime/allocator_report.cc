// What the allocator says of itself: statistics, why there is no room, whether
// its books are right.
#include <cstdio>
#include <stdexcept>

#include "allocator.h"

namespace flambeau::cuda {

MemoryStats Allocator::stats() {
  const std::lock_guard lock(mutex_);
  MemoryStats result = stats_;
  result.total_bytes = static_cast<int64_t>(driver_->total_bytes());
  result.limit_bytes = limit_ == SIZE_MAX ? result.total_bytes : static_cast<int64_t>(limit_);
  return result;
}

void Allocator::reset_peaks() {
  const std::lock_guard lock(mutex_);
  for (Gauge* gauge : {&stats_.allocated_bytes, &stats_.requested_bytes, &stats_.active_bytes,
                       &stats_.reserved_bytes, &stats_.split_bytes, &stats_.allocations,
                       &stats_.segments, &stats_.small_allocations, &stats_.large_allocations,
                       &stats_.small_segments, &stats_.large_segments})
    gauge->peak = gauge->current;
}

namespace {

std::string readable(size_t bytes) {
  const char* const units[] = {"B", "KB", "MB", "GB", "TB"};
  int unit = 0;
  double value = static_cast<double>(bytes);
  while (value >= 1024 && unit < 4) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, value >= 100 || unit == 0 ? "%.0f %s" : "%.1f %s", value,
                units[unit]);
  return text;
}

}  // namespace

void Allocator::fail(size_t bytes) {
  ++stats_.out_of_memory;
  const size_t reserved = static_cast<size_t>(stats_.reserved_bytes.current);
  const size_t live = static_cast<size_t>(stats_.allocated_bytes.current);
  std::string text = name_ + " has no room for " + readable(bytes) + " more: of its " +
                     readable(driver_->total_bytes()) + ", " + readable(driver_->free_bytes()) +
                     " are free, and " + readable(live) +
                     " are in tensors of this process, which " + "has reserved " +
                     readable(reserved);
  if (limit_ != SIZE_MAX) text += " of the " + readable(limit_) + " that it may";
  throw OutOfMemory{bytes, text};
}

void Allocator::verify() {
  const std::lock_guard lock(mutex_);
  const auto demand = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  size_t reserved = 0, active = 0, free_count = 0, split = 0;
  for (auto& [data, segment] : segments_) {
    reserved += segment->bytes;
    const char* end = segment->data;
    for (Block* block = segment->first; block; block = block->next) {
      demand(block->data == end, "a block does not begin where the one before it ends");
      demand(block->bytes > 0 && block->bytes % kGranule == 0, "a block has an odd size");
      demand(!block->next || block->next->previous == block, "neighbours disagree");
      demand(block->used || !block->next || block->next->used, "free neighbours were not joined");
      end += block->bytes;
      if (block->used) {
        active += block->bytes;
        continue;
      }
      ++free_count;
      if (block->previous || block->next) split += block->bytes;
      demand(free_blocks(*segment).count(block) == 1, "a free block is not among the free ones");
    }
    demand(end == segment->data + segment->bytes, "blocks do not fill their segment");
  }
  size_t listed = main_.small.size() + main_.large.size();
  for (auto& [id, pool] : pools_) listed += pool->small.size() + pool->large.size();
  demand(listed == free_count, "the free blocks are not those of the segments");
  demand(reserved == static_cast<size_t>(stats_.reserved_bytes.current),
         "reserved bytes are wrong");
  demand(active == static_cast<size_t>(stats_.active_bytes.current), "active bytes are wrong");
  demand(split == static_cast<size_t>(stats_.split_bytes.current), "split bytes are wrong");
}

}  // namespace flambeau::cuda
