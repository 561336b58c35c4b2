// Large outputs are written past the caches: a plain store first reads the line it writes and then
// evicts something useful to keep it. The values are computed into a buffer of the first-level
// cache and leave it by non-temporal stores (one thread adding 16M floats: see
// docs/decisions/0010-elementwise.md).
#pragma once

#include <algorithm>
#include <cstdint>

#include "copy.h"
#include "isa.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(CopyTable, copy_table)

// Outputs of this many bytes and more are streamed.
inline constexpr int64_t kStreamBytes = int64_t{16} << 20;

// Calls produce(char* to, int64_t begin, int64_t end) for consecutive pieces of [begin, end);
// produce writes elements [begin, end) of `item` bytes to `to`. They end up at out + begin · item.
template <class Produce>
void stream_pieces(char* out, int64_t item, int64_t begin, int64_t end, Produce&& produce) {
  constexpr int64_t kPieceBytes = 4096;
  alignas(64) char buffer[kPieceBytes];
  const CopyTable& table = active::copy_table();
  // The first piece ends at a line of the output, so that all others consist of whole lines.
  const int64_t offset = reinterpret_cast<intptr_t>(out + begin * item) & 63;
  int64_t piece = (kPieceBytes - offset) / item;
  while (begin < end) {
    const int64_t stop = std::min(end, begin + piece);
    produce(buffer, begin, stop);
    table.stream(out + begin * item, buffer, (stop - begin) * item);
    begin = stop;
    piece = kPieceBytes / item;
  }
  table.fence();
}

}  // namespace flambeau
