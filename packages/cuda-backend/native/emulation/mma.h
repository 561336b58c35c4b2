// Products of tensor cores and copies that run beside the program, on the processor. What lanes
// hold is laid out as the documentation of PTX says; runtime/tensor_cores.h repeats it.
#pragma once

#include <cstdint>
#include <source_location>

namespace flambeau::cuda::emulation {

// What a lane brings to a product of 16 × 16 and 16 × 8 numbers.
struct ProductShare {
  float (&d)[4];
  const uint32_t (&a)[4];
  uint32_t b0, b1;
  bool bfloat16;  // else float16
};
void multiply_add(const ProductShare& share,
                  std::source_location at = std::source_location::current());

// What a lane brings to a load of four matrices of 8 × 8 numbers.
struct MatrixShare {
  uint32_t (&words)[4];
  const void* row;
  bool transposed;
};
void load_matrices(const MatrixShare& share,
                   std::source_location at = std::source_location::current());

// Copies of the running thread: they happen as late as they may, when it waits for them.
void copy_async(void* to, const void* from, int bytes, bool valid,
                std::source_location at = std::source_location::current());
void commit_copies();
void wait_copies(int pending);

// --- for the rest of the emulation ---

// Finishes a product, or a load, for which all 32 lanes have brought their shares.
void finish_product(const ProductShare* const* lanes);
void finish_load(const MatrixShare* const* lanes);
// How many products have been done, by all warps.
uint64_t products();
// Forgets what threads of the last block have not waited for.
void forget_copies();

}  // namespace flambeau::cuda::emulation
