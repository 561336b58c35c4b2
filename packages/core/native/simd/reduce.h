// What reductions accumulate, one function set per quantity and element type.
//
// An accumulator is one or two numbers. Those of n accumulators lie side by side: the first numbers
// from `acc` on, the second ones `plane` items later.
#pragma once

#include "types.h"

namespace flambeau {

// The most accumulators that `rows` fills at once, and the most elements that it and `run` take.
inline constexpr int64_t kReduceColumns = 1024;
inline constexpr int64_t kReduceBlock = 32768;

struct Reducer {
  int planes = 0;        // numbers of an accumulator
  int item_bytes = 0;    // of each of them
  bool ordered = false;  // must the elements be taken in one after another?

  // Makes n accumulators empty.
  void (*clear)(char* acc, int64_t plane, int64_t n) = nullptr;
  // Accumulator j < n takes in the elements x[r · stride + j] of the rows r < rows, having taken in
  // `before` elements so far. Strides count elements; only power_sum reads `power`.
  void (*rows)(char* acc, int64_t plane, const char* x, int64_t stride, int64_t rows, int64_t n,
               int64_t before, double power) = nullptr;
  // One accumulator takes in x[0 .. n).
  void (*run)(char* acc, int64_t plane, const char* x, int64_t n, int64_t before,
              double power) = nullptr;
  // The same for accumulators j < n, with x starting `pitch` bytes later for each.
  void (*runs)(char* acc, int64_t plane, const char* x, int64_t pitch, int64_t n, int64_t count,
               int64_t before, double power) = nullptr;
  // n accumulators of `before` elements each take in others of `count` elements each.
  void (*combine)(char* acc, int64_t plane, const char* other, int64_t other_plane, int64_t n,
                  int64_t before, int64_t count) = nullptr;
};

// A quantity by element type; without functions where the type is not among those given.
struct ReducerRow {
  Reducer by_type[kLoopTypes];
};

// One number each. Sums of floats are kept in double, those of whole numbers and bools in int64,
// where they wrap.
struct ReduceTable {
  ReducerRow sum;      // Σ x: double or int64
  ReducerRow product;  // Π x: double or int64
  ReducerRow nonzero;  // how many x are not 0: int64
  ReducerRow largest;  // max x, NaN where there is one: the element type, bools as bytes
  ReducerRow smallest;
  // Floats only:
  ReducerRow number_sum;    // Σ x without NaN: double
  ReducerRow square_sum;    // Σ x²: double
  ReducerRow absolute_sum;  // Σ |x|: double
  ReducerRow power_sum;     // Σ |x|^power: double
  ReducerRow abs_largest;   // max |x|: the element type
  ReducerRow abs_smallest;  // min |x|
};

// Two numbers each, in double; floats only.
struct ReducePairTable {
  ReducerRow moments;    // the mean of x, and Σ (x - mean)²
  ReducerRow exponents;  // m = max x, and Σ exp(x - m'), where m' is m, or 0 where m is infinite
};

// An extreme element and its place: the element type and int64, 8 bytes apart for each. Of equal
// elements the first counts; NaN counts as both larger and smaller than all numbers.
struct ReduceIndexTable {
  ReducerRow largest;
  ReducerRow smallest;
};

}  // namespace flambeau
