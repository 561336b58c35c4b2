// The types that CUDA C++ adds: extents, and vectors that load and store as one.
#pragma once

#include <cstdint>

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr dim3(unsigned width = 1, unsigned height = 1, unsigned depth = 1)
      : x(width), y(height), z(depth) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr dim3(uint3 extent) : x(extent.x), y(extent.y), z(extent.z) {}
};

#define FLAMBEAU_VECTOR_TYPES(Name, Scalar, Align2, Align4)                         \
  struct Name##1 {                                                                  \
    Scalar x;                                                                       \
  };                                                                                \
  struct alignas(Align2) Name##2 {                                                  \
    Scalar x, y;                                                                    \
  };                                                                                \
  struct Name##3 {                                                                  \
    Scalar x, y, z;                                                                 \
  };                                                                                \
  struct alignas(Align4) Name##4 {                                                  \
    Scalar x, y, z, w;                                                              \
  };                                                                                \
  inline Name##1 make_##Name##1(Scalar x) { return {x}; }                           \
  inline Name##2 make_##Name##2(Scalar x, Scalar y) { return {x, y}; }              \
  inline Name##3 make_##Name##3(Scalar x, Scalar y, Scalar z) { return {x, y, z}; } \
  inline Name##4 make_##Name##4(Scalar x, Scalar y, Scalar z, Scalar w) { return {x, y, z, w}; }

FLAMBEAU_VECTOR_TYPES(char, signed char, 2, 4)
FLAMBEAU_VECTOR_TYPES(uchar, unsigned char, 2, 4)
FLAMBEAU_VECTOR_TYPES(short, short, 4, 8)
FLAMBEAU_VECTOR_TYPES(ushort, unsigned short, 4, 8)
FLAMBEAU_VECTOR_TYPES(int, int, 8, 16)
FLAMBEAU_VECTOR_TYPES(float, float, 8, 16)
FLAMBEAU_VECTOR_TYPES(double, double, 16, 16)
FLAMBEAU_VECTOR_TYPES(longlong, long long, 16, 16)
FLAMBEAU_VECTOR_TYPES(ulonglong, unsigned long long, 16, 16)
#undef FLAMBEAU_VECTOR_TYPES

struct uint1 {
  unsigned x;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
inline uint1 make_uint1(unsigned x) { return {x}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
