// Running sums and products.
#pragma once

#include "types.h"

namespace flambeau {

// Columns that `rows` works on at the most.
inline constexpr int64_t kScanColumns = 1024;

// What has been taken in so far is in `carry`, one number of 8 bytes for each row or column: double
// for floats, a wrapping integer for whole numbers. Results are rounded to the element type only
// where they are written.
struct Scan {
  void (*clear)(char* carry, int64_t n);
  // y[i] = carry ∘ x[0] ∘ … ∘ x[i] for i < n; or, backwards, carry ∘ x[n - 1] ∘ … ∘ x[i].
  void (*run)(const char* x, char* y, int64_t n, bool backwards, char* carry);
  // One step in n columns: y[j] = carry[j] = carry[j] ∘ x[j].
  void (*row)(const char* x, char* y, int64_t n, char* carry);
};

// By element type; none for bools.
struct ScanTable {
  Scan sum[kLoopTypes];
  Scan product[kLoopTypes];
};

}  // namespace flambeau
