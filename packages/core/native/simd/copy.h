// Loops that move elements: conversion between types, strided copies, fills, transposes, and stores
// that go past the caches.
#pragma once

#include "types.h"

namespace flambeau {

struct CopyTable {
  // convert[from][to], operands {to, from}. A float becomes a bool by `!= 0` and an integer by
  // dropping its fraction. What the integer type cannot hold becomes its smallest value (int32,
  // int64) as on x86; the narrower ones take the low bits of the int32 conversion. Integers wrap.
  // Everything becomes a 16-bit float by way of float.
  Loop convert[kLoopTypes][kLoopTypes];

  // to[i] = *value for n elements of `item` bytes (1, 2, 4 or 8), `stride` bytes apart.
  void (*fill)(char* to, int64_t stride, const char* value, int64_t item, int64_t n);

  // to[r · to_stride + c · item] = from[c · from_stride + r · item] for r < rows and c < columns,
  // items of 1, 2, 4 or 8 bytes, strides in bytes. No overlap.
  void (*transpose)(char* to, int64_t to_stride, const char* from, int64_t from_stride,
                    int64_t rows, int64_t columns, int64_t item);

  // Copies `count` runs of `bytes` bytes (64 at least), to_stride and from_stride bytes apart. No
  // overlap.
  void (*runs)(char* to, int64_t to_stride, const char* from, int64_t from_stride, int64_t count,
               int64_t bytes);

  // memcpy without overlap whose stores do not read or keep the lines they write. The caller ends
  // a series of them with fence().
  void (*stream)(char* to, const char* from, int64_t bytes);
  void (*fence)();
};

}  // namespace flambeau
