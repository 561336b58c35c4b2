// Memory of one device, cached: freed blocks are handed out again to later work of the same stream,
// without a call of the driver and without waiting, since a stream does its work in order.
//
// Requests are rounded up to 512 bytes. Up to 1 MB they are cut from segments of 2 MB; below 10 MB
// from segments of 20 MB; above, each has a segment of its own, rounded up to 2 MB. The smallest
// block that is large enough is taken, and cut where much would be left; neighbours that are free
// become one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "block_table.h"

namespace flambeau::cuda {

// A stream, as the allocator sees it: a name.
using StreamName = const void*;
// A point in the work of a stream; the driver's own.
using Mark = void*;
// Memory that a captured graph works with; 0 is what everything else has.
using PoolId = uint64_t;

// The calls of the driver that the allocator makes; tests bring a driver of their own.
class MemoryDriver {
 public:
  virtual ~MemoryDriver() = default;
  virtual void* allocate(size_t bytes) = 0;  // null where memory is short
  virtual void release(void* data) = 0;      // waits for the work that uses it
  virtual size_t total_bytes() = 0;
  virtual size_t free_bytes() = 0;
  virtual Mark mark(StreamName stream) = 0;
  virtual bool is_past(Mark mark) = 0;
  virtual void wait(Mark mark) = 0;
  virtual void forget(Mark mark) = 0;
};

// Something that goes up and down.
struct Gauge {
  int64_t current = 0, peak = 0, added = 0, removed = 0;
  void add(int64_t amount) {
    current += amount;
    added += amount;
    if (current > peak) peak = current;
  }
  void remove(int64_t amount) {
    current -= amount;
    removed += amount;
  }
};

struct MemoryStats {
  Gauge allocated_bytes;  // handed out
  Gauge requested_bytes;  // the same before rounding
  Gauge active_bytes;     // handed out, or given back while another stream may still use it
  Gauge reserved_bytes;   // taken from the driver
  Gauge split_bytes;      // free parts of segments that are partly in use
  Gauge allocations;
  Gauge segments;
  Gauge small_allocations, large_allocations;
  Gauge small_segments, large_segments;
  int64_t retries = 0;        // requests for which cached memory was given back to the driver first
  int64_t out_of_memory = 0;  // requests that failed
  int64_t limit_bytes = 0;
  int64_t total_bytes = 0;
};

// There is no room for `bytes` more.
struct OutOfMemory {
  size_t bytes;
  std::string text;
};

class Allocator {
 public:
  static constexpr size_t kGranule = 512;
  static constexpr size_t kSmallMost = size_t{1} << 20;
  static constexpr size_t kSmallSegment = size_t{2} << 20;
  static constexpr size_t kLargeSegment = size_t{20} << 20;
  static constexpr size_t kOwnSegment = size_t{10} << 20;  // from this size on
  static constexpr size_t kSegmentGranule = size_t{2} << 20;

  Allocator(std::unique_ptr<MemoryDriver> driver, std::string name);
  ~Allocator();
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  // Memory for work on `stream`, aligned to 512 bytes; null for none. Throws OutOfMemory.
  void* allocate(size_t bytes, StreamName stream) { return allocate(bytes, stream, false); }
  // The same outside of any pool, and so of memory that earlier work of a graph writes to.
  void* allocate_outside(size_t bytes, StreamName stream) { return allocate(bytes, stream, true); }
  // Gives back what allocate gave. Work that was put on its stream may still use it.
  void deallocate(void* data);
  // Work on another stream than that of the allocation uses the memory around `data`.
  void record_use(const void* data, StreamName stream);

  // Returns what is not in use to the driver.
  void empty_cache();
  // At most so many bytes are taken from the driver; SIZE_MAX: what there is.
  void set_limit(size_t bytes);
  size_t total_bytes() { return driver_->total_bytes(); }
  MemoryStats stats();
  void reset_peaks();

  // What the calling thread allocates from now on comes from a pool of its own, which nobody else
  // gets, until end_pool. Memory of such a pool stays as it is until release_pool: a graph uses it
  // at each replay.
  PoolId begin_pool();
  void end_pool(PoolId pool);
  void release_pool(PoolId pool);
  // A graph with this pool will use memory around `data`, which lies outside of it: where it is
  // given back earlier, it stays taken until release_pool.
  void hold(const void* data, PoolId pool);

  // For tests: throws std::logic_error where blocks overlap, leave gaps, or were not joined.
  void verify();

 private:
  struct Segment;
  struct Pool;
  struct Block;
  // By stream, then size, then address.
  struct Smaller {
    bool operator()(const Block* a, const Block* b) const;
  };
  using FreeBlocks = std::set<Block*, Smaller>;
  struct Block {
    char* data;
    size_t bytes;
    size_t asked = 0;
    StreamName stream;
    Segment* segment;
    Block* previous = nullptr;  // neighbours in the segment
    Block* next = nullptr;
    bool used = false;                   // handed out, or not yet free again
    std::vector<StreamName> users = {};  // other streams
    std::vector<PoolId> holders = {};
    int marks = 0;                     // points that must be passed before it is free
    FreeBlocks::iterator listed = {};  // of a free one: where it is among the free ones
  };
  struct Pool {
    PoolId id = 0;
    FreeBlocks small, large;
    int64_t segments = 0;
    bool released = false;
  };
  struct Segment {
    char* data;
    size_t bytes;
    StreamName stream;
    Pool* pool;
    bool is_small;
    Block* first;
  };
  struct Capture {
    std::thread::id thread;
    Pool* pool;
  };

  void* allocate(size_t bytes, StreamName stream, bool outside);
  FreeBlocks& free_blocks(const Segment& segment);
  Pool& pool_for_this_thread();
  Block* find_free(Pool& pool, bool is_small, size_t bytes, StreamName stream);
  Block* new_segment(Pool& pool, bool is_small, size_t bytes, StreamName stream);
  Block* take(Block* free, size_t bytes);
  void give_back(Block* block);
  void make_free(Block* block);
  Block* new_block(char* data, size_t bytes, Segment* segment);
  void drop_block(Block* block);
  void list(Block* block);
  void unlist(Block* block);
  void relist(Block* block);
  void count_split(const Block* block, bool adds);
  void pass_marks(bool wait);
  void mark_users(Block* block);
  void release_free_segments(Pool& pool);
  void release_segment(Segment* segment);
  void release_unused();
  Block* block_around(const void* data);
  [[noreturn]] void fail(size_t bytes);

  std::unique_ptr<MemoryDriver> driver_;
  std::string name_;
  std::mutex mutex_;
  size_t limit_;
  MemoryStats stats_;
  Pool main_;
  std::map<PoolId, std::unique_ptr<Pool>> pools_;
  PoolId next_pool_ = 1;
  std::vector<Capture> captures_;
  BlockTable<Block> live_;
  std::map<const char*, std::unique_ptr<Segment>> segments_;
  std::vector<std::pair<Mark, Block*>> waiting_;
  std::vector<Block*> after_capture_;           // given back meanwhile, with uses on other streams
  std::map<PoolId, std::vector<Block*>> held_;  // given back, but a graph uses it
  // To be used again, since most allocations and most releases need one.
  std::vector<std::unique_ptr<Block>> spare_blocks_;
  std::vector<FreeBlocks::node_type> spare_nodes_;
};

inline bool Allocator::Smaller::operator()(const Block* a, const Block* b) const {
  const std::less<const void*> before;
  if (a->stream != b->stream) return before(a->stream, b->stream);
  if (a->bytes != b->bytes) return a->bytes < b->bytes;
  return before(a->data, b->data);
}

}  // namespace flambeau::cuda
