// A dense tensor as lines along one of its axes, for kernels that go along them step by step.
#pragma once

#include <algorithm>

#include "dense_lines.h"
#include "kernel.h"
#include "parallel.h"
#include "reduce_scan.h"

namespace flambeau {

struct Lines : DenseLines {
  int64_t tiles = 0;  // of up to kScanColumns in `inner`

  Lines(const Tensor& x, int64_t axis)
      : DenseLines(x, axis), tiles((inner - 1) / kScanColumns + 1) {}

  // body(offset of the first element, width) for all tiles, in parallel.
  template <class Body>
  void for_all(const Body& body) const {
    const int64_t width = std::min(inner, kScanColumns);
    constexpr int64_t kElements = 32768;
    const int64_t grain = std::max<int64_t>(1, kElements / std::max<int64_t>(1, n * width));
    parallel_for(outer * tiles, grain, [&](int64_t begin, int64_t end) {
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t first = unit % tiles * kScanColumns;
        body(unit / tiles * n * inner + first, std::min(kScanColumns, inner - first));
      }
    });
  }
};

}  // namespace flambeau
