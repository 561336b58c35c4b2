// Tensor cores: small products of 16-bit floats with sums in float32, and how their operands come
// from shared memory, and to it. All lanes of a warp take part in each of these (but for copies).
//
// A product is d [16, 8] += a [16, 16] · b [16, 8]. A lane holds parts of each; with
// g = lane / 4 and t = lane % 4 these are
//   a: 4 words of two numbers: rows g and g + 8 of columns 2t, 2t + 1, then the same rows of
//      columns 2t + 8, 2t + 9;
//   b: 2 words: rows 2t, 2t + 1 of column g, then rows 2t + 8, 2t + 9;
//   d: 4 floats: row g, columns 2t, 2t + 1, then row g + 8.
// So two tiles of d side by side, rounded and packed, are an a.
//
// On the processor, emulation/mma.cc is an implementation of its own.
#pragma once

#include "primitives.h"

// Does the code that is compiled know them? Where PTX for older devices is made, kernels must not
// use what is here, and are not launched (see kernels/attention.cu).
#if defined(FLAMBEAU_EMULATED) || !defined(__CUDA_ARCH__)
#define FLAMBEAU_TENSOR_CORES 1
#else
#define FLAMBEAU_TENSOR_CORES (__CUDA_ARCH__ >= 800)
#endif

#if defined(FLAMBEAU_EMULATED)
#include "../emulation/mma.h"
#endif

namespace flambeau::cuda {

#if defined(FLAMBEAU_DEVICE_CODE)

#if !defined(FLAMBEAU_EMULATED)
FLAMBEAU_DEVICE unsigned shared_address(const void* shared) {
  return static_cast<unsigned>(__cvta_generic_to_shared(shared));
}
#endif

// d += a · b, of numbers of type T.
template <class T>
FLAMBEAU_DEVICE void multiply_add(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
#if defined(FLAMBEAU_EMULATED)
  emulation::multiply_add({d, a, b0, b1, std::is_same_v<T, BFloat16>});
#elif FLAMBEAU_TENSOR_CORES
  if constexpr (std::is_same_v<T, BFloat16>) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  } else {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
#endif
}

// Four matrices of 8 rows of 8 numbers (16 bits each) from shared memory: lane 8 i + r names row r
// of matrix i, which is aligned to 16 bytes. Word i of a lane gets columns 2t, 2t + 1 of row g of
// matrix i; or, transposed, rows 2t, 2t + 1 of column g.
FLAMBEAU_DEVICE void load_matrices(uint32_t (&words)[4], const void* row) {
#if defined(FLAMBEAU_EMULATED)
  emulation::load_matrices({words, row, false});
#elif FLAMBEAU_TENSOR_CORES
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(shared_address(row)));
#endif
}
FLAMBEAU_DEVICE void load_matrices_transposed(uint32_t (&words)[4], const void* row) {
#if defined(FLAMBEAU_EMULATED)
  emulation::load_matrices({words, row, true});
#elif FLAMBEAU_TENSOR_CORES
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(shared_address(row)));
#endif
}

// Copies `bytes` (4 or 16, and aligned to that) from global to shared memory, or writes zeros where
// `valid` is not set; `from` is not read then. What a thread has begun since its last commit is a
// group, and is there after a wait by that thread; others see it behind a barrier after that.
template <int bytes>
FLAMBEAU_DEVICE void copy_async(void* to, const void* from, bool valid) {
  static_assert(bytes == 4 || bytes == 16);
#if defined(FLAMBEAU_EMULATED)
  emulation::copy_async(to, from, bytes, valid);
#elif FLAMBEAU_TENSOR_CORES
  const int read = valid ? bytes : 0;
  if constexpr (bytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)),
                 "l"(__cvta_generic_to_global(from)), "r"(read)
                 : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(shared_address(to)),
                 "l"(__cvta_generic_to_global(from)), "r"(read)
                 : "memory");
  }
#endif
}
FLAMBEAU_DEVICE void commit_copies() {
#if defined(FLAMBEAU_EMULATED)
  emulation::commit_copies();
#elif FLAMBEAU_TENSOR_CORES
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
// Waits until at most the last `pending` groups of this thread are under way.
template <int pending>
FLAMBEAU_DEVICE void wait_copies() {
#if defined(FLAMBEAU_EMULATED)
  emulation::wait_copies(pending);
#elif FLAMBEAU_TENSOR_CORES
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
#endif
}

// Two numbers, rounded to type T, as a word: the first is in the lower half.
template <class T>
FLAMBEAU_DEVICE uint32_t packed(float first, float second) {
#if defined(FLAMBEAU_EMULATED)
  const T pair[2] = {formulas::from_float<T>(first), formulas::from_float<T>(second)};
  uint32_t word;
  std::memcpy(&word, pair, sizeof word);
  return word;
#elif FLAMBEAU_TENSOR_CORES
  uint32_t word;
  if constexpr (std::is_same_v<T, BFloat16>) {
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));
  } else {
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));
  }
  return word;
#else
  return 0;
#endif
}

// 2^x within 2 units in the last place; 0 where it would be subnormal.
FLAMBEAU_DEVICE float fast_exp2(float x) {
#if defined(FLAMBEAU_EMULATED)
  return exp2f(x);
#else
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#endif
}

#endif  // FLAMBEAU_DEVICE_CODE

}  // namespace flambeau::cuda
