#include "shadow.h"

#include <link.h>
#include <sys/mman.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <new>
#include <set>
#include <string>
#include <utility>

#include "../execution.h"
#include "../state.h"
#include "../warp.h"
#include "order.h"
#include "places.h"
#include "watch.h"

namespace flambeau::cuda::emulation::watch {
namespace {

constexpr int kMaxRegions = 80;
Region regions[kMaxRegions];
int region_count = 0;

void* reserve(size_t bytes) {
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

// One access: whose, and where in the code.
struct Mark {
  uint32_t segment = 0;  // 0: there is none
  uint32_t place = 0;
};

// Of a word of 4 bytes, or of one byte of it. Since the last write there are reads, or atomics: the
// last one, the lanes of its warp that have done some since that was ordered, and one of another
// warp or block, if there is one. That is enough to find a race, if there is any: whoever must come
// after all of them must come after these.
struct Cell {
  uint32_t tag = 0;          // of the launch, or the block; of another one: there was no access
  bool split : 1 = false;    // `lanes` is the number of the cells of its bytes
  bool atomics : 1 = false;  // else reads
  uint32_t lanes = 0;
  Mark write, last, other;
};
static_assert(sizeof(Cell) <= 40);

using Bytes = std::array<Cell, 4>;
// Cells of bytes, of memory of devices and of shared memory.
std::deque<Bytes> pools[2];
uint32_t used[2];
uint32_t tags[2];
uint32_t last_tag = 0;

uint32_t lane_bit(int thread) { return 1u << thread % 32; }

// --- failures ---

const bool goes_on = [] {
  const char* const value = std::getenv("FLAMBEAU_EMULATED_RACES");
  return value && std::strcmp(value, "print") == 0;
}();

std::string thread_name(uint32_t thread) {
  const auto part = [](uint32_t x) { return std::to_string(x); };
  return "thread (" + part(thread % blockDim.x) + ", " + part(thread / blockDim.x % blockDim.y) +
         ", " + part(thread / (blockDim.x * blockDim.y)) + ")";
}
std::string block_name(uint32_t block) {
  const auto part = [](uint32_t x) { return std::to_string(x); };
  return "block (" + part(block % gridDim.x) + ", " + part(block / gridDim.x % gridDim.y) + ", " +
         part(block / gridDim.x / gridDim.y) + ")";
}

const char* now(Access access) {
  switch (access) {
    case Access::kRead:
    case Access::kWeakRead: return "reads";
    case Access::kAtomic: return "does an atomic on";
    case Access::kBeginCopy: return "begins a copy to";
    default: return "writes";
  }
}

struct Current {
  const Region& region;
  Access access;
  uint32_t segment;
  uint32_t place;
};

// Races that were printed, where a launch goes on in spite of them.
std::set<std::pair<uint32_t, uint32_t>> printed;

void race(const Current& current, const Mark& earlier, const char* did) {
  if (goes_on && !printed.insert({current.place, earlier.place}).second) return;
  const Segment& before = order::segment(earlier.segment);
  const bool here = order::is_of_this_block(before);
  const bool near = order::is_near(before);
  const std::string reason =
      std::string("a race in ") +
      (current.region.is_shared ? "shared memory" : "memory of the device") + ": " +
      thread_name(static_cast<uint32_t>(order::running())) + " " + now(current.access) + " at " +
      name_of_place(current.place) + " what " +
      (static_cast<int>(before.thread) == order::running() && here ? "it"
                                                                   : thread_name(before.thread)) +
      (here ? "" : " of " + block_name(before.block)) + " " +
      (before.pending ? "has begun to copy to" : did) + " at " + name_of_place(earlier.place) +
      (before.pending ? "; it has not waited for the copy"
       : !here        ? "; blocks of a launch have no order"
       : near         ? "; there is no __syncwarp() in between"
                      : "; there is no barrier in between");
  if (!goes_on) stop(reason);
  set_failure("the kernel launched at " + place_of(launched_at()) + ": " + reason);
}

// --- cells ---

void check_write(const Cell& cell, const Current& current) {
  const uint32_t segment = cell.write.segment;
  if (segment == 0 || segment == current.segment || order::before(segment)) return;
  if (current.access == Access::kEndCopy) {
    // What it has begun.
    const Segment& begun = order::segment(segment);
    if (begun.pending && order::is_of_this_block(begun) && begun.thread == order::running()) return;
  }
  race(current, cell.write, "wrote");
}

// Are the reads, or atomics, of the cell ordered before what happens now?
void check_others(const Cell& cell, const Current& current) {
  const char* const did = cell.atomics ? "did an atomic on" : "read";
  if (cell.last.segment != 0) {
    const Segment& last = order::segment(cell.last.segment);
    if (!order::before(cell.last.segment)) race(current, cell.last, did);
    if (order::is_near(last) && !order::lanes_before(cell.lanes, last.time))
      race(current, cell.last, did);
  }
  if (cell.other.segment != 0 && !order::before(cell.other.segment)) race(current, cell.other, did);
}

void add(Cell& cell, const Current& current) {
  const uint32_t lane = lane_bit(order::running());
  const Mark mark = {current.segment, current.place};
  if (cell.last.segment == 0) {
    cell.lanes = lane;
  } else {
    const Segment& last = order::segment(cell.last.segment);
    if (order::is_near(last)) {
      const bool is_after = last.time < order::segment(current.segment).time &&
                            order::lanes_before(cell.lanes, last.time);
      cell.lanes = is_after ? lane : cell.lanes | lane;
    } else {
      // One of another block is kept rather than one of this block.
      const bool keeps = cell.other.segment != 0 && !order::before(cell.other.segment) &&
                         !order::is_of_this_block(order::segment(cell.other.segment));
      if (!keeps) cell.other = order::before(cell.last.segment) ? Mark() : cell.last;
      cell.lanes = lane;
    }
  }
  cell.last = mark;
}

void touch(Cell& cell, uint32_t tag, const Current& current) {
  if (cell.tag != tag) {
    cell = Cell();
    cell.tag = tag;
  }
  switch (current.access) {
    case Access::kRead:
      if (cell.last.segment == current.segment && !cell.atomics) return;
      check_write(cell, current);
      if (cell.atomics) {
        check_others(cell, current);
        // They are over, and one of them stands for all.
        cell.write = cell.last;
        cell.last = cell.other = Mark();
        cell.atomics = false;
      }
      add(cell, current);
      return;
    case Access::kWeakRead: check_write(cell, current); return;
    case Access::kAtomic:
      check_write(cell, current);
      if (!cell.atomics) {
        check_others(cell, current);
        cell.last = cell.other = Mark();
        cell.atomics = true;
      }
      add(cell, current);
      return;
    default:
      check_write(cell, current);
      check_others(cell, current);
      cell.write = {current.segment, current.place};
      cell.last = cell.other = Mark();
      cell.atomics = false;
  }
}

Bytes& bytes_of(Cell& cell, uint32_t tag, bool is_shared) {
  if (cell.tag != tag) {
    cell = Cell();
    cell.tag = tag;
  }
  std::deque<Bytes>& pool = pools[is_shared];
  if (!cell.split) {
    const uint32_t number = used[is_shared]++;
    if (number == pool.size()) pool.emplace_back();
    pool[number].fill(cell);
    cell.split = true;
    cell.lanes = number;
  }
  return pool[cell.lanes];
}

// The addon's, or the program's, own writable data: static and dynamic shared memory is there.
int find_data(dl_phdr_info* object, size_t, void*) {
  const auto own = reinterpret_cast<uintptr_t>(&threadIdx);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = object->dlpi_phdr[i];
    const uintptr_t first = object->dlpi_addr + part.p_vaddr;
    if (part.p_type != PT_LOAD || own < first || own >= first + part.p_memsz) continue;
    const uintptr_t start = first & ~uintptr_t{3};
    regions[region_count++] = {reinterpret_cast<const char*>(start), first + part.p_memsz - start,
                               true, reserve((part.p_memsz / 4 + 2) * sizeof(Cell))};
    return 1;
  }
  return 0;
}

bool is_index(const void* place) {
  const auto within = [place](const auto& one) {
    const char* const first = reinterpret_cast<const char*>(&one);
    return place >= first && place < first + sizeof one;
  };
  return within(threadIdx) || within(blockIdx) || within(blockDim) || within(gridDim);
}

}  // namespace

void add_memory(const void* data, size_t bytes) {
  if (region_count < kMaxRegions)
    regions[region_count++] = {static_cast<const char*>(data), bytes, false,
                               reserve((bytes / 4 + 2) * sizeof(Cell))};
}

const Region* region_of(const void* place) {
  const char* const data = static_cast<const char*>(place);
  for (int i = 0; i < region_count; ++i) {
    const Region& region = regions[i];
    if (data >= region.data && data < region.data + region.bytes)
      return region.is_shared && is_index(place) ? nullptr : &region;
  }
  return nullptr;
}

namespace shadow {

void begin_launch() {
  static const int found = dl_iterate_phdr(find_data, nullptr);
  static_cast<void>(found);
  tags[0] = ++last_tag;
  used[0] = 0;
}

void begin_block() {
  tags[1] = ++last_tag;
  used[1] = 0;
}

void access(const Region& region, const void* place, size_t bytes, Access access, uint32_t caller) {
  const char* data = static_cast<const char*>(place);
  const uint32_t tag = tags[region.is_shared];
  const Current current = {
      region, access, access == Access::kBeginCopy ? order::pending() : order::current(), caller};
  Cell* const cells = static_cast<Cell*>(region.cells);
  size_t at = static_cast<size_t>(data - region.data);
  const size_t end = at + bytes;
  while (at < end) {
    Cell& cell = cells[at / 4];
    const bool is_split = cell.tag == tag && cell.split;
    if (at % 4 == 0 && end - at >= 4 && !is_split) {
      touch(cell, tag, current);
      at += 4;
      continue;
    }
    Bytes& parts = bytes_of(cell, tag, region.is_shared);
    do {
      touch(parts[at % 4], tag, current);
      ++at;
    } while (at < end && at % 4 != 0);
  }
}

}  // namespace shadow
}  // namespace flambeau::cuda::emulation::watch
